"""The traces of a curve of scalars: its line, the marks of what cannot be drawn, members and interval of a mean."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from opdboard.panels import look
from opdboard.panels.curves import Curve, MeanCurve
from opdboard.panels.smoothing import smoothed


@dataclass(frozen=True)
class Pen:
    """How a line is named and drawn; few: it has few points, so that they are marked also where it is drawn alone."""

    uid: str
    name: str
    color: str
    dash: str
    mark: look.Mark
    few: bool


@dataclass(frozen=True)
class Style:
    """What holds for all lines of a picture. crowded: too many lines for marks; compared: of several runs."""

    log: bool
    smoothing: float
    crowded: bool
    compared: bool


def main_line(pen: Pen, curve: Curve, chosen: np.ndarray, style: Style) -> list[go.Scatter]:
    """The line (uid), raw and faint beneath it when it is smoothed (uid:raw), and marks at the edge (uid:odd).

    On a crowded picture the marks are there only when there is something to mark.
    """
    x, y = curve.x[chosen], curve.y[chosen]
    drawable = _drawable(y, style)
    raw = np.where(drawable, y, np.nan)
    common: dict[str, Any] = {
        "name": pen.name,
        "legendgroup": pen.uid,
        "hovertemplate": "%{y:.4g}<extra>%{fullData.name}</extra>",
    }
    line = {"color": pen.color, "dash": pen.dash, "width": 1.75}
    marks = [_odd(pen, x, y, drawable, style)] if not style.crowded or not drawable.all() else []
    marked = not style.crowded and (style.compared or (pen.few and not style.smoothing))
    mode, marker = "lines+markers" if marked else "lines", look.marker(pen.color, pen.mark)
    if not style.smoothing:
        return [go.Scatter(uid=pen.uid, x=x, y=raw, mode=mode, line=line, marker=marker, **common), *marks]
    faint = go.Scatter(
        uid=f"{pen.uid}:raw",
        x=x,
        y=raw,
        mode="lines",
        line={**line, "width": 1},
        opacity=0.25,
        showlegend=False,
        legendgroup=pen.uid,
        hoverinfo="skip",
    )
    smooth = go.Scatter(
        uid=pen.uid, x=x, y=smoothed(raw, style.smoothing), mode=mode, line=line, marker=marker, **common
    )
    return [faint, smooth, *marks]


def _drawable(y: np.ndarray, style: Style) -> np.ndarray:
    return np.isfinite(y) & ((y > 0) if style.log else True)


def _odd(pen: Pen, x: np.ndarray, y: np.ndarray, drawable: np.ndarray, style: Style) -> go.Scatter:
    edge = np.where(np.isnan(y) | (y > 0), 1.0, 0.0)[~drawable]
    return go.Scatter(
        uid=f"{pen.uid}:odd",
        x=x[~drawable],
        y=edge,
        yaxis="y2",
        mode="markers",
        marker={"symbol": "x-thin-open", "size": 8, "color": pen.color},
        cliponaxis=False,
        name=f"{pen.name}: not finite" + (" or not positive" if style.log else ""),
        legendgroup=pen.uid,
        showlegend=False,
        hovertemplate="%{fullData.name}<extra></extra>",
    )


def member(pen: Pen, run_id: str, curve: Curve, chosen: np.ndarray, style: Style) -> go.Scatter:
    """One member of a group, faint (uid/run)."""
    y = curve.y[chosen]
    return go.Scatter(
        uid=f"{pen.uid}/{run_id}",
        name=f"{pen.name}: {run_id}",
        x=curve.x[chosen],
        y=np.where(_drawable(y, style), y, np.nan),
        mode="lines",
        line={"color": look.faded(pen.color, 0.35), "width": 1},
        legendgroup=pen.uid,
        showlegend=False,
        hoverinfo="skip",
    )


def band(pen: Pen, mean: MeanCurve, chosen: np.ndarray, style: Style) -> list[go.Scatter]:
    """The ends of the interval with the ground between them filled (uid:low, uid:high): both grow as the line does."""
    low, high = mean.low[chosen], mean.high[chosen]
    there = np.isfinite(low) & np.isfinite(high) & _drawable(high, style)
    if style.log:  # an interval that reaches below zero is cut a decade below its mean
        low = np.where(low > 0, low, np.where(mean.y[chosen] > 0, mean.y[chosen] / 10, high / 10))
    common: dict[str, Any] = {
        "x": mean.x[chosen][there],
        "mode": "lines",
        "line": {"width": 0, "color": pen.color},
        "legendgroup": pen.uid,
        "showlegend": False,
        "hoverinfo": "skip",
    }
    filled = {"fill": "tonexty", "fillcolor": look.faded(pen.color, 0.15)}
    return [
        go.Scatter(uid=f"{pen.uid}:low", name=f"{pen.name}: lower end of 95%", y=low[there], **common),
        go.Scatter(uid=f"{pen.uid}:high", name=f"{pen.name}: upper end of 95%", y=high[there], **filled, **common),
    ]
