"""Short trainings in this process, on the demo pair or on tiny random models."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from opdboard.domain.budget import Budget
from opdboard.domain.model_sources import RunModel
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.reading import Reading, StudentReading
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState, check_transition
from opdboard.settings import Settings
from opdboard_worker.sinks import MemorySink
from opdboard_worker.training.assembly import assemble
from opdboard_worker.training.control import Orders
from opdboard_worker.training.loop import Training

PLAIN = Reading(student=StudentReading(template="plain"))


def tiny_config(steps: int = 4, **changes: Any) -> RunConfig:
    """A run of seconds."""
    config = RunConfig(
        optimizer=Optimizer(learning_rate=1e-4),
        budget=Budget(steps=steps, batch_size=8, max_prompt_tokens=16, max_response_tokens=6),
        monitoring=Monitoring(evaluate_every=2, held_out_size=8, spectral_every=2, samples_count=2),
        device="cpu",
    )
    return config.model_copy(update=changes)


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
