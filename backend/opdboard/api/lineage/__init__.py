"""Which runs come from which."""
