"""Playgrounds: talking to the weights of a run, of which a worker holds the models meanwhile."""
