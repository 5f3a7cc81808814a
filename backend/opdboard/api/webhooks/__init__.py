"""Addresses that alerts are sent to, and the sending."""
