"""Weights scored on named sets of prompts (domain.evaluation): in a training run as it goes, and as a job afterwards."""
