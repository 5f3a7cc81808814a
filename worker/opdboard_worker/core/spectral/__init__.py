"""Singular values and leading subspaces of weight updates, without a full SVD."""
