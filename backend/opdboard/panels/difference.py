"""Where do two runs differ? The same statistic of the same modules at a shared step, one against the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.measures import MODULE_STATISTICS
from opdboard.domain.modules import Module
from opdboard.panels import diverging, look, module_grid, scales
from opdboard.panels.module_allocation import ModuleStatistic
from opdboard.panels.panel import Panel, PanelParams, Step
from opdboard.panels.series import Needs, RunSeries, VectorNeed, Vectors
from opdboard.panels.table import Column, Table, of_modules


class DifferenceParams(PanelParams):
    """Which statistic, when, and how the two are set against each other."""

    statistic: ModuleStatistic = Field(default="update_norm", description="What is compared.")
    step: Step | None = Field(
        default=None,
        description="Step that both have; empty follows the latest.",
        json_schema_extra={"x-control": "step"},
    )
    mode: Literal["log_ratio", "difference"] = Field(
        default="log_ratio", description="log2 of second run over first (1 = twice as large), or second minus first."
    )


_WORDS = {"log_ratio": "log2 ratio", "difference": "difference"}


def _needs(params: DifferenceParams) -> Needs:
    return Needs(vectors=(VectorNeed(params.statistic),))


@dataclass(frozen=True)
class _Pairs:
    """Modules that both runs have, by name, at the steps that both have: values (S, modules) of each, and compared.

    row: that of the step shown; None where they share none.
    """

    modules: list[Module]
    steps: np.ndarray
    left: np.ndarray
    right: np.ndarray
    compared: np.ndarray
    row: int | None


def _pairs(series: Sequence[RunSeries], params: DifferenceParams) -> _Pairs:
    first, second = series
    rows = (first.vectors[params.statistic], second.vectors[params.statistic])
    shared = np.intersect1d(rows[0].steps, rows[1].steps)
    places = {module.name: index for index, module in enumerate(second.modules)}
    found = [(index, places[module.name]) for index, module in enumerate(first.modules) if module.name in places]
    left, right = _at(rows[0], shared, [pair[0] for pair in found]), _at(rows[1], shared, [pair[1] for pair in found])
    compared = compare(left, right, params.mode)
    return _Pairs(
        [first.modules[index] for index, _ in found], shared, left, right, compared, _row(shared, params.step)
    )


def figure(series: Sequence[RunSeries], params: DifferenceParams) -> go.Figure:
    """Modules that both runs have, by name; the diverging scale is centred on zero and fits the step that is drawn."""
    first, second = series
    measure = MODULE_STATISTICS[params.statistic]
    pairs = _pairs(series, params)
    modules, shared, compared, row = pairs.modules, pairs.steps, pairs.compared, pairs.row
    z = compared[row] if row is not None else np.full(len(modules), np.nan)
    grid = module_grid.blocks(modules)
    hovers = [
        (module.name, module.label, f"{first.name}: {look.number(a)}", f"{second.name}: {look.number(b)}", look.number(d))
        for module, a, b, d in zip(modules, *(values[row] for values in (pairs.left, pairs.right, compared)), strict=True)
    ] if row is not None else [(module.name, module.label, "", "", "") for module in modules]  # fmt: skip
    word = _WORDS[params.mode]
    template = "%{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]}<br>" + word + " %{customdata[4]}"
    traces: list[Any] = [module_grid.heatmap(f"difference:{b.group}", b, z, hovers, template, ("x", "y")) for b in grid]
    odd = ~np.isfinite(z) if row is not None else np.zeros(len(z), bool)
    traces.append(module_grid.marks("difference:odd", grid, odd, z, ("x", "y"), "cannot be compared"))
    x, y = module_grid.grid_axes(grid, (0.0, 1.0), titled=True)
    title = f"{word} of {look.measure_label(measure)}"
    return look.figure(
        traces,
        keep="difference",
        meta={
            "steps": shared.tolist(),
            "step": int(shared[row]) if row is not None else None,
            "note": _note(first, second, len(modules), None if row is None else int(shared[row])),
            "empty": row is None or not modules,
        },
        xaxis={**x, "domain": (0.0, 1.0)},
        shapes=module_grid.separators(grid, ("x", "y")),
        yaxis=y,
        coloraxis=diverging.colors(z, title),
        margin={"l": 44, "r": 8, "t": 8, "b": 62},
    )


def table(series: Sequence[RunSeries], params: DifferenceParams) -> Table:
    """Both runs' values of each module at the step shown, and how they compare."""
    pairs = _pairs(series, params)
    unit = MODULE_STATISTICS[params.statistic].unit
    at = "" if pairs.row is None else f", step {pairs.steps[pairs.row]}"
    columns = [
        *(Column(f"{run.name}{at}", unit) for run in series),
        Column(f"{_WORDS[params.mode]} of {params.statistic}"),
    ]
    values = [pairs.left, pairs.right, pairs.compared]
    cells = [] if pairs.row is None else [each[pairs.row] for each in values]
    return of_modules([("", pairs.modules if cells else [], cells)], columns)


def _at(rows: Vectors, steps: np.ndarray, modules: Sequence[int]) -> np.ndarray:
    if not len(steps):
        return np.empty((0, len(modules)))
    return rows.values[np.searchsorted(rows.steps, steps)][:, list(modules)].astype(np.float64)


def compare(left: np.ndarray, right: np.ndarray, mode: str) -> np.ndarray:
    """log2(right / left), NaN where either is not positive and finite; or right - left, NaN where either is not finite."""
    if mode == "difference":
        finite = np.isfinite(left) & np.isfinite(right)
        return np.subtract(right, left, out=np.full(left.shape, np.nan), where=finite)
    return (scales.log10_or_nan(right) - scales.log10_or_nan(left)) / np.log10(2)


def _row(shared: np.ndarray, step: int | None) -> int | None:
    if not len(shared):
        return None
    return len(shared) - 1 if step is None else max(0, int(np.searchsorted(shared, step, side="right")) - 1)


def _note(first: RunSeries, second: RunSeries, modules: int, step: int | None) -> str:
    if not modules and first.modules and second.modules:
        return "the two models have no module of the same name"
    if step is None:
        return "the two runs have no step in common yet"
    return (
        f"{second.name} at step {step} against {first.name} at step {step}; red: larger in {second.name}, blue: larger "
        f"in {first.name}; colours fit this step"
    )


PANEL = Panel(
    name="difference",
    title="Where do the two runs differ?",
    description="A statistic of every module, second run against first, at a step that both have.",
    params=DifferenceParams,
    topics=(Topic.MODULES,),
    needs=_needs,
    figure=figure,
    table=table,
    min_runs=2,
    max_runs=2,
)
