"""Talking to a run's weights: several voices answer at the same time, and every token is scored by the others as it comes."""
