"""Several runs side by side: configuration and speed-up."""
