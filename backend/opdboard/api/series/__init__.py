"""Stored numbers: scalars, module lists and per-module statistics."""
