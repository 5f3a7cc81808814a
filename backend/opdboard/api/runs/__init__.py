"""Runs: listing, making, renaming, copying and deleting."""
