"""When does each module lock in? First step from which its subspace stays aligned with the latest snapshot's."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.measures import ALIGNMENT_DEPTHS
from opdboard.panels import look, module_grid, scales
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
    steps_of = [lock_in_steps(run, params) for run in series]
    ends = scales.ends_of(steps_of, log=True)
    traces: list[Any] = []
    layout: dict[str, Any] = {}
    titles: list[dict[str, Any]] = []
    told: list[str] = []
    for index, (run, steps, domain) in enumerate(zip(series, steps_of, look.cells(len(series)), strict=True)):
        some = len(run.vectors[f"subspace_affinity@{params.k}"].steps) > 0
        grid = module_grid.blocks(run.modules)
        names = (look.axis_name("x", index), look.axis_name("y", index))
        words = _words(run, steps, params)
        hovers = [(module.name, module.label, word) for module, word in zip(run.modules, words, strict=True)]
        template = "%{customdata[1]}<br>%{customdata[2]}"
        z = scales.log10_or_nan(steps)
        uid = f"{run.id}:lock_in"
        traces += [
            module_grid.heatmap(f"{uid}:{block.group}", block, z, hovers, template, names, name=run.name)
            for block in grid
        ]
        missing = ~np.isfinite(steps) & some
        traces.append(module_grid.marks(f"{uid}:odd", grid, missing, steps, names, "not locked in"))
        x, y = module_grid.grid_axes(grid, domain, (0.0, 1.0), titled=index == 0)
        layout[look.axis_key("x", index)] = x | {"anchor": names[1]}
        layout[look.axis_key("y", index)] = y | {"anchor": names[0]}
        if len(series) > 1:
            titles.append(look.cell_title(run, domain))
        if some:
            told.append(f"{run.name}: {_in_words(steps)}")
    return look.figure(
        traces,
        keep=f"lock_in {len(series)}",
        meta={"note": "; ".join(told) or "snapshots to compare come at powers of two", "empty": not told},
        coloraxis=scales.sequential(ends, "lock-in step", log=True),
        annotations=titles,
        margin={"l": 44, "r": 8, "t": 8 if len(series) == 1 else 20, "b": 62},
        **layout,
    )


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
