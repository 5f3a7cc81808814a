"""Analyses of a run's checkpoints: interventions, done by workers."""
