"""The second mode of the allocation picture: every module's history as one row of colour."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from opdboard.domain.measures import Measure
from opdboard.domain.modules import KINDS, Module
from opdboard.panels import look, scales
from opdboard.panels.series import RunSeries, Vectors

MAX_COLUMNS = 512


def figure(
    series: Sequence[RunSeries],
    stored: Sequence[Vectors],
    measure: Measure,
    color: dict[str, Any],
    order: str,
    *,
    log: bool,
    meta: dict[str, Any],
) -> go.Figure:
    """x = step, y = modules; the y value of a row is the module's label, and meta.choices.module maps labels to names."""
    traces: list[go.Heatmap] = []
    axes: dict[str, Any] = {}
    domains = look.cells(len(series), gap=0.14)
    notes = []
    for index, (run, rows, domain) in enumerate(zip(series, stored, domains, strict=True)):
        listed = rows_bottom_up(run.modules, order)
        steps, values, width = columns(rows)
        if width > 1:
            notes.append(f"{run.name}: each column is the largest of {width} steps")
        z = scales.exponents_or_values(values, log=log).T.astype(np.float32)
        names = (look.axis_name("x", index), look.axis_name("y", index))
        traces.append(
            go.Heatmap(
                uid=f"{run.id}:history",
                x=steps.astype(np.float64),
                y=[run.modules[row].label for row in listed],
                z=z[listed] if len(z) else np.empty((len(listed), 0), np.float32),
                coloraxis="coloraxis",
                hoverongaps=False,
                hovertemplate=f"%{{y}}, step %{{x}}<br>{_hover_value(measure, log=log)}<extra></extra>",
                xaxis=names[0],
                yaxis=names[1],
            )
        )
        axes[look.axis_key("x", index)] = look.axis("optimizer step t", domain=domain, anchor=names[1], showgrid=False)
        axes[look.axis_key("y", index)] = look.axis(
            "", anchor=names[0], showgrid=False, type="category", tickfont={"size": 9}
        )
    meta = {key: value for key, value in meta.items() if key != "step"} | {"note": "; ".join(notes) or None}
    titles = (
        [look.cell_title(run, domain) for run, domain in zip(series, domains, strict=True)] if len(series) > 1 else []
    )
    return look.figure(
        traces,
        keep=f"module_allocation over_time {order} {len(series)}",
        meta=meta,
        coloraxis=color | {"colorbar": color["colorbar"] | {"y": -0.2}},
        annotations=titles,
        margin={"l": 56, "r": 8, "t": 20 if titles else 8, "b": 76},
        **axes,
    )


def _hover_value(measure: Measure, *, log: bool) -> str:
    return f"{measure.name} = 10^%{{z:.2f}}" if log else f"{measure.name} = %{{z:.4g}}"


def rows_bottom_up(modules: Sequence[Module], order: str) -> list[int]:
    """Module indices from the bottom row to the top: the last layer on top, within kinds or across them."""

    def place(index: int) -> tuple[int, int]:
        module = modules[index]
        kind = -KINDS.index(module.kind)
        return (kind, module.layer) if order == "kind" else (module.layer, kind)

    return sorted(range(len(modules)), key=place)


def columns(rows: Vectors) -> tuple[np.ndarray, np.ndarray, int]:
    """Steps and values (S, modules) to draw, and steps per column: above MAX_COLUMNS the largest per power-of-two bin."""
    width = 1
    bins = rows.steps
    while len(np.unique(bins)) > MAX_COLUMNS:
        width *= 2
        bins = rows.steps // width
    if width == 1:
        return rows.steps, rows.values, 1
    kept, starts = np.unique(bins, return_index=True)
    return kept * width, np.fmax.reduceat(rows.values, starts, axis=0), width
