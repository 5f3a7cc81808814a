"""The revisions, on SQLite and on PostgreSQL: they make the tables of db/tables.py, take them back, and may race."""

import subprocess
import sys

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from support.commands import clean_environment
from support.postgres import empty_database

from opdboard.db.database import Database
from opdboard.db.tables import Table


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, settings):
    """A database without tables."""
    if request.param == "sqlite":
        database = Database(settings.sql_url)
        yield database
        database.close()
        return
    with empty_database(request.getfixturevalue("postgres_url")) as url:
        database = Database(url)
        yield database
        database.close()


def test_the_newest_revision_is_the_metadata(empty):
    assert not empty.is_current()
    empty.upgrade()
    assert empty.is_current()
    with empty.write() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_upgrading_twice_changes_nothing(empty):
    empty.upgrade()
    with empty.write() as session:
        session.execute(text("INSERT INTO workers VALUES ('w', 'host', 1, '[]', 0, 0, NULL, '{}')"))
    empty.upgrade()
    with empty.read() as session:
        assert session.execute(text("SELECT count(*) FROM workers")).scalar() == 1


def test_a_downgrade_leaves_no_table(empty):
    empty.upgrade()
    config = Config()
    config.set_main_option("script_location", "opdboard_migrations:")
    with empty.write() as session:
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "base")
    with empty.read() as session:
        assert set(inspect(session.connection()).get_table_names()) <= {"alembic_version"}


def test_several_processes_may_upgrade_at_once(empty, tmp_path):
    environment = clean_environment(tmp_path, OPDBOARD_DATABASE_URL=empty.url)
    command_line = [sys.executable, "-m", "opdboard.cli", "db", "upgrade"]
    upgrades = [subprocess.Popen(command_line, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    outcomes = [(upgrade.communicate(timeout=60)[1], upgrade.returncode) for upgrade in upgrades]
    assert outcomes == [("the database's schema is up to date\n", 0)] * 3
    assert empty.is_current()
