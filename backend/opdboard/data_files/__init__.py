"""Rows of data files that others wrote: opened, recognised or mapped, and refused by name. Without torch, for worker and web."""
