"""Trainings of the demo task inside this process, through the worker's own code: no server, no database, no web page.

Only the held-out reverse KL is measured. Seconds are those of rollouts, updates and search, as a run's page counts them
(docs/decisions/0003), without module statistics, which these runs leave out.
"""

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from opdboard.domain.presets import DEMO_OPD
from opdboard.domain.records import Batch, DecisionRecord
from opdboard.domain.run_config import Monitoring, Optimizer, RunConfig, Strategy
from opdboard.domain.run_state import RunState
from opdboard.settings import Settings
from opdboard_worker.sinks import MemorySink
from opdboard_worker.training.assembly import assemble
from opdboard_worker.training.control import Orders
from opdboard_worker.training.loop import Training

HELD_OUT = 256
_NEVER = 10**6


@dataclass
class Curve:
    """Held-out reverse KL, nats per token, by step, with the seconds spent until then, search included."""

    steps: list[int] = field(default_factory=list)
    reverse_kl: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    decisions: list[DecisionRecord] = field(default_factory=list)

    @property
    def final(self) -> float:
        """The last reverse KL."""
        return self.reverse_kl[-1]

    def first_at(self, target: float) -> tuple[int, float] | None:
        """(step, seconds) of the first evaluation at or below the target, None if there is none."""
        for step, value, seconds in zip(self.steps, self.reverse_kl, self.seconds, strict=True):
            if value <= target:
                return step, seconds
        return None


class _Watcher(MemorySink):
    """Keeps the curve, and asks for a stop once the target is reached."""

    def __init__(self, target: float | None) -> None:
        super().__init__()
        self.curve = Curve()
        self._target = target
        self.reached = False

    def write(self, batch: Batch) -> None:
        """See MetricSink; nothing but the curve and the decisions is kept."""
        self.curve.decisions += batch.decisions
        if "eval/reverse_kl" in batch.scalars:
            value = batch.scalars["eval/reverse_kl"]
            self.curve.steps.append(batch.step)
            self.curve.reverse_kl.append(value)
            self.curve.seconds.append(batch.scalars["seconds"])
            self.reached = self._target is not None and value <= self._target


class _NoCommands:
    """A Control that never commands, but for the stop at the target."""

    def __init__(self, sink: _Watcher) -> None:
        self._sink = sink

    def orders(self, step: int) -> Orders:
        """See Control."""
        return Orders(stop=[0]) if self._sink.reached else Orders()

    def become(self, state: RunState, *, reason: str = "", error: dict[str, Any] | None = None) -> None:
        """See Control."""

    def wait_while_paused(self, pause_ids: list[int], step: int) -> Orders:
        """See Control."""
        raise AssertionError("nobody pauses a benchmark")

    def weights_in_use(self) -> tuple[set[int], set[int]]:
        """See Control."""
        return set(), set()


def demo_config(
    *, strategy: Strategy | None = None, learning_rate: float, seed: int, steps: int, evaluate_every: int = 1
) -> RunConfig:
    """The demo's task and batch with another strategy, rate, seed and length."""
    changes: Mapping[str, Any] = {
        "optimizer": Optimizer(learning_rate=learning_rate),
        "seed": seed,
        "device": "cpu",
        "budget": DEMO_OPD.budget.model_copy(
            update={"steps": steps, "checkpoint_every": _NEVER, "keep_checkpoints": 1}
        ),
        "monitoring": Monitoring(
            evaluate_every=evaluate_every,
            held_out_size=HELD_OUT,
            modules_every=_NEVER,
            spectral_every=_NEVER,
            samples_count=0,
        ),
    }
    if strategy is not None:
        changes = {**changes, "strategy": strategy}
    return DEMO_OPD.model_copy(update=changes)


def train(config: RunConfig, *, target: float | None = None) -> Curve:
    """Train to the end, or until an evaluation reaches the target."""
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def no_runs(source: object) -> Path:
            raise AssertionError(f"a benchmark's models come with opdboard, not from {source}")

        parts = assemble(config, Settings(data_dir=folder), no_runs, folder / "snapshots")
        sink = _Watcher(target)
        Training(parts, sink, _NoCommands(sink), folder / "checkpoints", folder).run()
    return sink.curve


def use_threads(count: int) -> None:
    """Torch's threads in this process."""
    torch.set_num_threads(count)
