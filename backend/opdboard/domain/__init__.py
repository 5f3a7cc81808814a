"""The vocabulary that web, worker and browser share: pydantic and the standard library only."""
