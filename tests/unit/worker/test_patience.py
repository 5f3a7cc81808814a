"""A database that is away for a moment ends nothing, and what is written meanwhile is written once."""

import threading

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import OperationalError
from support.stored_runs import claim, create

from opdboard.db import runs, series
from opdboard.domain.records import Batch
from opdboard.domain.run_state import RunState
from opdboard.settings import Settings
from opdboard_worker.patience import PatientDatabase, passes
from opdboard_worker.sinks import DatabaseSink
from opdboard_worker.supervisor import Supervisor
from opdboard_worker.training.control import DatabaseControl


class _Cut:
    """Lets a commit through and loses its answer, or loses it before; the next one passes."""

    def __init__(self, database) -> None:
        self._engine, self.cuts = database._engine, 0
        event.listen(self._engine, "commit", self._before)
        self._real = self._engine.dialect.do_commit
        self._engine.dialect.do_commit = self._commit
        self.lose: str | None = None

    def _before(self, connection) -> None:
        if self.lose == "request":
            self._away()

    def _commit(self, connection) -> None:
        self._real(connection)
        if self.lose == "answer":
            self._away()

    def _away(self) -> None:
        self.lose = None
        self.cuts += 1
        raise OperationalError("COMMIT", {}, Exception("server closed the connection unexpectedly"))


@pytest.mark.parametrize("lose", ["request", "answer"])
def test_a_batch_whose_commit_is_lost_is_stored_once(database, lose):
    run_id = create(database)
    attempt = claim(database, run_id)
    sink = DatabaseSink(database, run_id, attempt)
    sink.begin(step=0, modules=[], device="cpu")
    cut = _Cut(database)
    for step in range(1, 6):
        cut.lose = lose
        sink.write(Batch(step=step, at=float(step), scalars={"loss": 1.0 / step}))
    assert cut.cuts == 5
    with database.read() as session:
        points = series.read_scalars(session, run_id, ["loss"])["loss"]
    assert points.steps.tolist() == [1, 2, 3, 4, 5] and len(set(points.seqs.tolist())) == 5


@pytest.mark.parametrize("lose", ["request", "answer"])
def test_an_end_whose_commit_is_lost_is_an_end(database, lose):
    run_id = create(database)
    control = DatabaseControl(database, run_id, claim(database, run_id))
    control.become(RunState.RUNNING)
    cut = _Cut(database)
    cut.lose = lose
    assert control.become(RunState.FINISHED)
    assert cut.cuts == 1
    with database.read() as session:
        assert [change.to_state for change in runs.history(session, run_id)].count("finished") == 1


@pytest.mark.parametrize("lose", ["request", "answer"])
def test_a_claim_whose_commit_is_lost_is_the_same_claim(database, lose, settings):
    run_id = create(database)
    supervisor = Supervisor(database, "host:1:0", settings)
    cut = _Cut(database)
    cut.lose = lose
    claimed = supervisor._claim(run_id)
    assert cut.cuts == 1 and claimed is not None and claimed[0] == 1
    assert Supervisor(database, "host:2:0", settings)._claim(run_id) is None


@pytest.mark.slow
def test_connections_that_the_server_cuts_again_and_again_lose_nothing(postgres_database):
    run_id = create(postgres_database)
    sink = DatabaseSink(postgres_database, run_id, claim(postgres_database, run_id))
    sink.begin(step=0, modules=[], device="cpu")
    admin = create_engine(postgres_database.url, isolation_level="AUTOCOMMIT")
    done = threading.Event()

    def cut() -> None:
        pause = 0.02
        with admin.connect() as connection:
            while not done.wait(pause):
                pause *= 1.05  # a busy machine needs longer than this to connect and write
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )

    cutter = threading.Thread(target=cut)
    cutter.start()
    for step in range(1, 61):
        sink.write(Batch(step=step, at=float(step), scalars={"loss": float(step)}))
    done.set()
    cutter.join()
    admin.dispose()
    with postgres_database.read() as session:
        assert series.read_scalars(session, run_id, ["loss"])["loss"].steps.tolist() == list(range(1, 61))


def test_patience_ends_and_then_tells_the_database_s_own_error(sqlite_database):
    def away(session) -> None:
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    with pytest.raises(OperationalError, match="refused"):
        PatientDatabase(sqlite_database, seconds=0.2).read(away)


@pytest.mark.parametrize(
    ("words", "waits"),
    [
        ("terminating connection due to administrator command", True),
        ("database is locked", True),
        ("could not extend file: No space left on device", False),
        ("database or disk is full", False),
        ("disk I/O error", False),
        ("no such table: runs", False),
    ],
)
def test_what_waiting_mends(words, waits):
    assert passes(OperationalError("", {}, Exception(words))) is waits


def test_settings_say_how_long_to_wait_for_a_trainer():
    assert Settings().stop_grace_seconds < Settings().stall_seconds and not Settings().end_stalled
