"""The `installation` fixture: an empty installation per test."""

import os

import pytest
from integration.installation import DEADLINE_SECONDS, Installation

from opdboard.db.database import Database
from opdboard.settings import Settings


@pytest.fixture
def installation(tmp_path, monkeypatch):
    """An installation on SQLite whose settings child processes inherit."""
    for name in [name for name in os.environ if name.startswith("OPDBOARD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPDBOARD_DATA_DIR", str(tmp_path / "data"))
    settings = Settings()
    database = Database(settings.sql_url)
    database.upgrade()
    installed = Installation(settings, database)
    yield installed
    for thread in installed.supervisors:
        thread.join(DEADLINE_SECONDS)
    database.close()
