"""A client of the real application on a real SQLite database; the broker is a folder."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from opdboard.api.app import create_app
from opdboard.db.database import Database
from opdboard.settings import Settings

LOCAL = "http://127.0.0.1:8765"


@pytest.fixture
def client(settings: Settings, sqlite_database: Database, tmp_path) -> Iterator[TestClient]:
    """Raises nothing: what a browser would be sent is what a test sees."""
    app = create_app(settings, static=tmp_path / "no interface")
    with TestClient(app, base_url=LOCAL, raise_server_exceptions=False) as opened:
        yield opened
