"""The second mode of the allocation picture: every module's history as one row of colour, the experts of a layer and kind as one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
import plotly.graph_objects as go

from opdboard.domain.measure import Measure
from opdboard.domain.modules import KINDS, Module
from opdboard.panels import look, module_experts, module_grid, module_values, scales
from opdboard.panels.module_values import Seen
from opdboard.panels.series import RunSeries, Vectors
from opdboard.panels.table import MODULE, RUN, STEP, Column, Row, Table

MAX_COLUMNS = 512
MAX_MARKS = 2000
_MOST_TICKS = 12


@dataclass(frozen=True)
class Wanted:
    """What is drawn. order: of rows, by 'kind' or 'depth'; by: what stands for a layer's experts, see module_experts."""

    measure: Measure
    seen: Seen
    order: str
    by: str
    log: bool


@dataclass(frozen=True)
class Line:
    """A row of the picture: its modules, more than one only where they are experts; the block of rows that it belongs to."""

    label: str
    block: str
    layer: int
    modules: tuple[int, ...]
    experts: bool


def figure(wanted: Wanted, color: dict[str, Any], *, meta: dict[str, Any], notes: Sequence[str]) -> go.Figure:
    """x = step, y = modules; a row's y value is its module's label, and the trace's meta.modules lists the rows' names ('' for experts
    together); blocks of rows are named beside them.
    """
    seen = wanted.seen
    traces: list[Any] = []
    layout: dict[str, Any] = {"shapes": []}
    titles: list[dict[str, Any]] = []
    sentences = list(notes)
    most = 0
    for run, rows, cell in zip(seen.runs, seen.rows, look.cells(seen.runs, gap=0.14), strict=True):
        listed = lines_bottom_up(run.modules, wanted.order)
        most = max([most, *(len(line.modules) for line in listed if line.experts)])
        values, odd = _gathered(run, rows, listed, wanted)
        steps, values, width = columns(replace(rows, values=values), by_size=seen.ratio)
        if width > 1:
            sentences.append(
                f"{run.name}: each column is the {'farthest from 0' if seen.ratio else 'largest'} of {width} steps"
            )
            starts = np.unique(rows.steps // width, return_index=True)[1]
            odd = np.logical_and.reduceat(odd, starts, axis=0)
        traces += _rows(run, listed, steps, values, cell.axes, wanted)
        traces.append(_marks(run, listed, steps, values, odd if not seen.ratio else np.zeros_like(odd), cell.axes))
        ticks, between = _blocks(listed, wanted.order)
        y = {"type": "category", "showticklabels": False, "ticks": ""}
        layout |= cell.layout(look.axis("optimizer step t", showgrid=False), look.axis("", showgrid=False, **y))
        layout["shapes"] += [_between(place, cell.axes) for place in between]
        titles += [*cell.titles, *(_block(place, name, cell.axes) for place, name in ticks.items())]
    if most and wanted.by == "top":
        shares = module_experts.share_axis([], most, wanted.measure)
        color, layout["coloraxis2"] = scales.side_by_side(color, shares)
    meta = {key: value for key, value in meta.items() if key not in ("step", "steps")} | {
        "note": "; ".join(sentences) or None
    }
    return look.figure(
        traces,
        keep=f"module_allocation over_time {wanted.order} {len(seen.runs)}",
        meta=meta,
        coloraxis=color | {"colorbar": color["colorbar"] | {"y": -0.2}},
        annotations=titles,
        margin={"l": 68, "r": 8, "t": 20 if len(seen.runs) > 1 else 8, "b": 76},
        **layout,
    )


def table(seen: Seen) -> Table:
    """A row per run, module and step."""
    several = len(seen.runs) > 1
    columns = [*((RUN,) if several else ()), *MODULE, STEP, Column(seen.label)]

    def rows() -> Iterator[Row]:
        for run, vectors in zip(seen.runs, seen.rows, strict=True):
            of_run = (run.name,) if several else ()
            for module, values in zip(run.modules, vectors.values.T, strict=True):
                for step, value in zip(vectors.steps.tolist(), values.tolist(), strict=True):
                    yield *of_run, module.label, module.name, step, value

    return Table(columns, sum(rows.values.size for rows in seen.rows), rows)


def _gathered(run: RunSeries, rows: Vectors, listed: Sequence[Line], wanted: Wanted) -> tuple[np.ndarray, np.ndarray]:
    """Of every step and row (S, rows) the value that is coloured, and whether a module's is not finite."""
    values = np.empty((len(rows.steps), len(listed)))
    odd = np.empty(values.shape, bool)
    stored = run.vectors[wanted.measure.name].values
    for place, line in enumerate(listed):
        modules = list(line.modules)
        own = rows.values[:, modules].astype(np.float64)
        odd[:, place] = ~np.isfinite(own).all(1)
        if not line.experts:
            values[:, place] = own[:, 0]
            continue
        parts = module_values.parts(wanted.measure, stored[:, modules]) if wanted.by == "top" else None
        values[:, place] = module_experts.gathered(own, parts, wanted.by)
    return values, odd


def _rows(
    run: RunSeries,
    listed: Sequence[Line],
    steps: np.ndarray,
    values: np.ndarray,
    axes: tuple[str, str],
    wanted: Wanted,
) -> list[go.Heatmap]:
    """All rows; those of the experts' shares on a colour axis of their own."""
    shares = np.array([line.experts and wanted.by == "top" for line in listed], bool)

    def heatmap(key: str, coloraxis: str, there: np.ndarray, label: str, *, log: bool) -> go.Heatmap:
        z = np.where(there[:, None], scales.exponents_or_values(values, log=log).T, np.nan).astype(np.float32)
        value = "10<sup>%{z:.2f}</sup>" if log else "%{z:.4g}"
        return go.Heatmap(
            uid=f"{run.id}:{key}",
            name=run.name,
            x=steps.astype(np.float64),
            y=[line.label for line in listed],
            z=z,
            meta={"modules": ["" if line.experts else run.modules[line.modules[0]].name for line in listed]},
            coloraxis=coloraxis,
            hoverongaps=False,
            hovertemplate=f"%{{y}}<br>step %{{x}}<br>{label}{value}<extra></extra>",
            xaxis=axes[0],
            yaxis=axes[1],
        )

    made = [heatmap("history", "coloraxis", ~shares, "", log=wanted.log)]
    if shares.any():
        made.append(heatmap("shares", "coloraxis2", shares, "share of the top 8: ", log=True))
    return made


def _marks(
    run: RunSeries,
    listed: Sequence[Line],
    steps: np.ndarray,
    values: np.ndarray,
    odd: np.ndarray,
    axes: tuple[str, str],
) -> go.Scatter:
    """Crosses where odd (S, rows), the first MAX_MARKS of them; where nothing can be compared there are gaps."""
    places = np.argwhere(odd)[:MAX_MARKS] if values.size else np.empty((0, 2), int)
    texts = [
        "of some experts" if np.isfinite(values[column, row]) else look.number(float(values[column, row]))
        for column, row in places
    ]
    return go.Scatter(
        uid=f"{run.id}:odd",
        name="not finite",
        x=steps[places[:, 0]].astype(np.float64),
        y=[listed[row].label for row in places[:, 1]],
        text=texts,
        mode="markers",
        marker={"symbol": "x-thin-open", "size": 6, "color": look.OKABE_ITO[4]},
        hovertemplate="%{y}, step %{x}: %{text}<extra></extra>",
        xaxis=axes[0],
        yaxis=axes[1],
    )


def lines_bottom_up(modules: Sequence[Module], order: str) -> list[Line]:
    """Rows from the bottom to the top: the last layer on top, within kinds or across them; experts below all else of a layer."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for index, module in enumerate(modules):
        part = module.part or ("shared" if module.shared else "")
        kind = (module.expert is None, -KINDS.index(module.kind), part)
        within = (*kind, module.layer) if order == "kind" else (module.layer, *kind)
        found.setdefault((module.tower, *within), []).append(index)
    towers = sorted({key[0] for key in found}, reverse=True)  # the language model, '', on top
    return [_line(modules, tuple(found[key])) for tower in towers for key in sorted(found) if key[0] == tower]


def _line(modules: Sequence[Module], members: tuple[int, ...]) -> Line:
    module = modules[members[0]]
    if module.expert is None:
        words = (module.tower, module.part or ("shared" if module.shared else ""), module.kind)
        return Line(module.label, " ".join(word for word in words if word), module.layer, members, experts=False)
    words = (module.tower, f"L{module.layer}", module.part, module.kind, f"×{len(members)}")
    block = " ".join(word for word in (module.tower, "experts", module.part, module.kind) if word)
    return Line(" ".join(word for word in words if word), block, module.layer, members, experts=True)


def _blocks(listed: Sequence[Line], order: str) -> tuple[dict[float, str], list[float]]:
    """Where ticks stand and what they say, and where thin lines part the rows: kinds, or a dozen layers and every tenth."""
    ticks: dict[float, str] = {}
    between: list[float] = []
    layers = 1 + max((line.layer for line in listed), default=0)
    every = next(width for width in (1, 2, 5, 10, 20, 50, 100, 1000) if layers <= width * _MOST_TICKS)
    start = 0
    for name, rows in groupby(listed, key=lambda line: line.block if order == "kind" else line.layer):
        count = len(list(rows))
        if isinstance(name, str) or name % every == 0:
            ticks[start + (count - 1) / 2] = name if isinstance(name, str) else f"L{name}"
        if start and (isinstance(name, str) or (name % 10 == 0 and layers > 20)):
            between.append(start - 0.5)
        start += count
    return ticks, between


def _block(place: float, name: str, axes: tuple[str, str]) -> dict[str, Any]:
    """A block's name beside its middle; as a tick's text it would be the hover text of the rows near by."""
    at = {"xref": f"{axes[0]} domain", "x": 0, "xanchor": "right", "yref": axes[1], "y": place}
    return {"text": name, "showarrow": False, "font": {"size": 9}, **at}


def _between(place: float, axes: tuple[str, str]) -> dict[str, Any]:
    ends = {"xref": f"{axes[0]} domain", "x0": 0, "x1": 1, "yref": axes[1], "y0": place, "y1": place}
    return {"type": "line", "line": module_grid.SEPARATOR, **ends}


def columns(rows: Vectors, *, by_size: bool = False) -> tuple[np.ndarray, np.ndarray, int]:
    """Steps and values (S, modules) to draw, and steps per column.

    Above MAX_COLUMNS a column is the largest per power-of-two bin, or with by_size the one farthest from zero.
    """
    width = 1
    bins = rows.steps
    while len(np.unique(bins)) > MAX_COLUMNS:
        width *= 2
        bins = rows.steps // width
    if width == 1:
        return rows.steps, rows.values, 1
    kept, starts = np.unique(bins, return_index=True)
    largest = np.fmax.reduceat(rows.values, starts, axis=0)
    if by_size:
        smallest = np.fmin.reduceat(rows.values, starts, axis=0)
        largest = np.where(-smallest > largest, smallest, largest)
    return kept * width, largest, width
