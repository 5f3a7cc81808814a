"""The revisions, on SQLite and on PostgreSQL: they make the tables of db/tables.py, take them back, and may race."""

import subprocess
import sys

import numpy as np
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import JSON, MetaData, column, inspect, select, text
from sqlalchemy import table as sqlalchemy_table
from support.commands import clean_environment
from support.postgres import empty_database

from opdboard.db.database import Database
from opdboard.db.tables import Candidate, Decision, Table
from opdboard.domain.reading import Reading, TeacherReading
from opdboard.domain.run_config import RunConfig
from opdboard.domain.strategies.alpharl import AlphaRL
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.strategies.linesearch import LineSearch


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


def test_the_format_of_prompts_becomes_the_students_template_and_back(empty):
    sums = {"kind": "arithmetic", "digits": 3}
    rows = {"kind": "file", "path": "rows.jsonl", "instruction": "½", "verifier": "math"}
    old = {
        "chat": {"name": "a", "data": {**rows, "prompt_format": "chat"}},
        "plain": {"name": "b", "data": {**rows, "prompt_format": "plain"}},
        "sums": {"name": "c", "data": sums},
    }
    foreign = {"data": {"kind": "file", "prompt_format": "plain"}}
    view = "?q=data.prompt_format+%3D+chat&columns=name,data.prompt_format"
    with empty.write() as session:
        _migrate(session, "0004")
        for run_id, kind, config in [
            *((name, "trained", one) for name, one in old.items()),
            ("x", "reported", foreign),
        ]:
            _add_run(session, run_id, kind, config)
        session.execute(
            text("INSERT INTO saved_views (page, name, search, updated_at) VALUES ('runs', 'v', :search, 0)"),
            {"search": view},
        )
        _migrate(session, "0005")
        new = _configs(session)
        assert new.pop("x") == foreign
        assert {name: one["reading"]["student"]["template"] for name, one in new.items()} == {
            "chat": "own",
            "plain": "plain",
            "sums": "own",
        }
        assert new["sums"]["data"] == sums
        assert new["plain"]["data"] == {**rows, "instruction_place": "after"}
        assert all(Reading.model_validate(one["reading"]).teacher == TeacherReading() for one in new.values())
        searched = session.execute(text("SELECT search FROM saved_views")).scalar()
        assert searched == "?q=reading.student.template+%3D+own&columns=name,reading.student.template"
        _migrate(session, "0004")
        assert _configs(session) == {**old, "x": foreign}
        assert session.execute(text("SELECT search FROM saved_views")).scalar() == view


def test_settings_of_a_teacher_that_there_is_not_are_unset(empty):
    kinds = {"objective": "grpo", "strategy": "none", "teacher": "none"}
    nobody = RunConfig.model_validate({name: {"kind": kind} for name, kind in kinds.items()})
    usual = nobody.reading.model_dump(mode="json")
    set_once = usual | {"ends": "map", "teacher": {"template": "own", "template_arguments": {}, "end_tokens": ["x"]}}
    stored = nobody.model_dump(mode="json")
    taught = RunConfig().model_dump(mode="json") | {"reading": set_once}
    with empty.write() as session:
        _migrate(session, "0010")
        _add_run(session, "set", "trained", stored | {"reading": set_once})
        _add_run(session, "taught", "trained", taught)
        _add_run(session, "foreign", "reported", {"teacher": {"kind": "none"}, "reading": "much"})
        _migrate(session, "0011")
        assert _configs(session) == {
            "set": stored | {"reading": usual},
            "taught": taught,
            "foreign": {"teacher": {"kind": "none"}, "reading": "much"},
        }
        assert RunConfig.model_validate(_configs(session)["set"]) == nobody


def test_stored_gains_become_gains_over_the_start_and_lose_an_interval_that_was_of_another_difference(empty):
    rows = [  # strategy, factor, score, gain, accepted; W_t scores 0.5, and no answer is known
        (EffOPD().kind, 2.0, 0.6, 0.1, True),
        (EffOPD().kind, 4.0, 0.65, 0.05, False),
        (LineSearch().kind, 1.5, 0.6, 0.1, True),
        (LineSearch().kind, 5.25, 0.7, 0.2, True),
        (AlphaRL().kind, 1.0, 0.4, 0.3, True),
    ]
    with empty.write() as session:
        _migrate(session, "0011")
        _add_run(session, "r", "trained", {})
        tables = MetaData()
        tables.reflect(session.connection(), only=["decisions", "candidates"])
        decisions, candidates = (tables.tables[name] for name in ("decisions", "candidates"))
        for number, strategy in enumerate(dict.fromkeys(row[0] for row in rows), start=1):
            session.execute(
                decisions.insert().values(
                    id=number, run_id="r", seq=1, step=number, strategy=strategy, trigger="schedule", anchor_step=0,
                    direction_norm=1.0, validation_size=8, score_name="accuracy" if strategy == "alpharl" else "both", accepted_factor=0.0, outcome="", tokens=0,
                    seconds=0.0, vetoed=False, overridden=False,
                )
            )  # fmt: skip
            tried = [("", 0.0, 0.5, 0.0, True), *(row for row in rows if row[0] == strategy)]
            for position, (_, factor, score, gain, accepted) in enumerate(tried):
                session.execute(
                    candidates.insert().values(
                        decision_id=number, position=position, factor=factor, score=score, reverse_kl=1.0, gain=gain,
                        gain_low=gain - 0.1, gain_high=gain + 0.1, kl_to_start=0.0, accepted=accepted, reason="",
                        tokens=0, seconds=0.0,
                    )
                )  # fmt: skip
        _migrate(session, "0012")
        told = session.query(Candidate).where(Candidate.factor != 0).order_by(Candidate.id).all()
        assert [one.gain for one in told] == pytest.approx([0.1, 0.15, 0.1, 0.2, -0.1])
        assert [np.isnan(one.gain_low) and np.isnan(one.gain_high) for one in told] == [False, True, False, False, True]
        assert set(session.scalars(select(Decision.score_name))) == {"negative_reverse_kl"}


def test_what_is_on_its_way_to_a_webhook_outlasts_the_webhooks_that_hear_of_finished_runs(empty):
    with empty.write() as session:
        _migrate(session, "0012")
        _add_run(session, "r", "trained", {})
        rows = {
            "alerts": {
                "id": 1, "run_id": "r", "seq": 1, "at": 0.0, "step": 1, "kind": "run_failed", "severity": "critical", "title": "",
                "message": "", "others": 0,
            },
            "webhooks": {"id": 1, "url": "http://there", "enabled": True, "created_at": 0.0},
            "webhook_deliveries": {"id": 1, "webhook_id": 1, "alert_id": 1, "attempts": 0, "due_at": 1.0},
        }  # fmt: skip
        for table, row in rows.items():
            names = ", ".join(row)
            session.execute(text(f"INSERT INTO {table} ({names}) VALUES (:{names.replace(', ', ', :')})"), row)
        count = text("SELECT count(*) FROM webhook_deliveries WHERE due_at IS NOT NULL")
        _migrate(session, "0013")
        assert session.execute(count).scalar() == 1
        assert session.execute(text("SELECT finished FROM webhooks")).scalar() == 1
        _migrate(session, "0012")
        assert session.execute(count).scalar() == 1


def _migrate(session, revision):
    """Up or down to a revision."""
    config = Config()
    config.set_main_option("script_location", "opdboard_migrations:")
    config.attributes["connection"] = session.connection()
    there = MigrationContext.configure(session.connection()).get_current_revision()
    (command.upgrade if (there or "") < revision else command.downgrade)(config, revision)


def _add_run(session, run_id, kind, config):
    values = {
        "id": run_id, "kind": kind, "config": config, "name": run_id, "method": "opd", "state": "queued", "student": "",
        "teacher": "", "group_name": "", "tags": [], "notes": "", "color": 0, "created_at": 0.0, "updated_at": 0.0,
    }  # fmt: skip
    runs = MetaData()
    runs.reflect(session.connection(), only=["runs"])
    table = runs.tables["runs"]
    missing = {
        column.name: 0
        for column in table.columns
        if not column.nullable and column.name not in values and column.server_default is None
    }
    given = {name: {} if isinstance(table.columns[name].type, JSON) else value for name, value in missing.items()}
    session.execute(table.insert().values(**values, **given))


def _configs(session):
    table = sqlalchemy_table("runs", column("id"), column("config", JSON))
    return {row.id: row.config for row in session.execute(select(table.c.id, table.c.config))}
