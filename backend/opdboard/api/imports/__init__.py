"""Imports of checkpoint series that are there already, and the folders to choose them from."""
