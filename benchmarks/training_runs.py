"""Trainings of the demo task inside this process, through the worker's own code: no server, no database, no web page.

Only the held-out reverse KL is measured, after every step. What a run cost to get to its target is told by the speed-up
meter's own rule (domain.reaching: running medians of three, reached and held to the end), tokens and seconds with the
search's; so every run is as long as the reference, whose smoothed end is the target. Seconds are those of rollouts,
updates and search, as a run's page counts them (docs/decisions/0003), without module statistics, which these runs leave out.
"""

import argparse
import logging
import math
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import live_run
import torch
import transformers
from typing_extensions import override

from opdboard.domain.monitoring import Monitoring
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.presets import DEMO_OPD
from opdboard.domain.reaching import Curve, Goal, spent_until_held
from opdboard.domain.records import Batch
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState
from opdboard.domain.seed_ratios import Ratio, middle, ratio
from opdboard.domain.speedup import goal_of
from opdboard.domain.strategies import Strategy
from opdboard.domain.strategies.none import NoStrategy
from opdboard.settings import Settings
from opdboard_worker.sinks import MemorySink
from opdboard_worker.training.assembly import assemble
from opdboard_worker.training.control import Control, Orders
from opdboard_worker.training.loop import Training

HELD_OUT = 256
_NEVER = 10**6


Costs = Mapping[str, float]
"""What a run spent until it reached its target and held it; infinite when it did not."""


class _Watcher(MemorySink):
    """Keeps the scalars of evaluations and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.evaluations: list[dict[str, float]] = []

    @override
    def write(self, batch: Batch) -> None:
        if "eval/reverse_kl" in batch.scalars:
            self.evaluations.append(batch.scalars | {"step": batch.step})

    @property
    def curve(self) -> Curve:
        """Held-out reverse KL, nats per token."""

        def column(name: str) -> list[float]:
            return [one[name] for one in self.evaluations]

        return Curve(
            steps=column("step"),
            values=column("eval/reverse_kl"),
            tokens=[sum(each) for each in zip(column("tokens"), column("search_tokens"), strict=True)],
            seconds=column("seconds"),
            search_tokens=column("search_tokens"),
            search_seconds=column("search_seconds"),
            gpu_seconds=[math.nan] * len(self.evaluations),
        )


class _NoCommands(Control):
    """A Control that never commands."""

    @override
    def orders(self, step: int) -> Orders:
        return Orders()

    @override
    def become(self, state: RunState, *, reason: str = "", error: dict[str, Any] | None = None) -> bool:
        return True

    @override
    def wait_while_paused(self, pause_ids: list[int], step: int) -> Orders:
        raise AssertionError("nobody pauses a benchmark")

    @override
    def weights_in_use(self) -> tuple[set[int], set[int]]:
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


def train(config: RunConfig) -> Curve:
    """Train to the end."""
    logging.disable(logging.INFO)
    transformers.utils.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def no_runs(source: object) -> Path:
            raise AssertionError(f"a benchmark's models come with opdboard, not from {source}")

        parts = assemble(config, Settings(data_dir=folder), no_runs, folder / "snapshots")
        sink = _Watcher()
        Training(parts, sink, _NoCommands(), folder / "checkpoints", folder).run()
    return sink.curve


class Races:
    """Runs on the demo task, each to its seed's target: where the held-out reverse KL of plain OPD at the small rate ends."""

    def __init__(self, *, seeds: int, steps: int, learning_rate: float) -> None:
        """Runs the reference of every seed at once."""
        self.seeds = range(seeds)
        self.steps = steps
        self.goals: list[Goal] = []
        self.reference: list[Costs] = []
        for seed in self.seeds:
            curve = self._train(NoStrategy(), learning_rate, seed)
            goal = goal_of([curve], 1.0, "lower")
            if goal is None:
                raise SystemExit(f"plain OPD at {learning_rate:g} got no better with seed {seed}: there is no target")
            self.goals.append(goal)
            self.reference.append(self._costs(curve, "OPD", learning_rate, seed))

    @property
    def targets(self) -> list[float]:
        """Of each seed, for the record."""
        return [round(goal.value, 4) for goal in self.goals]

    def run(self, strategy: Strategy, learning_rate: float) -> list[Costs]:
        """One run per seed, as long as the reference."""
        name = strategy.name
        return [
            self._costs(self._train(strategy, learning_rate, seed), name, learning_rate, seed) for seed in self.seeds
        ]

    def _train(self, strategy: Strategy, learning_rate: float, seed: int) -> Curve:
        return train(demo_config(strategy=strategy, learning_rate=learning_rate, seed=seed, steps=self.steps))

    def _costs(self, curve: Curve, name: str, learning_rate: float, seed: int) -> Costs:
        costs = spent_until_held(curve, self.goals[seed])
        print(
            f"{time.strftime('%H:%M:%S')} {name} at {learning_rate:g}, seed {seed}: step {costs['steps']:.2f}, "
            f"{costs['seconds']:.1f} s, target {self.goals[seed].value:.4f}, end {curve.values[-1]:.4f}",
            file=sys.stderr,
            flush=True,
        )
        return costs


def median_steps(runs: Sequence[Costs]) -> float:
    """Over seeds; infinite when most did not arrive."""
    return middle([one["steps"] for one in runs])


def best_rate(by_rate: Mapping[float, Sequence[Costs]]) -> float:
    """The rate with the fewest steps, by the median over seeds."""
    return min(by_rate, key=lambda rate: median_steps(by_rate[rate]))


def ratios(slow: Sequence[Costs], fast: Sequence[Costs], what: str) -> Ratio | None:
    """slow / fast in steps, tokens or seconds, as the meter tells it of groups with the same seeds."""
    seeds = range(len(slow))
    return ratio([one[what] for one in slow], [one[what] for one in fast], seeds, seeds)


def read_seeds(description: str | None, usual: int) -> int:
    """How many seeds the command line asks for; its --threads become torch's."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=usual, help="how many seeds, from 0")
    parser.add_argument("--threads", type=int, default=2, help="torch's threads")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    return arguments.seeds


def steps_to_target(runs: Sequence[Costs]) -> list[float | None]:
    """Steps of each seed for the record; None where the target was not reached, or not held."""
    return [round(one["steps"], 2) if math.isfinite(one["steps"]) else None for one in runs]


def last_line(name: str, measured: Mapping[str, Ratio | None], settings: Mapping[str, Any]) -> str:
    """The JSON object that a benchmark prints last: ratios, those without a value left out, with intervals over seeds."""
    known = {key: each for key, each in measured.items() if each is not None}
    return live_run.last_line(
        name,
        {key: each.value for key, each in known.items()},
        {key: [each.low, each.high] for key, each in known.items() if each.low is not None and each.high is not None},
        {**settings, "held_out": HELD_OUT},
    )
