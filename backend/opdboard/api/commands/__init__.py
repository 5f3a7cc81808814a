"""Steering commands and a run's history."""
