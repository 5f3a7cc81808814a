"""The feed of alerts."""
