"""Data files that were chosen in the browser, kept in the data folder."""
