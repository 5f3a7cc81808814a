"""Lines over steps, labelled at their ends or in a legend: what module histories, spectra and alignments share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from opdboard.domain.measure import ANY, Bounds
from opdboard.panels import labels, look, ranges
from opdboard.panels.grouping import finite_extremes, finite_mean, groups
from opdboard.panels.series import RunSeries, Vectors
from opdboard.panels.table import STEP, Column, Points, Table, over

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


@dataclass(frozen=True)
class Line:
    """One line: y over x (float64; gaps are NaN), and the band around it where there is one; mark: a run's, None of a part."""

    uid: str
    name: str
    color: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    dash: str = "solid"
    mark: look.Mark | None = None


def traces(line: Line, axes: tuple[str, str] = ("x", "y"), *, odd_axis: str | None = None) -> list[go.Scatter]:
    """The band (uid:band), the line (uid), and with odd_axis marks on that axis where y is not finite (uid:odd)."""
    drawn: list[go.Scatter] = []
    on: dict[str, Any] = {"xaxis": axes[0], "legendgroup": line.uid}
    if line.low is not None and line.high is not None:
        there = np.isfinite(line.low) & np.isfinite(line.high)
        drawn.append(
            go.Scatter(
                uid=f"{line.uid}:band",
                x=np.concatenate([line.x[there], line.x[there][::-1]]),
                y=np.concatenate([line.high[there], line.low[there][::-1]]),
                fill="toself",
                fillcolor=look.faded(line.color, 0.15),
                line={"width": 0},
                mode="lines",
                hoverinfo="skip",
                showlegend=False,
                yaxis=axes[1],
                **on,
            )
        )
    drawn.append(
        go.Scatter(
            uid=line.uid,
            name=line.name,
            x=line.x,
            y=np.where(np.isfinite(line.y), line.y, np.nan),
            mode="lines+markers",
            line={"color": line.color, "dash": line.dash, "width": 1.75},
            marker=look.marker(line.color, line.mark),
            hovertemplate="%{y:.4g}<extra>%{fullData.name}</extra>",
            yaxis=axes[1],
            **on,
        )
    )
    if odd_axis is not None:
        odd = ~np.isfinite(line.y)
        drawn.append(
            go.Scatter(
                uid=f"{line.uid}:odd",
                name=f"{line.name}: not finite",
                x=line.x[odd],
                y=np.where(np.isneginf(line.y[odd]), 0.0, 1.0),
                text=[look.number(float(value)) for value in line.y[odd]],
                mode="markers",
                marker={"symbol": "x-thin-open", "size": 8, "color": line.color},
                cliponaxis=False,
                showlegend=False,
                hovertemplate="%{text}<extra>%{fullData.name}</extra>",
                yaxis=odd_axis,
                **on,
            )
        )
    return drawn


def figure(
    lines: Sequence[Line],
    *,
    keep: str,
    meta: dict[str, Any],
    y_title: str,
    log: bool = False,
    bounds: Sequence[Bounds] = (ANY,),
    odd_axis: str | None = "y2",
    **layout: Any,
) -> go.Figure:
    """All lines in one plot, over the optimizer step where the layout does not say otherwise; bounds: of what is measured."""
    named = [labels.label_of(line.name, line.color, line.x, line.y, line.mark, log_y=log) for line in lines]
    span = labels.span_of([line.y for line in lines], log=log)
    return look.figure(
        [trace for line in lines for trace in traces(line, odd_axis=odd_axis)],
        keep=keep,
        meta={**meta, "empty": not any(len(line.x) for line in lines)},
        **{
            "xaxis": look.axis("optimizer step t", **ranges.of_steps([line.x for line in lines])),
            "yaxis": look.axis(
                y_title,
                type="log" if log else "linear",
                **ranges.of_values(bounds, [line.y for line in lines], log=log),
            ),
            **({"yaxis2": look.EDGES} if odd_axis else {}),
            "hovermode": "x unified",
            "showlegend": len(lines) > labels.MOST,
            "annotations": labels.end_labels(named, span, log_y=log),
            **layout,
        },
    )


def of_groups(run: RunSeries, rows: Vectors, grouping: str) -> list[Line]:
    """A line per group of modules through their mean, in the group's colour, with the smallest and the largest as its band."""
    drawn = []
    for number, (name, members) in enumerate(groups(run.modules, grouping).items()):
        values = rows.values[:, members].astype(np.float64)
        color = look.GROUP_COLORS.get(name) or look.part_color(run, number)
        x, mean, (low, high) = rows.steps.astype(np.float64), finite_mean(values), finite_extremes(values)
        drawn.append(Line(f"{run.id}:{name}", name, color, x, mean, low, high))
    return drawn


def table(
    lines: Sequence[Line],
    unit: str,
    x: Column = STEP,
    *,
    ends: tuple[str, str] = ("lowest", "highest"),
    beside: Sequence[Points] = (),
) -> Table:
    """A column per line over their x, and two for the ends of its band; beside: columns that are no lines."""
    parts: list[Points] = []
    for line in lines:
        parts.append(Points(Column(line.name, unit), line.x, line.y))
        for end, height in zip(ends, (line.low, line.high), strict=True):
            if height is not None:
                there = np.isfinite(height)
                parts.append(Points(Column(f"{line.name}, {end}", unit), line.x[there], height[there]))
    return over(x, [*parts, *beside])
