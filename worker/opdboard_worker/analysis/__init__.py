"""Checkpoints that are there already, measured and intervened in."""
