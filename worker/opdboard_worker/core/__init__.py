"""Numerics of on-policy distillation: torch and the standard library only, no I/O, nothing else of the project."""
