"""Strategies on a live student, one file each, behind one protocol."""
