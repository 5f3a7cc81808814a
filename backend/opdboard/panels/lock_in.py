"""When does each module lock in? First step from which its subspace stays aligned with the latest snapshot's."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.measures import ALIGNMENT_DEPTHS
from opdboard.panels import module_grid, scales
from opdboard.panels.locking import LOCKED_IN, LockIn, lock_in
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
        description="Locked in from the first step on after which subspace affinity stays at or above this; confirmed once another "
        "snapshot before the latest says so.",
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
        found = lock_ins(run, params)
        steps, words = _steps(found), _words(run, found, params)
        shown.append(module_grid.Colored(run, scales.log10_or_nan(steps), words, ~np.isfinite(steps) & some, steps))
        if some:
            told.append(f"{run.name}: {_in_words(found)}")
    coloraxis = scales.sequential(scales.ends_of([one.values for one in shown], log=True), "lock-in step", log=True)
    return module_grid.figure(shown, key="lock_in", crossed="not locked in", coloraxis=coloraxis, told=told)


def table(series: Sequence[RunSeries], params: LockInParams) -> Table:
    """The step of each module, empty where it is not locked in, and why."""
    found = []
    for run in series:
        if len(run.vectors[f"subspace_affinity@{params.k}"].steps):
            of_run = lock_ins(run, params)
            cells = [one.step if one else None for one in of_run]
            found.append((run.name, run.modules, [cells, _words(run, of_run, params)]))
    return of_modules(found, [Column("lock-in step"), Column("in words", numeric=False)])


def _words(run: RunSeries, found: Sequence[LockIn | None], params: LockInParams) -> list[str]:
    still = _without_direction(run, params)
    return [
        str(one) if one else "no update to compare" if none else "not locked in"
        for one, none in zip(found, still, strict=True)
    ]


def lock_ins(run: RunSeries, params: LockInParams) -> list[LockIn | None]:
    """By module; None where it is not locked in."""
    rows = run.vectors[f"subspace_affinity@{params.k}"]
    return [
        lock_in(rows.steps, rows.values[:, index].astype(np.float64), rows.references, params.threshold)
        for index in range(len(run.modules))
    ]


def _steps(found: Sequence[LockIn | None]) -> np.ndarray:
    return np.array([one.step if one else np.nan for one in found], np.float64)


def _without_direction(run: RunSeries, params: LockInParams) -> np.ndarray:
    """By module, whether no snapshot has a direction that the latest has: dW is 0 there, as of a frozen matrix."""
    rows = run.vectors[f"subspace_affinity@{params.k}"]
    earlier = rows.values[rows.steps < rows.references]
    return np.asarray(np.isnan(earlier).all(axis=0)) if len(earlier) else np.zeros(len(run.modules), bool)


def _in_words(found: Sequence[LockIn | None]) -> str:
    locked = [one for one in found if one]
    if not locked:
        return f"none of {len(found)} matrices locked in"
    doubtful = sum(not one.confirmed for one in locked)
    middle = int(np.median([one.step for one in locked]))
    return f"{len(locked)} of {len(found)} matrices locked in, half of those by step {middle}" + (
        f"; {doubtful} not confirmed by a second snapshot" if doubtful else ""
    )


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
