"""Imports: a series of checkpoints becomes a run, as if its trainer had been watched.

Each checkpoint is read once, matrix by matrix, and stored as one step; a next attempt goes on behind the last one stored.
"""

import logging
import math
import resource
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import torch

from opdboard.domain.import_config import ImportConfig
from opdboard.domain.module_signatures import ENOUGH_COVERED
from opdboard.domain.records import Batch
from opdboard_worker.analysis.job import Job
from opdboard_worker.analysis.measuring import Measured, SeriesMeter
from opdboard_worker.analysis.series import Places, adapter_near, open_base, open_checkpoint
from opdboard_worker.core.spectral.panel import EXACT
from opdboard_worker.measuring.snapshots import Snapshots
from opdboard_worker.process import Attempt

TOLERANCE = 1e-3
"""Of the effective rank, unless all is to be exact."""
TELL_SECONDS = 5.0

log = logging.getLogger(__name__)


def prepare(attempt: Attempt, stored: dict[str, Any]) -> Job:
    """The job of an import; ModelProblem or BadInput names what cannot be read or is outside of the configured roots."""
    config = ImportConfig.model_validate(stored)
    places = Places(attempt.settings, attempt.database)
    base = open_base(places.base(config.base))
    series = places.series(config)
    for _, folder in series:
        open_checkpoint(folder, base)  # what cannot be compared is refused before hours are spent
    device = _device(config)
    snapshots = Snapshots(attempt.settings.run_folder(attempt.run_id) / "snapshots")
    meter = SeriesMeter(base, snapshots, k=config.k, tolerance=EXACT if config.exact else TOLERANCE, device=device)
    weights = sum(module.shape[0] * module.shape[1] for module in meter.modules)
    log.info(
        "%d checkpoints, %d matrices with %.3g weights; base %s", len(series), len(meter.modules), weights, base.where
    )
    told = log.info if base.coverage.of_blocks >= ENOUGH_COVERED else log.warning
    told("%s", base.coverage)
    if base.left_out:
        log.warning(
            "%d stored tensors are not of the architecture in config.json and are not measured, first %s",
            len(base.left_out),
            base.left_out[0],
        )

    def steps(after: int) -> Iterator[Batch | None]:
        snapshots.forget_after(after)
        attempt.tell_damaged_snapshots(snapshots.drop_damaged(), after)
        pace = Pace(weights)
        pending = [(step, folder) for step, folder in series if step > after]
        for place, (step, folder) in enumerate(pending):
            began = time.perf_counter()
            measuring = meter.measure(step, open_checkpoint(folder, base))
            measured = yield from _counted(measuring, pace, step, len(pending) - place)
            _tell(step, folder, len(meter.modules), time.perf_counter() - began, measured)
            rounding = {}
            if measured.rounding_square:
                rounding["rounding_norm"] = math.sqrt(measured.rounding_square)
                rounding["beyond_rounding"] = measured.beyond_rounding / weights
            scalars = rounding | base.coverage.scalars()
            scalars |= {
                "share_done": 1 - (len(pending) - place - 1) / len(series),
                "spectral_error_bound": measured.error_bound,
                "memory_bytes": _peak_memory(),
            }
            yield Batch(step=step, at=0.0, scalars=scalars, vectors=measured.vectors)

    return Job(steps, series[-1][0], meter.modules, device.type)


def _device(config: ImportConfig) -> torch.device:
    wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted if config.device == "auto" else config.device)


class Pace:
    """Tells from time to time how far a step is and how long the rest will take."""

    def __init__(self, weights: int) -> None:
        """weights: of one checkpoint."""
        self._weights = weights
        self._seen = 0
        self._began = self._told = time.perf_counter()

    def tell(self, step: int, done: int, more: int, left: int) -> None:
        """done: weights of this checkpoint so far, more: of them since the last call, left: checkpoints with this one."""
        now = time.perf_counter()
        self._seen += more
        if now - self._told > TELL_SECONDS and self._seen:
            self._told = now
            seconds = (now - self._began) / self._seen * (left * self._weights - done)
            log.info("step %d: %.0f%% done, about %s left", step, 100 * done / self._weights, _duration(seconds))


def _counted(
    measuring: Generator[int, None, Measured], pace: Pace, step: int, left: int
) -> Generator[None, None, Measured]:
    """The measurement, with a moment to obey after every group of modules."""
    done = 0
    while True:
        try:
            now = next(measuring)
        except StopIteration as end:
            return end.value
        pace.tell(step, now, now - done, left)
        done = now
        yield None


def _tell(step: int, folder: Path, modules: int, seconds: float, measured: Measured) -> None:
    log.info("step %d (%s): %d matrices in %.1f s", step, folder.name, modules, seconds)
    log.info(
        "  effective rank by %s, at most %.2g off; leading subspaces by %s, residual at most %.2g",
        ", ".join(f"{name} ({count})" for name, count in measured.estimators.most_common()),
        measured.error_bound,
        ", ".join(f"{name} ({count})" for name, count in measured.subspace_estimators.most_common()),
        measured.residual,
    )
    if measured.unchanged == modules:
        beside = adapter_near(folder)
        where = f"; an adapter that may not be merged lies in {beside}" if beside else ""
        log.warning("  no matrix of %s differs from the base's: dW = 0%s", folder, where)
    elif measured.unchanged:
        log.info("  %d matrices are those of the base", measured.unchanged)
    if measured.rounding_square:
        norm = math.sqrt(
            sum(value**2 for one in measured.vectors if one.statistic == "update_norm" for value in one.values)
        )
        log.info(
            "  base and checkpoint are of different floating-point types: rounding alone gives a norm of %.4g, and that of dW is %.4g",
            math.sqrt(measured.rounding_square),
            norm,
        )


def _duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )


def _peak_memory() -> float:
    """Bytes of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else peak * 1024)
