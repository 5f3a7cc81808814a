"""What a supervisor says of an end, and how it tells a trainer that works from one that only lives."""

import pytest
from support.stored_runs import start

from opdboard import hub_token
from opdboard.db import logs
from opdboard.db.database import Database
from opdboard.db.tables import Run
from opdboard.domain.run_state import RunState
from opdboard.settings import Settings
from opdboard_worker.supervisor import ProgressWatch, Supervisor, Verdict, describe_exit


def test_every_exit_status_has_a_sentence():
    assert all(describe_exit(status) for status in range(-70, 256))


@pytest.mark.parametrize(
    ("status", "says"),
    [(-9, "SIGKILL"), (137, "out of memory"), (-11, "SIGSEGV"), (255, "status 255"), (1, "status 1")],
)
def test_an_exit_status_in_words(status, says):
    assert says in describe_exit(status)


class _Watched:
    """A watch over a run, on a clock of the test's own."""

    def __init__(self, **settings) -> None:
        self.now = 0.0
        self.run = Run(state=RunState.RUNNING, step=0, progressed_at=None)
        given = Settings.model_validate({"stop_grace_seconds": 60.0, "stall_seconds": 100.0} | settings)
        self._watch = ProgressWatch(given, lambda: self.now)

    def after(self, seconds: float, **changes) -> Verdict:
        self.now += seconds
        for name, value in changes.items():
            setattr(self.run, name, value)
        return self._watch.look(self.run)


@pytest.fixture
def watched(settings):
    return _Watched


def test_a_trainer_that_makes_progress_is_left_alone(watched):
    watch = watched()
    assert {watch.after(90, step=step) for step in range(20)} == {Verdict()}


def test_a_stall_is_told_once_and_taken_back_with_the_next_step(watched):
    watch = watched()
    watch.after(1)
    assert watch.after(99) == Verdict()
    assert watch.after(1).stalled == 100
    assert watch.after(50) == Verdict()
    assert watch.after(1, step=1) == Verdict(moving_again=True)


def test_a_stall_ends_the_trainer_only_where_that_is_wanted(watched):
    assert watched().after(1000).kill is None
    watch = watched(end_stalled=True)
    watch.after(1)
    assert "no progress for 100 s" in (watch.after(100).kill or "")


def test_a_slow_step_is_not_a_stall(watched):
    watch = watched()
    watch.after(1)
    watch.after(80, step=1)
    assert watch.after(200) == Verdict()
    assert watch.after(40).stalled == 240


def test_a_stop_that_is_not_obeyed_kills_after_the_grace(watched):
    watch = watched()
    watch.after(1)
    assert watch.after(30, state=RunState.STOPPING) == Verdict()
    assert watch.after(59) == Verdict()
    assert "asked to stop" in (watch.after(1).kill or "")


def test_a_step_that_is_finished_on_the_way_out_renews_the_grace(watched):
    watch = watched()
    watch.after(1)
    watch.after(1, state=RunState.STOPPING)
    watch.after(50, step=1)
    assert watch.after(59) == Verdict()
    assert watch.after(200).kill


def test_a_pause_is_no_stall_and_a_stop_of_it_is_obeyed_or_kills(watched):
    watch = watched()
    watch.after(1, state=RunState.PAUSED)
    assert watch.after(1e6) == Verdict()
    assert watch.after(1, state=RunState.STOPPING) == Verdict()
    assert watch.after(61).kill


def test_no_token_of_the_hub_is_in_a_stored_log(settings: Settings, sqlite_database: Database):
    hub_token.store(settings, "hf_abcdefghijkl")
    try:
        run_id, attempt = start(sqlite_database)
        Supervisor(sqlite_database, "worker", settings)._append_log(run_id, attempt, ["sent hf_abcdefghijkl", "done"])
    finally:
        hub_token.forget(settings)
    with sqlite_database.read() as session:
        assert [line.text for line in logs.read(session, run_id)] == ["sent [hub token]", "done"]
