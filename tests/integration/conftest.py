"""The `installation` fixtures: an empty installation per test."""

import os

import pytest
from integration.installation import DEADLINE_SECONDS, Installation

from opdboard.db.database import Database
from opdboard.settings import Settings


@pytest.fixture
def installation(tmp_path, monkeypatch):
    """An installation on SQLite whose settings child processes inherit."""
    yield from _installed(tmp_path, monkeypatch)


@pytest.fixture
def installation_on_postgres(tmp_path, monkeypatch, postgres_database):
    """The same on a real PostgreSQL server."""
    yield from _installed(tmp_path, monkeypatch, OPDBOARD_DATABASE_URL=postgres_database.url)


def _installed(tmp_path, monkeypatch, **environment):
    for name in [name for name in os.environ if name.startswith("OPDBOARD_")]:
        monkeypatch.delenv(name)
    for name, value in {"OPDBOARD_DATA_DIR": str(tmp_path / "data"), **environment}.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    database = Database(settings.sql_url)
    if not environment:
        database.upgrade()
    installed = Installation(settings, database)
    yield installed
    for thread in installed.supervisors:
        thread.join(DEADLINE_SECONDS)
    database.close()
