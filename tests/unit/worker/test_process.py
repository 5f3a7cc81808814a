"""A run's process: what it waits for from the hub stands on its run, and a stop meanwhile is obeyed."""

import sys

import pytest
from support.stored_runs import claim, create, move

from opdboard.db import runs
from opdboard.db.database import Database
from opdboard.domain.errors import ModelProblem
from opdboard.domain.run_state import RunState
from opdboard.domain.transfer import Transfer
from opdboard.settings import Settings
from opdboard_worker import process
from opdboard_worker.models.transfers import StopAsked, tell

MOVING = Transfer(doing="downloading", what="acme/tiny@main", files=2, total=100, done=0)


@pytest.fixture
def carried(settings: Settings, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch):
    """carried(work) -> the exit status of an attempt that does this work, and its run."""
    run_id = create(sqlite_database)
    monkeypatch.setattr(sys, "argv", ["trainer", run_id, str(claim(sqlite_database, run_id))])
    monkeypatch.setattr(process, "_die_with_parent", lambda: None)
    monkeypatch.setattr(Settings, "read", classmethod(lambda _: settings))

    def carry(work):
        status = process.carry_out(lambda _: work(run_id), out_of_memory="")
        with sqlite_database.read() as session:
            return status, runs.get(session, run_id)

    return carry


def test_what_is_on_its_way_stands_on_the_run_and_counts_as_progress(carried, sqlite_database: Database):
    def work(run_id: str) -> int:
        seen = []
        for done in (0, 40):
            assert tell(MOVING.model_copy(update={"done": done}))
            with sqlite_database.read() as session:
                run = runs.get(session, run_id)
                seen.append(((run.transfer or {})["done"], run.progressed_at, run.topics["state"]))
        assert [one[0] for one in seen] == [0, 40]
        assert seen[0][1] < seen[1][1] and seen[0][2] < seen[1][2]
        assert tell(None)
        return 0

    status, run = carried(work)
    assert status == 0 and run.transfer is None


def test_a_stop_meanwhile_ends_the_run(carried, sqlite_database: Database):
    def work(run_id: str) -> int:
        assert tell(MOVING)
        move(sqlite_database, run_id, RunState.STOPPING)
        if not tell(MOVING):
            raise StopAsked
        return 1

    status, run = carried(work)
    assert (status, run.state, run.transfer) == (0, RunState.STOPPED, None)


def test_no_token_is_in_what_a_run_failed_of(carried, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", "hf_abcdefghijkl")

    def work(_: str) -> int:
        raise ModelProblem("https://user:hf_abcdefghijkl@host does not answer")

    status, run = carried(work)
    assert status == 1 and run.error["detail"] == "https://user:[hub token]@host does not answer"


def test_a_token_that_the_worker_may_not_read_is_told_on_the_run(carried, settings: Settings):
    (settings.make_root() / "hub_token").mkdir()  # root may read any file
    status, run = carried(lambda _: 0)
    assert (status, run.state) == (1, RunState.FAILED)
    assert "it belongs to the user who runs the web server" in run.error["detail"]
