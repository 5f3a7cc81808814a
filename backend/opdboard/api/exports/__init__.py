"""A run taken away as files."""
