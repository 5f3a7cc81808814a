"""Runs that other trainers report over HTTP."""
