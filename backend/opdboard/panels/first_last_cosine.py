"""Has the leading direction turned? |cos(u_1 at the first snapshot, u_1 at the last)| of every matrix."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from opdboard.domain.events import Topic
from opdboard.panels import alignment_limits, look, module_grid, scales
from opdboard.panels.panel import Panel, PanelParams
from opdboard.panels.series import REFERENCE_LATEST, Needs, RunSeries, VectorNeed
from opdboard.panels.table import Column, Table, of_modules

_STATISTIC = "paired_cosine@1"


class FirstLastCosineParams(PanelParams):
    """Nothing to choose."""


def _needs(_params: FirstLastCosineParams) -> Needs:
    return Needs(vectors=(VectorNeed(_STATISTIC, REFERENCE_LATEST),))


def figure(series: Sequence[RunSeries], params: FirstLastCosineParams) -> go.Figure:  # noqa: ARG001
    """A heatmap per run: layers up, kinds across, the colour from 0 (a right angle) to 1 (the same line)."""
    shown: list[module_grid.Colored] = []
    told: list[str] = []
    for run in series:
        rows, some = run.vectors[_STATISTIC], _compared(run)
        values = rows.values[0].astype(np.float64) if some else np.full(len(run.modules), np.nan)
        words = [f"|cos| {look.number(value)}" for value in values.tolist()]
        shown.append(module_grid.Colored(run, values, words, ~np.isfinite(values) & some, values))
        if some:
            chance = alignment_limits.chance_level(run, rows, "paired_cosine", 1)
            told.append(
                f"{run.name}: step {rows.steps[0]} against {rows.references[0]}, {_mean(values)}, by chance {chance:.2g}"
            )
    coloraxis = scales.sequential((0.0, 1.0), "|cos(u₁ first, u₁ last)|", log=False)
    return module_grid.figure(shown, key="first_last", crossed="not finite", coloraxis=coloraxis, told=told)


def _compared(run: RunSeries) -> bool:
    """Whether there is a snapshot before the last; the last against itself would say nothing."""
    rows = run.vectors[_STATISTIC]
    return len(rows.steps) > 0 and bool(rows.steps[0] < rows.references[0])


def _mean(values: np.ndarray) -> str:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return "no module has a direction at both"
    left_out = f" of {len(finite)} of {len(values)} modules" if len(finite) < len(values) else ""
    return f"mean {float(finite.mean()):.3f}{left_out}"


def table(series: Sequence[RunSeries], params: FirstLastCosineParams) -> Table:  # noqa: ARG001
    """The cosine of each module of the runs that have snapshots."""
    found = [(run.name, run.modules, [run.vectors[_STATISTIC].values[0]]) for run in series if _compared(run)]
    return of_modules(found, [Column("|cos(u₁ first, u₁ last)|")])


PANEL = Panel(
    name="first_last_cosine",
    title="Has the leading direction turned?",
    description="Cosine between the update's leading direction at the first and at the last snapshot, of every matrix.",
    params=FirstLastCosineParams,
    topics=(Topic.ALIGNMENT,),
    needs=_needs,
    figure=figure,
    table=table,
)
