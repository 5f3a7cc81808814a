"""Commands in every order at every phase of a step, against the real commands, states and checkpoints."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from opdboard.db import commands, evidence, runs, series
from opdboard.db.database import Database
from opdboard.domain.budget import Budget
from opdboard.domain.commands import Command, request_of
from opdboard.domain.errors import Conflict
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import births, claims, steering
from opdboard.lifecycle.births import NewRun
from opdboard.settings import Settings
from opdboard_worker.sinks import DatabaseSink
from opdboard_worker.training.assembly import assemble
from opdboard_worker.training.clock import Clock
from opdboard_worker.training.control import DatabaseControl, Orders
from opdboard_worker.training.loop import Parts, Training
from opdboard_worker.training.progress import Progress

PHASES = ("begin", "rollout", "update", "search", "monitor", "evaluation", "checkpoint", "paused")
CONFIG = RunConfig(
    optimizer=Optimizer(learning_rate=1e-6),
    budget=Budget(
        steps=3, batch_size=2, max_prompt_tokens=16, max_response_tokens=4, checkpoint_every=1, keep_checkpoints=2
    ),
    monitoring=Monitoring(evaluate_every=1, held_out_size=2, spectral_every=8, samples_count=0),
    device="cpu",
)

Asked = tuple[str, Command]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("steered")

    def no_runs(source: object) -> Path:
        raise AssertionError(f"nothing here loads {source}")

    return assemble(CONFIG, Settings(data_dir=folder), no_runs, folder / "snapshots")


class _Told(Clock):
    def __init__(self, at: Callable[[str], None]) -> None:
        super().__init__()
        self._at = at

    @contextmanager
    def running(self, purpose: str) -> Iterator[None]:
        self._at(purpose)
        with super().running(purpose):
            yield


class _ToldOfPauses(DatabaseControl):
    """Nobody leaves it paused for ever."""

    def __init__(self, database: Database, run_id: str, attempt: int, at: Callable[[str], None]) -> None:
        super().__init__(database, run_id, attempt)
        self._at = at

    @override
    def orders(self, step: int) -> Orders:
        if self.state() is RunState.PAUSED:
            self._at("paused")
        return super().orders(step)


def _steered(database: Database, parts: Parts, folder: Path, asked: list[Asked]) -> RunState:
    """A run to whose trainer each command is given when the phase next begins; its end, and that nothing of it is lost."""
    with database.write() as session:
        run_id = births.add(session, NewRun(CONFIG)).id
        number = claims.claim(session, run_id, "test")
    assert number is not None
    left = list(asked)

    def ask(command: Command) -> None:
        arguments = {"factor": 1.5} if command is Command.EXTRAPOLATE else {}
        try:
            with database.write() as session:
                run = runs.get(session, run_id, lock=True)
                steering.ask(session, run, request_of(command, arguments), actor="test")
        except Conflict:
            pass  # the table says that it makes no sense now, and the user is told

    def at(phase: str) -> None:
        while left and left[0][0] == phase:
            ask(left.pop(0)[1])
        if phase == "paused" and (not left or left[0][0] != "paused"):
            ask(Command.RESUME)

    control = _ToldOfPauses(database, run_id, number, at)
    training = Training(parts, DatabaseSink(database, run_id, number), control, folder / run_id / "checkpoints", folder)
    training.progress, training.clock = Progress(), _Told(at)
    at("begin")
    ended = training.run()
    assert ended is not None
    assert control.become(ended)

    with database.read() as session:
        run = runs.get(session, run_id)
        assert run.error is None
        assert commands.pending(session, run_id) == []
        assert all(row.result for row in commands.audit(session, run_id))
        points = series.read_scalars(session, run_id, ["loss"])["loss"].steps.tolist()
        newest = evidence.latest_checkpoint(session, run_id)
        stops = [row for row in commands.audit(session, run_id) if row.kind == Command.STOP]
    assert points == list(range(1, run.step + 1))
    assert newest is not None and newest.step == run.step and (folder / newest.path).is_dir()
    if not stops:
        assert run.state == RunState.FINISHED and run.step == CONFIG.budget.steps
    return RunState(run.state)


@pytest.mark.parametrize("order", list(permutations((Command.PAUSE, Command.STOP))), ids=lambda order: "-".join(order))
@pytest.mark.parametrize("phase", [phase for phase in PHASES if phase != "paused"])
def test_pause_and_stop_in_one_phase_stop_with_a_checkpoint(sqlite_database, parts, tmp_path, phase, order):
    ended = _steered(sqlite_database, parts, tmp_path, [(phase, command) for command in order])
    assert ended is RunState.STOPPED


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from(PHASES), st.sampled_from(Command)), min_size=1, max_size=6))
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_commands_at_any_phases_end_the_run_in_order(sqlite_database, parts, tmp_path, asked):
    _steered(sqlite_database, parts, tmp_path, asked)


def test_a_stop_that_comes_between_the_resume_and_its_obedience_stops(sqlite_database, parts, tmp_path):
    asked = [("rollout", Command.PAUSE), ("paused", Command.RESUME), ("paused", Command.STOP)]
    assert _steered(sqlite_database, parts, tmp_path, asked) is RunState.STOPPED
