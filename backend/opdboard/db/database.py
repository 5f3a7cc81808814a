"""The engine and its two kinds of transaction, on SQLite (WAL) and PostgreSQL alike."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import Session

from opdboard.db import json_text
from opdboard.domain.errors import BadInput, DatabaseUnavailable

SQLITE_BUSY_SECONDS = 30
_JSON: dict[str, Any] = {"json_serializer": json_text.dumped, "json_deserializer": json_text.loaded}


@dataclass(frozen=True)
class DatabaseFacts:
    """What the database says of itself; bytes is None when its size cannot be told."""

    product: str
    version: str
    bytes: int | None


class Database:
    """Opens sessions; a write session takes SQLite's write lock at its start, so that it never fails half-way."""

    def __init__(self, url: str) -> None:
        """url: a SQLAlchemy URL of SQLite or PostgreSQL, whose driver is psycopg; BadInput when it is none."""
        self.url = url
        self._engine = _engine(url)
        # SQLite's read transactions are snapshots as they are.
        self._snapshot = {} if self._engine.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session whose objects stay readable after it is closed."""
        with Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A read session that sees one state of the database in all its queries, so that a cursor fits what was read."""
        with Session(self._engine.execution_options(**self._snapshot), expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: committed at the end of the block, rolled back on an exception."""
        with Session(self._engine.execution_options(writes=True), expire_on_commit=False) as session, session.begin():
            yield session

    def upgrade(self) -> None:
        """Bring the schema to the newest revision; creates an empty database's tables. DatabaseUnavailable without an answer."""
        config = Config()
        config.set_main_option("script_location", "opdboard_migrations:")
        try:
            # Begun here, because Alembic on SQLite would commit between revisions and let another upgrade in.
            with self._engine.execution_options(writes=True).begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except OperationalError as error:
            raise DatabaseUnavailable(
                f"the database {self._engine.url!r} does not answer: {str(error.orig).splitlines()[0]}",
                where="OPDBOARD_DATABASE_URL",
            ) from error

    def is_current(self) -> bool:
        """Whether the schema is at the newest revision; an SQLAlchemyError when the database does not answer."""
        config = Config()
        config.set_main_option("script_location", "opdboard_migrations:")
        with self._engine.connect() as connection:
            present = MigrationContext.configure(connection).get_current_heads()
        return set(present) == set(ScriptDirectory.from_config(config).get_heads())

    def facts(self) -> DatabaseFacts:
        """Product, version and size; an SQLAlchemyError when the database does not answer."""
        with self._engine.connect() as connection:
            if self._engine.name == "sqlite":
                size = connection.exec_driver_sql(
                    "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
                ).scalar()
                return DatabaseFacts("SQLite", sqlite3.sqlite_version, size)
            size = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar()
            number = connection.exec_driver_sql("SHOW server_version").scalar_one()
            return DatabaseFacts("PostgreSQL", number.split()[0], size)

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()


def _engine(url: str) -> Engine:
    parsed = _parsed(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, **_JSON)
    if parsed.database:
        _make_folder(Path(parsed.database).parent)
    engine = create_engine(parsed, connect_args={"timeout": SQLITE_BUSY_SECONDS, "check_same_thread": False}, **_JSON)

    @event.listens_for(engine, "connect")
    def _configure(connection, _record) -> None:
        connection.isolation_level = None  # BEGIN is ours, below
        # What SQLite takes out of JSON may be half of a surrogate pair; one such value must not refuse a whole list.
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        _use_wal(connection)
        for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"the database's folder {folder} cannot be made ({error.strerror})", where="OPDBOARD_DATABASE_URL"
        ) from error


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # their words may hold the password
        parsed = None
    if parsed is not None and parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed is None or parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise BadInput(
            "the database's URL cannot be used; it takes one such as postgresql+psycopg://user:password@host/name or "
            "sqlite:////folder/file.db, signs such as @ and # in a password written as %40 and %23",
            where="OPDBOARD_DATABASE_URL",
        )
    return parsed


def _use_wal(connection: sqlite3.Connection) -> None:
    """The first change of a file to WAL needs it alone, and SQLite does not wait for that by itself."""
    deadline = time.monotonic() + SQLITE_BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
