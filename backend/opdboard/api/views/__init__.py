"""Saved views of pages."""
