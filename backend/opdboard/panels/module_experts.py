"""Experts in the allocation picture: a column per kind, or all experts of one kind in every layer.

A layer's experts of a kind are told by their median, the largest, and the share that the largest eight have of all (of the sum of
squares, for norms).
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from opdboard.domain.measure import Measure
from opdboard.domain.modules import Module
from opdboard.panels import look, module_grid, module_values, scales
from opdboard.panels.grouping import finite_median
from opdboard.panels.series import RunSeries

TOP = 8
OPENED = "expert"
_SORTED = {"total": "by their total", "layer": "within each layer", "number": "by number"}


def kinds(grids: Sequence[Sequence[module_grid.Block]]) -> list[str]:
    """Kinds of matrices that the experts of any of the models have, as their columns are called."""
    experts = [block for grid in grids for block in grid if block.group == module_grid.EXPERTS]
    return list(dict.fromkeys(kind for block in experts for kind in block.columns))


def gathered(values: np.ndarray, parts: np.ndarray | None, statistic: str) -> np.ndarray:
    """One number for the experts along the last axis, NaN where there are none: the 'median' or the largest ('max') of values, or the
    share of the largest TOP in the sum of parts ('top').
    """
    if statistic == "top" and parts is not None:
        return top_share(parts)
    if statistic == "max":
        finite = np.isfinite(values)
        largest = np.where(finite, values, -np.inf).max(-1, initial=-np.inf)
        return np.where(finite.any(-1), largest, np.nan)
    return finite_median(values)


def top_share(parts: np.ndarray) -> np.ndarray:
    """Share of the largest TOP of what is finite along the last axis in its sum; NaN where that is 0."""
    falling = -np.sort(-np.where(np.isfinite(parts), parts, 0.0), axis=-1)
    top, total = falling[..., :TOP].sum(-1), falling.sum(-1)
    return np.divide(top, total, out=np.full(total.shape, np.nan), where=total > 0)


def share_axis(shares: Sequence[np.ndarray], most: int, measure: Measure, step: str = "") -> dict[str, Any]:
    """The colour axis of the share of the largest TOP: from what it is when all are equal, to 1; with a step, around what is drawn."""
    even = min(1.0, TOP / max(most, 1))
    ends = scales.log_ends(shares) if step else (float(np.log10(even)) if even < 1 else -1.0, 0.0)
    title = f"share of the top {TOP} experts<br>{module_values.parts_word(measure)}{step and f' · {step}'}"
    axis = scales.sequential(ends, title, log=True)
    ticks = np.linspace(*ends, 3)
    axis["colorbar"] |= {"tickvals": ticks.tolist(), "ticktext": [f"{10**tick:.0%}" for tick in ticks]}
    return axis


def hovers(
    run: RunSeries, block: module_grid.Block, values: np.ndarray, parts: np.ndarray | None, unit: str, measure: Measure
) -> list[list[list[str]]]:
    """Per cell: no module's name, which kind of which layer, its median, its largest and whose it is, its shares."""
    members = module_grid.placed(block, values)
    medians = finite_median(members)
    of_parts = None if parts is None else module_grid.placed(block, parts)
    shares = None if of_parts is None else top_share(of_parts)
    whole = 0.0 if parts is None else float(parts.sum())

    def told(layer: int, column: int) -> list[str]:
        count = int(block.counts[layer, column])
        if not count:
            return ["", f"L{layer}: no such experts", "", "", ""]
        label = f"L{layer} {block.columns[column]}, {count} expert{'s' if count > 1 else ''}"
        finite = np.isfinite(members[layer, column])
        if not finite.any():
            return ["", label, "none is finite", "", ""]
        largest = int(np.argmax(np.where(finite, members[layer, column], -np.inf)))
        expert = run.modules[block.members[layer, column, largest]].expert
        share = ""
        if of_parts is not None and shares is not None and np.isfinite(shares[layer, column]):
            share = f"top {TOP}: {shares[layer, column]:.1%} {module_values.parts_word(measure)}"
            share += f"<br>all: {np.nansum(of_parts[layer, column]) / whole:.2%} of the model's"
        return [
            "",
            label,
            f"median {look.number(medians[layer, column])}{unit}",
            f"largest {look.number(members[layer, column, largest])}{unit} (e{expert})",
            share,
        ]

    layers, columns, _ = block.members.shape
    return [[told(layer, column) for column in range(columns)] for layer in range(layers)]


def heatmap(
    run: RunSeries,
    block: module_grid.Block,
    z: np.ndarray,
    told: list[list[list[str]]],
    axes: tuple[str, str],
    *,
    share: bool,
) -> go.Heatmap:
    """A column per kind, coloured by z (layers, columns); a click opens the kind (meta.opens), and meta.columns says of each
    how its modules' names follow from {layer} and {expert}.
    """
    columns = [block.members[:, place] for place in range(len(block.columns))]
    rules = [
        named([run.modules[index] for index in members[members >= 0]], kind)
        for members, kind in zip(columns, block.columns, strict=True)
    ]
    lines = "<br>".join(f"%{{customdata[{place}]}}" for place in range(1, 5))
    return module_grid.colored(f"{run.id}:{block.group}", block, z, axes, name=run.name).update(
        customdata=told,
        hovertemplate=f"{lines}<br><i>click: each expert</i><extra></extra>",
        meta={"opens": {"parameter": "experts_of", "values": list(block.columns)}, "columns": rules},
        coloraxis="coloraxis2" if share else "coloraxis",
        hoverongaps=True,  # a median of 0 has no colour on a logarithmic scale, and yet largest and shares to tell
    )


def opened(
    run: RunSeries, grid: Sequence[module_grid.Block], kind: str, values: np.ndarray, total: np.ndarray, sort: str
) -> module_grid.Block | None:
    """Every expert of a kind as a column of its own; None where the model has no such experts.

    sort: 'total', of total (modules,) over the layers, the largest first; 'layer', each layer's by its own values, so that a column
    is a place; 'number'.
    """
    block = next((one for one in grid if one.group == module_grid.EXPERTS and kind in one.columns), None)
    if block is None:
        return None
    found = block.members[:, block.columns.index(kind)]
    numbers = np.array([run.modules[index].expert for index in found[found >= 0]], np.int64)
    known = np.unique(numbers)
    members = np.full((len(found), len(known)), -1, np.int64)
    layers = np.nonzero(found >= 0)[0]
    members[layers, np.searchsorted(known, numbers)] = found[found >= 0]
    names = [f"e{number}" for number in known]
    there = members >= 0
    if sort == "layer":
        order = np.argsort(np.where(there & np.isfinite(values[members]), -values[members], np.inf), 1, kind="stable")
        members = np.take_along_axis(members, order, 1)
        names = [f"place {place + 1}" for place in range(len(known))]
    elif sort == "total":
        sums = np.where(there, np.nan_to_num(total[members], posinf=0.0, neginf=0.0), 0.0).sum(0)
        by_total = np.argsort(-sums, kind="stable")
        members, names = members[:, by_total], [names[place] for place in by_total]
    x = np.arange(len(known), dtype=np.float64)
    return module_grid.Block(OPENED, tuple(names), x, members[..., None])


def opened_heatmap(
    run: RunSeries,
    block: module_grid.Block,
    kind: str,
    z: np.ndarray,
    values: np.ndarray,
    ranks: np.ndarray,
    unit: str,
    axes: tuple[str, str],
) -> go.Heatmap:
    """Every expert, in numbers alone: a text per cell would be megabytes. text is the expert's number, customdata its value,
    hovertext its rank; meta.module makes a module's name of layer and expert.
    """
    members = block.members[..., 0]
    there = members >= 0
    experts = np.array([-1 if one.expert is None else one.expert for one in run.modules], np.int16)
    lines = (
        f"L%{{y}} e%{{text}} {kind}",
        f"%{{customdata:.4g}}{unit}",
        f"rank %{{hovertext}} of {len(values)}",
    )
    return module_grid.colored(
        f"{run.id}:{OPENED}", block, np.where(there, z[members], np.nan), axes, name=run.name
    ).update(
        text=np.where(there, experts[members], -1),
        customdata=np.where(there, values[members], np.nan).astype(np.float32),
        hovertext=np.where(there, ranks[members], 0).astype(np.int32),
        hovertemplate="<br>".join(lines) + "<extra></extra>",
        meta={"module": named([run.modules[index] for index in members[there]], kind)},
    )


def named(modules: Sequence[Module], kind: str) -> str:
    """How the modules' names follow from {layer} and {expert}; how their labels do where names follow no rule."""
    first = modules[0]
    name = re.sub(rf"(?<=experts\.){first.expert}(?=\.)", "{expert}", first.name)
    rule = re.sub(rf"(?<=\.){first.layer}(?=\.)", "{layer}", name, count=1)
    if all(rule.replace("{layer}", str(one.layer)).replace("{expert}", str(one.expert)) == one.name for one in modules):
        return rule
    return f"{first.tower} L{{layer}} e{{expert}} {kind}".strip()


def opened_axis(block: module_grid.Block, kind: str, sort: str) -> dict[str, Any]:
    """The x axis of `opened`; ticks where they say something."""
    count = len(block.columns)
    title = f"{count} experts' {kind}, sorted {_SORTED[sort]}"
    ticks = {} if sort == "number" else {"showticklabels": False, "ticks": ""}
    return look.axis(title, range=[-0.5, count - 0.5], showgrid=False, **ticks)
