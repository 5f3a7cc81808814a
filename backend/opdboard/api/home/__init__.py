"""What runs, what waits, what failed."""
