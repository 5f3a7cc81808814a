"""The HTTP API: endpoints parse, services decide, repositories (opdboard.db) query."""
