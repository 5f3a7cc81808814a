"""Where the update goes: one statistic of every module, layers up and kinds across, or over time."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.measures import MODULE_NORMS, MODULE_STATISTICS
from opdboard.domain.modules import Module
from opdboard.panels import (
    estimators,
    look,
    module_cells,
    module_experts,
    module_grid,
    module_timeline,
    module_values,
    scales,
)
from opdboard.panels.module_values import Normalise, Seen
from opdboard.panels.panel import Panel, PanelParams, Step, choice
from opdboard.panels.series import Needs, RunSeries, VectorNeed
from opdboard.panels.table import Column, Table, of_modules

ModuleStatistic = Annotated[str, *choice(MODULE_STATISTICS)]
_SORTS = ("sorted by total", "sorted in each layer", "sorted by number")
_OF_EXPERTS = {"median": "median expert", "max": "largest expert", "top": "share of the top 8 experts"}


class ModuleAllocationParams(PanelParams):
    """Which statistic, when, and how it is laid out."""

    statistic: ModuleStatistic = Field(default="update_norm", description="What the colour means.")
    step: Step | None = Field(
        default=None, description="Step to show; empty follows the latest.", json_schema_extra={"x-control": "step"}
    )
    scale: Literal["log", "linear"] = Field(default="log", description="Colour scale; norms span decades.")
    color_range: Literal["whole_run", "this_step"] = Field(
        default="whole_run",
        title="Colour range",
        description="Ends of the colour scale: over all steps, so that a colour means the same at each; or of the step shown.",
    )
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
        json_schema_extra={"x-empty": "language model"},
    )
    relative_to: str = Field(
        default="",
        max_length=32,
        description="Run to set the others against, module by module: log2 of the ratio at the same step or the nearest"
        " earlier one.",
        json_schema_extra={"x-control": "run"},
    )
    experts: Literal["median", "max", "top"] = Field(
        default="median",
        title="Of the experts",
        description="Of a layer's experts of a kind: the median, the largest, or the share of the largest 8 in all (of the sum of"
        " squares, for norms).",
        json_schema_extra={"x-enum-titles": list(_OF_EXPERTS.values())},
    )
    experts_of: str = Field(
        default="",
        max_length=64,
        title="Each expert of",
        description="A kind of matrix whose experts are shown one by one, layer by layer; empty for all kinds.",
        json_schema_extra={"x-empty": "none"},
    )
    sort: Literal["total", "layer", "number"] = Field(
        default="total",
        title="Order of the experts",
        description="One by one: by their total over the layers (of squares, for norms), within each layer, or by number.",
        json_schema_extra={"x-enum-titles": list(_SORTS)},
    )


def _needs(params: ModuleAllocationParams) -> Needs:
    return Needs(vectors=(VectorNeed(params.statistic), *estimators.needs(params.statistic)))


def figure(series: Sequence[RunSeries], params: ModuleAllocationParams) -> go.Figure:
    """One cell per run, all on one colour scale, whose ends stand still over the steps of all runs unless a step's are asked for."""
    measure = MODULE_STATISTICS[params.statistic]
    seen = module_values.seen(series, measure, params.normalise, params.relative_to)
    log = params.scale == "log" and not seen.ratio
    steps = sorted({step for rows in seen.rows for step in rows.steps.tolist()})
    shown = [rows.row_at(params.step) for rows in seen.rows]
    at = [int(rows.steps[row]) for rows, row in zip(seen.rows, shown, strict=True) if row is not None]
    grids = [module_grid.blocks(run.modules, params.tower) for run in seen.runs]
    kinds = module_experts.kinds(grids)
    meta: dict[str, Any] = {"steps": steps, "step": max(at, default=None), "empty": not steps}
    meta |= {"choices": {}, "unused": _unused(params, kinds)}
    notes = [seen.note] if seen.note else []
    by = params.experts
    if kinds and by == "top" and (seen.ratio or measure.name not in MODULE_NORMS):
        by = "median"
        notes.append(f"{'ratios have' if seen.ratio else 'this measure has'} no shares: the median expert is shown")
    if params.mode == "over_time":
        whole = _color(seen, "whole run", log=log)
        wanted = module_timeline.Wanted(measure, seen, params.order, by, log=log)
        return module_timeline.figure(wanted, whole, meta=meta, notes=notes)
    if compared := seen.at(params.step):
        notes.insert(0, compared)
    elif len(set(at)) > 1:
        notes.append("steps shown: " + ", ".join(str(step) for step in at))
    if len(seen.runs) == 1 and not seen.ratio and shown[0] is not None:
        notes.append(_largest(seen.runs[0].modules, seen.rows[0].values[shown[0]], params.tower))
    towers = sorted({module.tower for run in seen.runs for module in run.modules} - {"", params.tower})
    if towers:
        notes.append(f"not shown: {', '.join(towers)} (setting 'tower')")
        meta["choices"]["tower"] = ["", *sorted({*towers, params.tower} - {""})]
    kind = params.experts_of if params.experts_of in kinds else ""
    if kinds:
        meta["choices"]["experts_of"] = ["", *kinds]
        if kind:
            meta["opened"] = {"parameter": "experts_of", "title": f"Experts: {kind}", "back": "All kinds"}
        else:
            notes.append(f"{_OF_EXPERTS[by]} of each layer and kind; a click opens a kind")
    plain = params.normalise == "none" and not seen.ratio
    wanted = module_cells.Wanted(measure, seen, kind, by, params.sort, log=log, plain=plain)
    cells = look.cells(seen.runs)
    drawn = [
        module_cells.draw(run, rows, row, grid, cell, wanted)
        for run, rows, row, grid, cell in zip(seen.runs, seen.rows, shown, grids, cells, strict=True)
    ]
    of_step = [values for one in drawn for values in one.values] if params.color_range == "this_step" else None
    when = "whole run" if of_step is None else "step " + ", ".join(str(step) for step in dict.fromkeys(at))
    color = _color(seen, when, of_step, log=log)
    layout = {key: value for one in drawn for key, value in one.layout.items()}
    if shares := [values for one in drawn for values in one.shares]:
        most = max(one.most for one in drawn)
        layout["coloraxis2"] = module_experts.share_axis(shares, most, measure, "" if of_step is None else when)
        color, layout["coloraxis2"] = scales.side_by_side(color, layout["coloraxis2"])
    if told := "; ".join(filter(None, notes)):
        meta["note"] = told
    return look.figure(
        [trace for one in drawn for trace in one.traces],
        keep=f"module_allocation at_step {kind} {len(seen.runs)}",
        meta=meta,
        coloraxis=color,
        annotations=[title for cell in cells for title in cell.titles],
        shapes=[shape for one in drawn for shape in one.shapes],
        margin={"l": 44, "r": 8, "t": 8 if len(seen.runs) == 1 else 20, "b": 74},
        bargap=0,
        **layout,
    )


def _largest(modules: Sequence[Module], values: np.ndarray, tower: str) -> str:
    """The module of this tower with the largest value, in words; empty where fewer than two are numbers, or all are alike."""
    told = np.array([module.tower == tower for module in modules]) & np.isfinite(values)
    found = values[told]
    if found.size < 2 or found.min() == found.max():
        return ""
    largest = modules[int(np.flatnonzero(told)[found.argmax()])]
    return f"largest: {largest.label}, {look.number(float(found.max()))}"


def _unused(params: ModuleAllocationParams, kinds: Sequence[str]) -> list[str]:
    """Parameters that change nothing in this picture."""
    unused = {"color_range", "sort", "experts_of"} if params.mode == "over_time" else {"order"}
    if not kinds:
        unused |= {"experts", "experts_of", "sort"}
    else:
        unused.add("experts" if params.experts_of in kinds and params.mode == "at_step" else "sort")
    return sorted(unused)


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


def _color(seen: Seen, when: str, arrays: Sequence[np.ndarray] | None = None, *, log: bool) -> dict[str, Any]:
    """The colour axis around arrays, else around all that is stored; its title says which."""
    values = [rows.values for rows in seen.rows] if arrays is None else arrays
    title = f"{seen.label} · colours: {when}"
    if seen.ratio:
        return scales.diverging(scales.symmetric_end(values), title)
    return scales.sequential(scales.ends_of(values, log=log), title, log=log)


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
