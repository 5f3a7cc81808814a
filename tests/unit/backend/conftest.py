"""The real application on a socket, for the command line and the client."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.served import served

from opdboard import cli
from opdboard.api.app import create_app
from opdboard.client import Client
from opdboard.db.database import Database
from opdboard.settings import Settings


@pytest.fixture
def server(
    settings: Settings, sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """A client of it; the command line asks it too."""
    with served(create_app(settings, static=tmp_path / "no interface")) as url, Client(url) as client:
        monkeypatch.setenv("OPDBOARD_URL", url)
        yield client


@pytest.fixture
def invoke(monkeypatch, capsys):
    """Run the command line as main() does; (exit code, standard output, standard error)."""

    def _invoke(*arguments: str) -> tuple[object, str, str]:
        monkeypatch.setattr("sys.argv", ["opdboard", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return _invoke
