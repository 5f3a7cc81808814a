"""Where the update goes: one statistic of every module, layers up and kinds across, or over time."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.measure import Measure
from opdboard.domain.measures import MODULE_NORMS, MODULE_STATISTICS
from opdboard.panels import estimators, look, module_grid, module_timeline, module_values, scales
from opdboard.panels.module_values import Normalise, Seen
from opdboard.panels.panel import Panel, PanelParams, Step, choice
from opdboard.panels.series import Needs, RunSeries, VectorNeed
from opdboard.panels.table import Column, Table, of_modules

ModuleStatistic = Annotated[str, *choice(MODULE_STATISTICS)]
_HEAT, _BAR = 0.86, 0.88
_HOVER = "%{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]}<br>%{customdata[4]}"


class ModuleAllocationParams(PanelParams):
    """Which statistic, when, and how it is laid out."""

    statistic: ModuleStatistic = Field(default="update_norm", description="What the colour means.")
    step: Step | None = Field(
        default=None, description="Step to show; empty follows the latest.", json_schema_extra={"x-control": "step"}
    )
    scale: Literal["log", "linear"] = Field(default="log", description="Colour scale; norms span decades.")
    mode: Literal["at_step", "over_time"] = Field(
        default="at_step", description="All modules at one step, or their whole history."
    )
    order: Literal["kind", "depth"] = Field(
        default="kind", description="Over time: rows gathered by kind of matrix or by layer."
    )
    normalise: Normalise = "none"
    tower: str = Field(
        default="",
        max_length=64,
        description="Of a model of several stacks of blocks, the one that is shown: vision, audio, encoder, ... as labels of "
        "modules begin; empty for the language model.",
    )
    relative_to: str = Field(
        default="",
        max_length=32,
        description="Run to set the others against, module by module: log2 of the ratio at the same step or the nearest"
        " earlier one.",
        json_schema_extra={"x-control": "run"},
    )


def _needs(params: ModuleAllocationParams) -> Needs:
    return Needs(vectors=(VectorNeed(params.statistic), *estimators.needs(params.statistic)))


def figure(series: Sequence[RunSeries], params: ModuleAllocationParams) -> go.Figure:
    """One cell per run, all on one colour scale, whose ends stand still over the steps of all runs."""
    measure = MODULE_STATISTICS[params.statistic]
    seen = module_values.seen(series, measure, params.normalise, params.relative_to)
    log = params.scale == "log" and not seen.ratio
    steps = sorted({step for rows in seen.rows for step in rows.steps.tolist()})
    shown = [rows.row_at(params.step) for rows in seen.rows]
    at = [int(rows.steps[row]) for rows, row in zip(seen.rows, shown, strict=True) if row is not None]
    meta: dict[str, Any] = {"steps": steps, "step": max(at, default=None), "empty": not steps}
    notes = [seen.note] if seen.note else []
    if params.mode == "over_time":
        return module_timeline.figure(seen, _color(seen, log=log), params.order, log=log, meta=meta, notes=notes)
    if len(set(at)) > 1:
        notes.append("steps shown: " + ", ".join(str(step) for step in at))
    towers = sorted({module.tower for run in seen.runs for module in run.modules} - {"", params.tower})
    if towers:
        notes.append(f"not shown: {', '.join(towers)} (setting 'tower')")
        meta["choices"] = {"tower": ["", *sorted({*towers, params.tower} - {""})]}
    if notes:
        meta["note"] = "; ".join(notes)
    traces: list[Any] = []
    axes: dict[str, Any] = {}
    titles: list[dict[str, Any]] = []
    bars = len(seen.runs) == 1
    for run, rows, row, cell in zip(seen.runs, seen.rows, shown, look.cells(seen.runs), strict=True):
        values = rows.values[row] if row is not None else np.full(len(run.modules), np.nan)
        stored = run.vectors[measure.name].values[row].astype(np.float64) if row is not None else values
        grid = module_grid.blocks(run.modules, params.tower)
        x, y = module_grid.grid_axes(grid, (0.0, _HEAT if bars else 0.94), titled=cell.first)
        axes |= cell.layout(x | {"domain": (0.0, _HEAT)} if bars else x, y)
        z = scales.exponents_or_values(values, log=log)
        made_by = estimators.per_module(run, measure.name, int(rows.steps[row]) if row is not None else -1)
        plain = params.normalise == "none" and not seen.ratio
        hovers = _hovers(run, stored, values, made_by, measure, seen, plain=plain)
        traces += [
            module_grid.heatmap(f"{run.id}:{block.group}", block, z, hovers, _HOVER, cell.axes, name=run.name)
            for block in grid
        ]
        odd = ~np.isfinite(values) if row is not None else np.zeros(len(values), bool)
        traces.append(module_grid.marks(f"{run.id}:odd", grid, odd, stored, cell.axes))
        titles += cell.titles
        if bars:
            traces += _bars(run, grid, values, seen)
            axes |= _bar_axes()
    return look.figure(
        traces,
        keep=f"module_allocation at_step {len(seen.runs)}",
        meta=meta,
        coloraxis=_color(seen, log=log),
        annotations=titles,
        margin={"l": 44, "r": 8, "t": 8 if bars else 20, "b": 62},
        **axes,
    )


def table(series: Sequence[RunSeries], params: ModuleAllocationParams) -> Table:
    """Every module's value as it is coloured: of one step with what made it, or of all of them."""
    measure = MODULE_STATISTICS[params.statistic]
    seen = module_values.seen(series, measure, params.normalise, params.relative_to)
    if params.mode == "over_time":
        return module_timeline.table(seen)
    found = []
    for run, rows in zip(seen.runs, seen.rows, strict=True):
        row = rows.row_at(params.step)
        if row is not None:
            made_by = estimators.per_module(run, measure.name, int(rows.steps[row]))
            found.append((run.name, run.modules, [rows.values[row], made_by]))
    known = any(any(made_by) for _, _, (_, made_by) in found)
    columns = [Column(seen.label), *([Column("made by", numeric=False)] if known else [])]
    return of_modules([(name, modules, cells[: len(columns)]) for name, modules, cells in found], columns)


def _color(seen: Seen, *, log: bool) -> dict[str, Any]:
    values = [rows.values for rows in seen.rows]
    if seen.ratio:
        return scales.diverging(scales.symmetric_end(values), seen.label)
    return scales.sequential(scales.ends_of(values, log=log), seen.label, log=log)


def _hovers(
    run: RunSeries,
    stored: np.ndarray,
    values: np.ndarray,
    made_by: Sequence[str],
    measure: Measure,
    seen: Seen,
    *,
    plain: bool,
) -> list[tuple[str, str, str, str, str]]:
    """Per module: name, label, stored value with unit and what made it, its share (of the squares, for norms) and rank,
    value as coloured.
    """
    finite = np.isfinite(stored)
    weights = np.where(finite, stored, 0.0) ** (2 if module_values.is_norm(measure) else 1)
    total = float(weights.sum())
    order = np.argsort(np.where(finite, -stored, np.inf), kind="stable")
    ranks = np.empty(len(stored), np.int64)
    ranks[order] = np.arange(1, len(stored) + 1)
    has_share = measure.name in MODULE_NORMS and total > 0
    share_of = "of the squared norms" if module_values.is_norm(measure) else "of the total"
    unit = f" {measure.unit}" if measure.unit else ""
    return [
        (
            module.name,
            module.label,
            f"{measure.name} {look.number(one)}{unit}" + (f"<br>{estimator}" if estimator else ""),
            (f"{weight / total:.2%} {share_of}, " if has_share else "") + f"rank {rank} of {len(stored)}"
            if good
            else "",
            "" if plain else f"{seen.label.replace('<', '&lt;')}: {look.number(value)}",
        )
        for module, one, value, estimator, weight, rank, good in zip(
            run.modules, stored, values, made_by, weights, ranks, finite, strict=True
        )
    ]


def _bars(run: RunSeries, grid: Sequence[module_grid.Block], values: np.ndarray, seen: Seen) -> list[go.Bar]:
    """Right: sum per layer, top: sum per kind; a mean where a sum has no meaning."""
    word, gather = ("sum", np.nansum) if seen.additive else ("mean", _mean)
    finite = np.where(np.isfinite(values), values, np.nan)
    cells = [module_grid.placed(block, finite) for block in grid]
    by_layer = gather(np.concatenate(cells, axis=1), axis=1) if cells else np.empty(0)
    by_kind = np.concatenate([gather(cell, axis=0) for cell in cells]) if cells else np.empty(0)
    x = np.concatenate([block.x for block in grid]) if grid else np.empty(0)
    kinds = [name for block in grid for name in block.columns]
    common: dict[str, Any] = {"marker": {"color": look.faded(look.NEUTRAL, 0.7)}}
    layers = np.arange(len(by_layer), dtype=np.float64)
    hover = f"{word} of {seen.label}: %{{VALUE:.4g}}<extra></extra>"
    return [
        go.Bar(
            uid=f"{run.id}:layers",
            name=f"{word} per layer",
            orientation="h",
            x=by_layer,
            y=layers,
            xaxis="x2",
            yaxis="y",
            hovertemplate="layer %{y}<br>" + hover.replace("VALUE", "x"),
            **common,
        ),
        go.Bar(
            uid=f"{run.id}:kinds",
            name=f"{word} per kind of matrix",
            x=x,
            y=by_kind,
            customdata=kinds,
            xaxis="x",
            yaxis="y2",
            hovertemplate="%{customdata}<br>" + hover.replace("VALUE", "y"),
            **common,
        ),
    ]


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    count = np.isfinite(values).sum(axis)
    return np.divide(np.nansum(values, axis), count, out=np.zeros(count.shape), where=count > 0)


def _bar_axes() -> dict[str, Any]:
    quiet = {"showticklabels": False, "showgrid": False, "zeroline": False, "rangemode": "tozero", "fixedrange": True}
    return {
        "xaxis2": {"domain": (_BAR, 1.0), "anchor": "y", **quiet},
        "yaxis2": {"domain": (_BAR, 1.0), "anchor": "x", **quiet},
    }


PANEL = Panel(
    name="module_allocation",
    title="Where does the update go?",
    description="A statistic of every attention and MLP matrix: layers up, kinds across, sums at the edges; or over time.",
    params=ModuleAllocationParams,
    topics=(Topic.MODULES,),
    needs=_needs,
    figure=figure,
    table=table,
)
