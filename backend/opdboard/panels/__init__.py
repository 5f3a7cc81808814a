"""Panels: one file per picture, arrays in, Plotly figure out; pure, no I/O."""
