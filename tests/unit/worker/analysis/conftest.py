"""An attempt at a job, as its process would have it, on a real database."""

from collections.abc import Callable

import pytest
from support.stored_runs import create

from opdboard.db.database import Database
from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.lifecycle import births, claims
from opdboard.lifecycle.births import NewRun
from opdboard.settings import Settings
from opdboard_worker.process import Attempt
from opdboard_worker.sinks import DatabaseSink
from opdboard_worker.training.control import DatabaseControl


@pytest.fixture
def analysis(sqlite_database: Database) -> str:
    """A queued analysis of a run."""
    subject = create(sqlite_database)
    with sqlite_database.write() as session:
        return births.add(session, NewRun(AnalysisConfig(kind="nothing_yet", run_id=subject))).id


@pytest.fixture
def attempt(settings: Settings, sqlite_database: Database) -> Callable[[str], Attempt]:
    """The next attempt at a queued run."""

    def claim(run_id: str) -> Attempt:
        with sqlite_database.write() as session:
            number = claims.claim(session, run_id, "host:1:0")
        assert number is not None
        control = DatabaseControl(sqlite_database, run_id, number)
        return Attempt(
            run_id, number, settings, sqlite_database, control, DatabaseSink(sqlite_database, run_id, number)
        )

    return claim
