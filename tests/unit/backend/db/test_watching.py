"""Which runs moved, on both engines."""

import time

from sqlalchemy import inspect
from support.stored_runs import create, record, start

from opdboard.db import runs, watching
from opdboard.db.database import Database


def age(database: Database, run_id: str, moment: float) -> None:
    with database.write() as session:
        runs.get(session, run_id).updated_at = moment


def test_active_runs_are_watched_however_old_and_others_while_they_are_new(database: Database):
    running, attempt = start(database)
    record(database, running, attempt, 1, {"loss": 1.0})
    old, new = create(database), create(database)
    for run_id, moment in ((running, 10.0), (old, 20.0), (new, 30.0)):
        age(database, run_id, moment)
    with database.read() as session:
        run = runs.get(session, running)
        assert watching.pulses(session, 25.0) == {
            running: watching.Pulse(run.seq, run.heartbeat_at),
            new: watching.Pulse(0, None),
        }
        assert [run.id for run in watching.changed_since(session, 20.0)] == [old, new]
        assert [run.id for run in watching.changed_since(session, 30.0, active=True)] == [running, new]


def test_watched_runs_come_without_their_module_lists(database: Database):
    running, _ = start(database)
    with database.read() as session:
        (run,) = watching.by_ids(session, [running, "nobody"])
        assert "modules" in inspect(run).unloaded
        assert watching.by_ids(session, []) == []


def test_deleted_runs_are_remembered_with_their_time(database: Database):
    first, second = create(database), create(database)
    for run_id in (second, first):
        with database.write() as session:
            runs.delete_run(session, run_id)
    with database.read() as session:
        assert watching.deleted_since(session, 0.0) == [second, first]
        assert watching.deleted_since(session, time.time() + 1) == []
