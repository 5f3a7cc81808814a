"""Trainings of the demo task inside this process, through the worker's own code: no server, no database, no web page.

Only the held-out reverse KL is measured. Seconds are those of rollouts, updates and search, as a run's page counts them
(docs/decisions/0003), without module statistics, which these runs leave out.
"""

import argparse
import json
import logging
import math
import os
import platform
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import transformers

from opdboard.domain.presets import DEMO_OPD
from opdboard.domain.records import Batch, DecisionRecord
from opdboard.domain.run_config import Monitoring, Optimizer, RunConfig
from opdboard.domain.run_state import RunState
from opdboard.domain.seed_ratios import t_975
from opdboard.domain.strategies import STRATEGY_NAMES, NoStrategy, Strategy
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

    def become(self, state: RunState, *, reason: str = "", error: dict[str, Any] | None = None) -> bool:
        """See Control."""
        return True

    def wait_while_paused(self, pause_ids: list[int], step: int) -> Orders:
        """See Control."""
        raise AssertionError("nobody pauses a benchmark")

    def weights_in_use(self) -> tuple[set[int], set[int]]:
        """See Control."""
        return set(), set()


def demo_config(*, strategy: Strategy, learning_rate: float, seed: int, steps: int) -> RunConfig:
    """The demo's task and batch with another strategy, rate, seed and length, evaluated after every step."""
    changes: Mapping[str, Any] = {
        "strategy": strategy,
        "optimizer": Optimizer(learning_rate=learning_rate),
        "seed": seed,
        "device": "cpu",
        "budget": DEMO_OPD.budget.model_copy(
            update={"steps": steps, "checkpoint_every": _NEVER, "keep_checkpoints": 1}
        ),
        "monitoring": Monitoring(
            evaluate_every=1, held_out_size=HELD_OUT, modules_every=_NEVER, spectral_every=_NEVER, samples_count=0
        ),
    }
    return DEMO_OPD.model_copy(update=changes)


def train(config: RunConfig, *, target: float | None = None) -> Curve:
    """Train to the end, or until an evaluation reaches the target."""
    logging.disable(logging.INFO)
    transformers.utils.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def no_runs(source: object) -> Path:
            raise AssertionError(f"a benchmark's models come with opdboard, not from {source}")

        parts = assemble(config, Settings(data_dir=folder), no_runs, folder / "snapshots")
        sink = _Watcher(target)
        Training(parts, sink, _NoCommands(sink), folder / "checkpoints", folder).run()
    return sink.curve


@dataclass(frozen=True)
class Reached:
    """What a run needed to the target; infinite when it did not get there."""

    steps: float
    seconds: float


class Races:
    """Runs on the demo task, each to its seed's target: the held-out reverse KL that plain OPD ends with at the small rate."""

    def __init__(self, *, seeds: int, steps: int, learning_rate: float) -> None:
        """Runs the reference of every seed at once."""
        self.seeds = range(seeds)
        self.steps = steps
        self.learning_rate = learning_rate
        self.targets: list[float] = []
        self.reference: list[Reached] = []
        for seed in self.seeds:
            curve = self._train(NoStrategy(), learning_rate, seed, None)
            self.targets.append(curve.final)
            self.reference.append(_reached(curve, curve.final))
            self._say("OPD", learning_rate, seed, self.reference[-1])

    def run(self, strategy: Strategy, learning_rate: float) -> list[Reached]:
        """One run per seed, each until its target or for as many steps as the reference."""
        results = []
        for seed, target in zip(self.seeds, self.targets, strict=True):
            results.append(_reached(self._train(strategy, learning_rate, seed, target), target))
            self._say(STRATEGY_NAMES[strategy.kind], learning_rate, seed, results[-1])
        return results

    def _train(self, strategy: Strategy, learning_rate: float, seed: int, target: float | None) -> Curve:
        config = demo_config(strategy=strategy, learning_rate=learning_rate, seed=seed, steps=self.steps)
        return train(config, target=target)

    def _say(self, name: str, learning_rate: float, seed: int, reached: Reached) -> None:
        print(
            f"{time.strftime('%H:%M:%S')} {name} at {learning_rate:g}, seed {seed}: step {reached.steps:g}, "
            f"{reached.seconds:.1f} s, target {self.targets[seed]:.4f}",
            file=sys.stderr,
            flush=True,
        )


def _reached(curve: Curve, target: float) -> Reached:
    at = curve.first_at(target)
    return Reached(math.inf, math.inf) if at is None else Reached(float(at[0]), at[1])


def best_rate(by_rate: Mapping[float, list[Reached]]) -> float:
    """The rate with the fewest steps, by the median over seeds."""
    return min(by_rate, key=lambda rate: statistics.median(one.steps for one in by_rate[rate]))


def ratios(slow: Sequence[Reached], fast: Sequence[Reached], what: str) -> list[float]:
    """slow / fast of each seed, for steps or seconds; 0 where only the fast one did not arrive, NaN where neither did."""
    pairs = [(getattr(one, what), getattr(other, what)) for one, other in zip(slow, fast, strict=True)]
    return [math.nan if math.isinf(a) and math.isinf(b) else a / b for a, b in pairs]


def median_interval(values: Sequence[float]) -> tuple[float, list[float]]:
    """Median, and its 95% interval over seeds: Student's, of the logarithms; where a seed did not arrive, the whole range."""
    middle = statistics.median(values)
    low, high = min(values), max(values)
    if len(values) > 1 and all(0 < value < math.inf for value in values):
        logs = [math.log(value) for value in values]
        half = t_975(len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs))
        centre = statistics.fmean(logs)
        low, high = min(middle, math.exp(centre - half)), max(middle, math.exp(centre + half))
    return round(middle, 3), [round(low, 3), round(high, 3)]


def read_seeds(description: str | None, usual: int) -> int:
    """How many seeds the command line asks for; its --threads become torch's."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=usual, help="how many seeds, from 0")
    parser.add_argument("--threads", type=int, default=2, help="torch's threads")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    return arguments.seeds


def steps_to_target(runs: Sequence[Reached]) -> list[int | None]:
    """Steps of each seed for the record; None where the target was not reached."""
    return [None if math.isinf(one.steps) else int(one.steps) for one in runs]


def last_line(name: str, measured: Mapping[str, Sequence[float]], settings: Mapping[str, Any]) -> str:
    """The JSON object that a benchmark prints last: medians and intervals of what was measured per seed."""
    summaries = {key: median_interval(values) for key, values in measured.items()}
    return json.dumps(
        {
            "benchmark": name,
            "values": {key: value for key, (value, _) in summaries.items()},
            "intervals": {key: interval for key, (_, interval) in summaries.items()},
            "settings": {
                **settings,
                "held_out": HELD_OUT,
                "threads": torch.get_num_threads(),
                "cores": os.cpu_count(),
                "machine": platform.machine(),
                "load": round(os.getloadavg()[0], 2),
            },
            "versions": {
                "python": platform.python_version(),
                **{package: version(package) for package in ("opdboard", "torch", "transformers")},
            },
        }
    )
