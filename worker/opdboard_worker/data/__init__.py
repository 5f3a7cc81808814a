"""Data sets, prompts and the judging of answers."""
