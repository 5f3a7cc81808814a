"""Which runs moved, on both engines."""

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
        assert watching.sequences(session, 25.0) == {running: runs.get(session, running).seq, new: 0}
        assert [run.id for run in watching.changed_since(session, 20.0)] == [old, new]
        assert [run.id for run in watching.active(session)] == [running]


def test_watched_runs_come_without_their_module_lists(database: Database):
    running, _ = start(database)
    with database.read() as session:
        (run,) = watching.by_ids(session, [running, "nobody"])
        assert "modules" in inspect(run).unloaded
        assert watching.by_ids(session, []) == []
