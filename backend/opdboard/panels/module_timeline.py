"""The second mode of the allocation picture: every module's history as one row of colour."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from opdboard.domain.modules import KINDS, Module
from opdboard.panels import look, scales
from opdboard.panels.module_values import Seen
from opdboard.panels.series import RunSeries, Vectors
from opdboard.panels.table import MODULE, RUN, STEP, Column, Row, Table

MAX_COLUMNS = 512
MAX_MARKS = 2000


def figure(
    seen: Seen, color: dict[str, Any], order: str, *, log: bool, meta: dict[str, Any], notes: Sequence[str]
) -> go.Figure:
    """x = step, y = modules; a row's y value is its module's label, and the trace's meta.modules lists the rows' names."""
    traces: list[Any] = []
    axes: dict[str, Any] = {}
    titles: list[dict[str, Any]] = []
    sentences = list(notes)
    for run, rows, cell in zip(seen.runs, seen.rows, look.cells(seen.runs, gap=0.14), strict=True):
        listed = rows_bottom_up(run.modules, order)
        steps, values, width = columns(rows, by_size=seen.ratio)
        if width > 1:
            sentences.append(
                f"{run.name}: each column is the {'farthest from 0' if seen.ratio else 'largest'} of {width} steps"
            )
        traces += [
            _rows(run, seen, listed, steps, values, cell.axes, log=log),
            _marks(run, listed, steps, values, cell.axes, drawn=not seen.ratio),
        ]
        axes |= cell.layout(
            look.axis("optimizer step t", showgrid=False),
            look.axis("", showgrid=False, type="category", tickfont={"size": 9}),
        )
        titles += cell.titles
    meta = {key: value for key, value in meta.items() if key not in ("step", "steps")} | {
        "note": "; ".join(sentences) or None
    }
    return look.figure(
        traces,
        keep=f"module_allocation over_time {order} {len(seen.runs)}",
        meta=meta,
        coloraxis=color | {"colorbar": color["colorbar"] | {"y": -0.2}},
        annotations=titles,
        margin={"l": 56, "r": 8, "t": 20 if titles else 8, "b": 76},
        **axes,
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


def _rows(
    run: RunSeries,
    seen: Seen,
    listed: Sequence[int],
    steps: np.ndarray,
    values: np.ndarray,
    axes: tuple[str, str],
    *,
    log: bool,
) -> go.Heatmap:
    z = scales.exponents_or_values(values, log=log).T.astype(np.float32)
    value = "10^%{z:.2f}" if log else "%{z:.4g}"
    return go.Heatmap(
        uid=f"{run.id}:history",
        name=run.name,
        x=steps.astype(np.float64),
        y=[run.modules[row].label for row in listed],
        z=z[listed] if len(z) else np.empty((len(listed), 0), np.float32),
        meta={"modules": [run.modules[row].name for row in listed]},
        coloraxis="coloraxis",
        hoverongaps=False,
        hovertemplate=f"%{{y}}, step %{{x}}<br>{seen.label} = {value}<extra></extra>",
        xaxis=axes[0],
        yaxis=axes[1],
    )


def _marks(
    run: RunSeries,
    listed: Sequence[int],
    steps: np.ndarray,
    values: np.ndarray,
    axes: tuple[str, str],
    *,
    drawn: bool,
) -> go.Scatter:
    """Crosses where a value is not finite, the first MAX_MARKS of them; where nothing can be compared there are gaps."""
    odd = np.argwhere(~np.isfinite(values[:, listed]))[:MAX_MARKS] if drawn and values.size else np.empty((0, 2), int)
    return go.Scatter(
        uid=f"{run.id}:odd",
        name="not finite",
        x=steps[odd[:, 0]].astype(np.float64),
        y=[run.modules[listed[row]].label for row in odd[:, 1]],
        text=[look.number(float(values[column, listed[row]])) for column, row in odd],
        mode="markers",
        marker={"symbol": "x-thin-open", "size": 6, "color": look.OKABE_ITO[4]},
        hovertemplate="%{y}, step %{x}: %{text}<extra></extra>",
        xaxis=axes[0],
        yaxis=axes[1],
    )


def rows_bottom_up(modules: Sequence[Module], order: str) -> list[int]:
    """Module indices from the bottom row to the top: the last layer on top, within kinds or across them."""

    def place(index: int) -> tuple[int, int, int]:
        module = modules[index]
        kind = -KINDS.index(module.kind)
        expert = -1 if module.expert is None else module.expert
        return (kind, module.layer, -expert) if order == "kind" else (module.layer, kind, -expert)

    return sorted(range(len(modules)), key=place)


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
