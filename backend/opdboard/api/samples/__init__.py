"""Sample responses with their per-token KL."""
