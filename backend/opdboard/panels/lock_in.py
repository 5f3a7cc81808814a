"""When does each module lock in? First step from which its subspace stays aligned with the latest snapshot's."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.measures import ALIGNMENT_DEPTHS
from opdboard.panels import module_grid, scales
from opdboard.panels.alignment import LOCKED_IN, lock_in_step
from opdboard.panels.panel import Panel, PanelParams
from opdboard.panels.series import REFERENCE_LATEST, Needs, RunSeries, VectorNeed
from opdboard.panels.table import Column, Table, of_modules


class LockInParams(PanelParams):
    """How alignment is measured, and how much of it is enough."""

    k: Literal[1, 5, 10, 20] = Field(
        default=20, description="Leading directions compared.", json_schema_extra={"enum": list(ALIGNMENT_DEPTHS)}
    )
    threshold: float = Field(
        default=LOCKED_IN,
        ge=0,
        le=1,
        description="Locked in from the first step on after which subspace affinity stays at or above this.",
        json_schema_extra={"x-control": "slider"},
    )


def _needs(params: LockInParams) -> Needs:
    return Needs(vectors=(VectorNeed(f"subspace_affinity@{params.k}", REFERENCE_LATEST),))


def figure(series: Sequence[RunSeries], params: LockInParams) -> go.Figure:
    """A heatmap of lock-in steps per run; crosses on modules that are not locked in."""
    shown: list[module_grid.Colored] = []
    told: list[str] = []
    for run in series:
        some = len(run.vectors[f"subspace_affinity@{params.k}"].steps) > 0
        steps = lock_in_steps(run, params)
        words = _words(run, steps, params)
        shown.append(module_grid.Colored(run, scales.log10_or_nan(steps), words, ~np.isfinite(steps) & some, steps))
        if some:
            told.append(f"{run.name}: {_in_words(steps)}")
    coloraxis = scales.sequential(scales.ends_of([one.values for one in shown], log=True), "lock-in step", log=True)
    return module_grid.figure(shown, key="lock_in", crossed="not locked in", coloraxis=coloraxis, told=told)


def table(series: Sequence[RunSeries], params: LockInParams) -> Table:
    """The step of each module, empty where it is not locked in, and why."""
    found = []
    for run in series:
        if len(run.vectors[f"subspace_affinity@{params.k}"].steps):
            steps = lock_in_steps(run, params)
            cells = [int(step) if np.isfinite(step) else None for step in steps]
            found.append((run.name, run.modules, [cells, _words(run, steps, params)]))
    return of_modules(found, [Column("lock-in step"), Column("in words", numeric=False)])


def _words(run: RunSeries, steps: np.ndarray, params: LockInParams) -> list[str]:
    still = _without_direction(run, params)
    return [
        f"from step {int(step)}" if np.isfinite(step) else "no update to compare" if none else "not locked in"
        for step, none in zip(steps, still, strict=True)
    ]


def lock_in_steps(run: RunSeries, params: LockInParams) -> np.ndarray:
    """By module; NaN where it is not locked in."""
    rows = run.vectors[f"subspace_affinity@{params.k}"]
    found = [
        lock_in_step(rows.steps, rows.values[:, index].astype(np.float64), rows.references, params.threshold)
        for index in range(len(run.modules))
    ]
    return np.array([np.nan if step is None else step for step in found], np.float64)


def _without_direction(run: RunSeries, params: LockInParams) -> np.ndarray:
    """By module, whether no snapshot has a direction that the latest has: dW is 0 there, as of a frozen matrix."""
    rows = run.vectors[f"subspace_affinity@{params.k}"]
    earlier = rows.values[rows.steps < rows.references]
    return np.asarray(np.isnan(earlier).all(axis=0)) if len(earlier) else np.zeros(len(run.modules), bool)


def _in_words(steps: np.ndarray) -> str:
    locked = steps[np.isfinite(steps)]
    if not len(locked):
        return f"none of {len(steps)} matrices locked in"
    return f"{len(locked)} of {len(steps)} matrices locked in, half of those by step {int(np.median(locked))}"


PANEL = Panel(
    name="lock_in",
    title="When does each module lock in?",
    description="First step from which each matrix' leading subspace stays aligned with the latest snapshot's.",
    params=LockInParams,
    topics=(Topic.ALIGNMENT,),
    needs=_needs,
    figure=figure,
    table=table,
)
