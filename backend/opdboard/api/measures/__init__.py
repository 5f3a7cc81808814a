"""What measures are called."""
