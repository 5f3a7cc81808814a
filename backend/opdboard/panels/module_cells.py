"""One run in the allocation picture at a step: its cells with their hover texts, crosses and bars."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from opdboard.domain.measure import Measure
from opdboard.panels import estimators, look, module_bars, module_experts, module_grid, module_values, scales
from opdboard.panels.module_values import Seen
from opdboard.panels.series import RunSeries, Vectors

_LINES = "<br>".join(f"%{{customdata[{place}]}}" for place in range(1, 6))


@dataclass(frozen=True)
class Wanted:
    """What is drawn of every run. kind: whose experts are shown one by one, '' for none; by, sort: see module_experts; plain: the
    colour is the stored value.
    """

    measure: Measure
    seen: Seen
    kind: str
    by: str
    sort: str
    log: bool
    plain: bool


@dataclass
class Drawn:
    """Traces and axes of a run; what is coloured by the measure, and by the experts' share, which tell the colours' ends."""

    traces: list[Any] = field(default_factory=list)
    layout: dict[str, Any] = field(default_factory=dict)
    shapes: list[dict[str, Any]] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)
    shares: list[np.ndarray] = field(default_factory=list)
    most: int = 0


def draw(
    run: RunSeries,
    rows: Vectors,
    row: int | None,
    grid: Sequence[module_grid.Block],
    cell: look.Cell,
    wanted: Wanted,
) -> Drawn:
    """The run at a row of its vectors; gaps alone where there is none."""
    measure, seen = wanted.measure, wanted.seen
    nothing = np.full(len(run.modules), np.nan)
    values = nothing if row is None else rows.values[row].astype(np.float64)
    stored = nothing if row is None else run.vectors[measure.name].values[row].astype(np.float64)
    parts = module_values.parts(measure, stored)
    unit = f" {measure.unit}" if measure.unit and wanted.plain else ""
    ranks = _ranks(stored)
    opened = (
        module_experts.opened(run, grid, wanted.kind, values, values if parts is None else parts, wanted.sort)
        if wanted.kind
        else None
    )
    grid = grid if opened is None else [opened]
    made = Drawn(shapes=module_grid.separators(grid, cell.axes))
    for block in grid:
        members = module_grid.placed(block, values)
        if block.group == module_grid.EXPERTS:
            made.most = int(block.counts.max(initial=0))
            share = wanted.by == "top"
            of_parts = None if parts is None else module_grid.placed(block, parts)
            shown = module_experts.gathered(members, of_parts, wanted.by)
            (made.shares if share else made.values).append(shown)
            z = scales.exponents_or_values(shown, log=wanted.log or share)
            told = module_experts.hovers(run, block, values, parts, unit, measure)
            made.traces.append(module_experts.heatmap(run, block, z, told, cell.axes, share=share))
            continue
        made.values.append(members[..., 0])
        z = scales.exponents_or_values(values, log=wanted.log)
        if block is opened:
            made.traces.append(
                module_experts.opened_heatmap(run, block, wanted.kind, z, values, ranks, unit, cell.axes)
            )
        else:
            indices = np.unique(block.members[block.members >= 0])
            hovers = _hovers(run, indices, stored, values, parts, ranks, _made_by(run, rows, row, measure), wanted)
            uid = f"{run.id}:{block.group}"
            made.traces.append(module_grid.heatmap(uid, block, z, hovers, _LINES, cell.axes, name=run.name))
    odd = ~np.isfinite(values) if row is not None else np.zeros(len(values), bool)
    made.traces.append(module_grid.marks(f"{run.id}:odd", grid, odd, stored, cell.axes))
    bars = len(seen.runs) == 1
    x, y = module_grid.grid_axes(grid, (0.0, module_bars.HEAT if bars else 0.94), titled=cell.first)
    if opened is not None:
        x = module_experts.opened_axis(opened, wanted.kind, wanted.sort)
    made.layout = cell.layout(x | ({"domain": (0.0, module_bars.HEAT)} if bars else {"tickfont": {"size": 9}}), y)
    if bars and grid:
        made.traces += module_bars.bars(run.id, grid, values, seen)
        made.layout |= module_bars.axes()
    return made


def _made_by(run: RunSeries, rows: Vectors, row: int | None, measure: Measure) -> list[str]:
    return estimators.per_module(run, measure.name, int(rows.steps[row]) if row is not None else -1)


def _ranks(stored: np.ndarray) -> np.ndarray:
    """1 for the largest; what is not finite comes last."""
    order = np.argsort(np.where(np.isfinite(stored), -stored, np.inf), kind="stable")
    ranks = np.empty(len(stored), np.int64)
    ranks[order] = np.arange(1, len(stored) + 1)
    return ranks


def _hovers(
    run: RunSeries,
    indices: np.ndarray,
    stored: np.ndarray,
    values: np.ndarray,
    parts: np.ndarray | None,
    ranks: np.ndarray,
    made_by: list[str],
    wanted: Wanted,
) -> dict[int, tuple[str, ...]]:
    """Per module of indices: name, label, stored value with unit and what made it, its share, its rank, its value as coloured. Lines
    are short, so that the label finds room beside the cell.
    """
    unit = f" {wanted.measure.unit}" if wanted.measure.unit else ""
    total = 0.0 if parts is None else float(parts.sum())
    word = module_values.parts_word(wanted.measure)
    told = {}
    for index in indices.tolist():
        module, good = run.modules[index], np.isfinite(stored[index])
        estimator = f"<br>{made_by[index].replace(', ', '<br>')}" if made_by[index] else ""
        told[index] = (
            module.name,
            module.label,
            f"{wanted.measure.brief} {look.number(float(stored[index]))}{unit}{estimator}",
            f"{parts[index] / total:.2%} {word}" if good and parts is not None and total > 0 else "",
            f"rank {ranks[index]} of {len(stored)}" if good else "",
            "" if wanted.plain else f"as coloured: {look.number(float(values[index]))}",
        )
    return told
