"""Has the leading direction turned? |cos(u_1 at the first snapshot, u_1 at the last)| of every matrix."""

from collections.abc import Sequence
from typing import Any

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
    traces: list[Any] = []
    layout: dict[str, Any] = {}
    titles: list[dict[str, Any]] = []
    told: list[str] = []
    domains = look.cells(len(series))
    for index, (run, domain) in enumerate(zip(series, domains, strict=True)):
        rows = run.vectors[_STATISTIC]
        some = len(rows.steps) > 0
        values = rows.values[0].astype(np.float64) if some else np.full(len(run.modules), np.nan)
        grid = module_grid.blocks(run.modules)
        names = (look.axis_name("x", index), look.axis_name("y", index))
        hovers = [
            (module.name, module.label, look.number(value))
            for module, value in zip(run.modules, values.tolist(), strict=True)
        ]
        template = "%{customdata[1]}<br>|cos| %{customdata[2]}"
        uid = f"{run.id}:first_last"
        traces += [
            module_grid.heatmap(f"{uid}:{block.group}", block, values, hovers, template, names, name=run.name)
            for block in grid
        ]
        traces.append(module_grid.marks(f"{uid}:odd", grid, ~np.isfinite(values) & some, values, names))
        x, y = module_grid.grid_axes(grid, domain, (0.0, 1.0), titled=index == 0)
        layout[look.axis_key("x", index)] = x | {"anchor": names[1]}
        layout[look.axis_key("y", index)] = y | {"anchor": names[0]}
        if len(series) > 1:
            titles.append(look.cell_title(run, domain))
        if some:
            mean = float(np.nanmean(values))
            chance = alignment_limits.chance_level(run, rows, "paired_cosine", 1)
            told.append(
                f"{run.name}: step {rows.steps[0]} against {rows.references[0]}, mean {mean:.3f}, by chance {chance:.2g}"
            )
    return look.figure(
        traces,
        keep=f"first_last_cosine {len(series)}",
        meta={"note": "; ".join(told) or "snapshots to compare come at powers of two", "empty": not told},
        coloraxis=scales.sequential((0.0, 1.0), "|cos(u₁ first, u₁ last)|", log=False),
        annotations=titles,
        margin={"l": 44, "r": 8, "t": 8 if len(series) == 1 else 20, "b": 62},
        **layout,
    )


def table(series: Sequence[RunSeries], params: FirstLastCosineParams) -> Table:  # noqa: ARG001
    """The cosine of each module of the runs that have snapshots."""
    found = [
        (run.name, run.modules, [run.vectors[_STATISTIC].values[0]])
        for run in series
        if len(run.vectors[_STATISTIC].steps)
    ]
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
