"""Extrapolation decisions."""
