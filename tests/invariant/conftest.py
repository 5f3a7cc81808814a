"""Short trainings in this process, on the demo pair or on tiny random models."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from opdboard.domain.budget import Budget
from opdboard.domain.model_sources import RunModel
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.reading import Reading, StudentReading
from opdboard.domain.records import DecisionRecord
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState, check_transition
from opdboard.settings import Settings
from opdboard_worker.sinks import MemorySink
from opdboard_worker.training.assembly import assemble, resume
from opdboard_worker.training.checkpoint import checkpoint_folder
from opdboard_worker.training.control import Orders
from opdboard_worker.training.loop import Training

PLAIN = Reading(student=StudentReading(template="plain"))


def tiny_config(steps: int = 4, **changes: Any) -> RunConfig:
    """A run of seconds; changes: of its budget, or else of the configuration."""
    size: dict[str, Any] = {"batch_size": 8, "max_prompt_tokens": 16, "max_response_tokens": 6}
    size |= {name: changes.pop(name) for name in Budget.model_fields if name in changes}
    config = RunConfig(
        optimizer=Optimizer(learning_rate=1e-4),
        budget=Budget(steps=steps, **size),
        monitoring=Monitoring(evaluate_every=2, held_out_size=8, spectral_every=2, samples_count=2),
        device="cpu",
    )
    return config.model_copy(update=changes)


def weights(training: Training) -> dict[str, Tensor]:
    """A copy of all of the student's."""
    return {name: p.detach().clone() for name, p in training.parts.scorer.student.model.named_parameters()}


def equal(left: Mapping[str, Tensor], right: Mapping[str, Tensor]) -> bool:
    """Bit for bit."""
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def decisions_of(sink: MemorySink) -> list[DecisionRecord]:
    """All of a run."""
    return [decision for batch in sink.batches for decision in batch.decisions]


def go_on(training: Training, step: int) -> Callable[[Training], None]:
    """Makes another training go on from a checkpoint of this one; for train(..., before=...)."""
    return partial(resume, folder=checkpoint_folder(training.shelf.checkpoints, step))


def after(step: int, sink: MemorySink, key: str = "loss") -> dict[int, float]:
    """What came of a series behind a step."""
    return {at: value for at, value in sink.series(key).items() if at > step}


class Scripted:
    """A Control that gives prepared orders, one per step, and takes no state that a run cannot have then."""

    def __init__(self, *orders: Orders) -> None:
        self._orders = list(orders)
        self._state = RunState.STARTING
        self.states: list[RunState] = []

    def orders(self, step: int) -> Orders:
        return self._orders.pop(0) if self._orders else Orders()

    def become(self, state: RunState, *, reason: str = "", error: dict[str, Any] | None = None) -> bool:
        check_transition(self._state, state)
        self._state = state
        self.states.append(state)
        return True

    def wait_while_paused(self, pause_ids: list[int], step: int) -> Orders:
        self.become(RunState.PAUSED)
        self.become(RunState.RUNNING)
        return Orders()

    def weights_in_use(self) -> tuple[set[int], set[int]]:
        return set(), set()


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., tuple[Training, MemorySink]]:
    """train(config, *orders) -> the training after its end, and everything it reported."""
    torch.set_num_threads(1)

    def run(
        config: RunConfig, *orders: Orders, before: Callable[[Training], None] = lambda _: None
    ) -> tuple[Training, MemorySink]:
        count = len(list(tmp_path.iterdir()))
        folder = tmp_path / f"run{count}"

        def no_runs(source: RunModel) -> Path:
            raise AssertionError(f"nothing here loads {source}")

        parts = assemble(config, Settings(data_dir=tmp_path), no_runs, folder / "snapshots")
        sink = MemorySink()
        training = Training(parts, sink, Scripted(*orders), folder / "checkpoints", tmp_path)
        before(training)
        training.run()
        return training, sink

    return run


@pytest.fixture
def resumed(train: Callable[..., tuple[Training, MemorySink]]) -> Callable[[RunConfig], tuple[MemorySink, MemorySink]]:
    """Asserts that a run is the same to the last bit where it ends after two steps and goes on: reports whole and resumed."""

    def check(config: RunConfig) -> tuple[MemorySink, MemorySink]:
        whole, whole_sink = train(config)
        first, _ = train(config.model_copy(update={"budget": config.budget.model_copy(update={"steps": 2})}))
        resumed, sink = train(config, before=go_on(first, 2))
        assert after(2, whole_sink) == sink.series("loss") != {}
        ours, theirs = (one.parts.trained for one in (resumed, whole))
        assert equal(ours.parameters, theirs.parameters)
        assert all(torch.equal(one.value(), theirs.matrices[name].value()) for name, one in ours.matrices.items())
        assert resumed.progress.cursor == whole.progress.cursor
        return whole_sink, sink

    return check
