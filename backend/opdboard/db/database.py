"""The engine and its two kinds of transaction, on SQLite (WAL) and PostgreSQL alike."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.orm import Session

SQLITE_BUSY_SECONDS = 30


@dataclass(frozen=True)
class DatabaseFacts:
    """What the database says of itself; bytes is None when its size cannot be told."""

    product: str
    version: str
    bytes: int | None


class Database:
    """Opens sessions; a write session takes SQLite's write lock at its start, so that it never fails half-way."""

    def __init__(self, url: str) -> None:
        """url: a SQLAlchemy URL with sqlite or postgresql+psycopg as its driver."""
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
        """Bring the schema to the newest revision; creates an empty database's tables."""
        config = Config()
        config.set_main_option("script_location", "opdboard_migrations:")
        # Begun here, because Alembic on SQLite would commit between revisions and let another upgrade in.
        with self._engine.execution_options(writes=True).begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

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
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection, _record) -> None:
        connection.isolation_level = None  # BEGIN is ours, below
        _use_wal(connection)
        for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


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
