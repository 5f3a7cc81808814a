"""A run in this process as a worker trains it: commands read from a database and every report written to it.

Also what benchmarks of it have in common: medians with intervals, and the last line.
"""

import json
import logging
import os
import platform
import statistics
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

import psutil
import torch
import transformers
from typing_extensions import override

from opdboard.db.database import Database
from opdboard.domain.run_config import RunConfig
from opdboard.lifecycle import births, claims
from opdboard.lifecycle.births import NewRun
from opdboard.settings import Settings
from opdboard_worker.sinks import DatabaseSink
from opdboard_worker.training.assembly import assemble
from opdboard_worker.training.control import DatabaseControl, Orders
from opdboard_worker.training.loop import Training

NEVER = 10**6
"""A cadence that no benchmark reaches."""


class _ToldOfSteps(DatabaseControl):
    """Calls a function with the step each time the trainer asks for commands, which is once a step, after its update."""

    def __init__(self, database: Database, run_id: str, attempt: int, at_step: Callable[[int], None]) -> None:
        super().__init__(database, run_id, attempt)
        self._at_step = at_step

    @override
    def orders(self, step: int) -> Orders:
        self._at_step(step)
        return super().orders(step)


@contextmanager
def live_training(config: RunConfig, at_step: Callable[[int], None]) -> Iterator[Training]:
    """The assembled training of a run of its own, on a database that is thrown away afterwards."""
    logging.disable(logging.INFO)
    transformers.utils.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning)
    with tempfile.TemporaryDirectory(prefix="opdboard-run-") as name:
        folder = Path(name)
        database = Database(f"sqlite:///{folder / 'opdboard.db'}")
        try:
            database.upgrade()
            with database.write() as session:
                run_id = births.add(session, NewRun(config)).id
            with database.write() as session:
                attempt = claims.claim(session, run_id, "benchmark")
            assert attempt is not None, "nobody else is there to take it"

            def no_runs(source: object) -> Path:
                raise AssertionError(f"a benchmark's models are given, not taken from {source}")

            parts = assemble(config, Settings(data_dir=folder), no_runs, folder / "snapshots")
            control = _ToldOfSteps(database, run_id, attempt, at_step)
            yield Training(parts, DatabaseSink(database, run_id, attempt), control, folder / "checkpoints", folder)
        finally:
            database.close()


def median_interval(values: Sequence[float]) -> tuple[float, list[float]]:
    """Median, and its 95% percentile bootstrap interval."""
    drawn = Random(0)
    medians = sorted(statistics.median(drawn.choices(values, k=len(values))) for _ in range(2000))
    return statistics.median(values), [medians[49], medians[1949]]


def last_line(
    name: str,
    values: Mapping[str, float],
    intervals: Mapping[str, Sequence[float]],
    settings: Mapping[str, Any],
    packages: Sequence[str] = (),
) -> str:
    """The JSON object that a benchmark prints last."""
    about = {
        "threads": torch.get_num_threads(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "machine": platform.machine(),
        "load": round(os.getloadavg()[0], 2),
    }
    versions = {package: version(package) for package in ("opdboard", "torch", "transformers", *packages)}
    return json.dumps(
        {
            "benchmark": name,
            "values": {key: round(value, 4) for key, value in values.items()},
            "intervals": {key: [round(end, 4) for end in interval] for key, interval in intervals.items()},
            "settings": {**settings, **about},
            "versions": {"python": platform.python_version(), **versions},
        }
    )
