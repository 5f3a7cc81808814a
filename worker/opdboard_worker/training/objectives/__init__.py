"""Who learns by an objective, behind one protocol; each file says whose it is."""
