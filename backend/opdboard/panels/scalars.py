"""Scalars over steps, tokens or seconds: the curves of one or several runs, with the jumps marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

import numpy as np
import plotly.graph_objects as go
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from opdboard.domain.events import Topic
from opdboard.domain.measures import SCALARS, Measure
from opdboard.panels import labels, look
from opdboard.panels.panel import Panel, PanelParams
from opdboard.panels.series import Needs, Points, RunSeries
from opdboard.panels.smoothing import smoothed
from opdboard.panels.thinning import keep_extremes_live

MAX_POINTS = 2000
MAX_KEYS = 8
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid", "dash")


def _split(value: object) -> object:
    return (
        tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
        if isinstance(value, str)
        else value
    )


def _plain(keys: tuple[str, ...]) -> tuple[str, ...]:
    if any("\x00" in key or len(key) > 128 for key in keys):
        raise ValueError("names have at most 128 characters, and no NUL")
    return keys


class ScalarParams(PanelParams):
    """Which curves, over what."""

    keys: Annotated[tuple[str, ...], BeforeValidator(_split), AfterValidator(_plain)] = Field(
        default=("eval/reverse_kl",), min_length=1, max_length=MAX_KEYS, description="Names of scalars."
    )
    x: Literal["steps", "tokens", "seconds"] = Field(
        default="steps",
        description="What the curves run over; seconds include the search and leave out evaluation and pauses.",
    )
    x_from: float | None = Field(
        default=None,
        description="Left end of the view, in the units of x; a view shows its points in more detail.",
        json_schema_extra={"x-control": "zoom"},
    )
    x_to: float | None = Field(
        default=None, description="Right end of the view.", json_schema_extra={"x-control": "zoom"}
    )
    log: bool = Field(default=False, description="Logarithmic y axis.")
    smoothing: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Weight of the past in an exponential moving average over points; the raw curve stays, faint.",
        json_schema_extra={"x-control": "slider"},
    )

    @model_validator(mode="after")
    def _check_view(self) -> Self:
        if self.x_from is not None and self.x_to is not None and self.x_from >= self.x_to:
            raise ValueError("x_from must be smaller than x_to")
        return self


def _needs(params: ScalarParams) -> Needs:
    over = () if params.x == "steps" else (params.x,)
    return Needs(
        scalars=tuple(dict.fromkeys((*params.keys, *over))),
        steps=(params.x_from, params.x_to) if params.x == "steps" else (None, None),
        triggers=True,
        choices=("keys",),
    )


@dataclass(frozen=True)
class _Curve:
    """x and y as drawn (float64); shown and total: how many of them, and of all points, are in view."""

    x: np.ndarray
    y: np.ndarray
    shown: int
    total: int


def figure(series: Sequence[RunSeries], params: ScalarParams) -> go.Figure:
    """One line per run and key; what is not finite (or not positive on a logarithmic axis) is a mark at the edge."""
    traces: list[go.Scatter] = []
    named: list[labels.Label] = []
    heights: list[np.ndarray] = []
    shown = total = 0
    for run in series:
        for index, key in enumerate(params.keys):
            curve = _curve(run, key, params)
            shown, total = shown + curve.shown, total + curve.total
            name = _name(run, key, series, params.keys)
            color, dash = _line(run, index, series, params.keys)
            traces += _traces(f"{run.id}:{key}", name, curve, params, color, dash, key.startswith("eval/"))
            named.append(labels.label_of(name, color, curve.x, curve.y, log_y=params.log))
            heights.append(curve.y)
    any_points = any(len(run.scalars[key].steps) for run in series for key in params.keys if key in run.scalars)
    where = "points" if params.x_from is None and params.x_to is None else "in view"
    note = f"showing {shown:,} of {total:,} {where}, the extremes of each bin" if shown < total else None
    return look.figure(
        traces,
        keep=f"scalars {params.x} {params.log} {','.join(params.keys)}",
        meta={"note": note, "empty": not any_points, "choices": {"keys": _stored_keys(series)}},
        xaxis=look.axis(_x_title(params.x), **_view(params)),
        yaxis=look.axis(_y_title(params.keys), type="log" if params.log else "linear"),
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
        hovermode="x unified",
        showlegend=len(named) > labels.MOST,
        annotations=labels.end_labels(named, labels.span_of(heights, log=params.log), log_y=params.log),
        shapes=[shape for run in series for shape in _jumps(run, params.x)],
    )


def _curve(run: RunSeries, key: str, params: ScalarParams) -> _Curve:
    """The points in view and one neighbour on each side, so that lines leave the view where they should."""
    points = run.scalars.get(key)
    if points is None:
        return _Curve(np.empty(0), np.empty(0), 0, 0)
    if params.x == "steps":
        x, usable = points.steps.astype(np.float64), np.ones(len(points.steps), bool)
    else:
        x, usable = _at_steps(run.scalars.get(params.x), points.steps)
    kept = np.flatnonzero(usable)
    first = 0 if params.x_from is None else int(np.searchsorted(x[kept], params.x_from))
    end = len(kept) if params.x_to is None else int(np.searchsorted(x[kept], params.x_to, side="right"))
    around = kept[max(first - 1, 0) : end + 1]
    chosen = around[keep_extremes_live(points.steps[around], points.values[around], MAX_POINTS)]
    neighbours = len(around) - (end - first)
    return _Curve(x[chosen], points.values[chosen], len(chosen) - neighbours, end - first)


def _view(params: ScalarParams) -> dict[str, Any]:
    """The range of the x axis; an end that is not given is where the points end."""
    if params.x_from is None and params.x_to is None:
        return {}
    return {"range": [params.x_from, params.x_to], "uirevision": f"{params.x} {params.x_from} {params.x_to}"}


def _at_steps(over: Points | None, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cost spent at each step, and where it is known; a point is drawn once both it and its cost are stored."""
    if over is None or not len(over.steps):
        return np.full(len(steps), np.nan), np.zeros(len(steps), bool)
    nearest = np.minimum(np.searchsorted(over.steps, steps), len(over.steps) - 1)
    x = over.values[nearest]
    return x, (over.steps[nearest] == steps) & np.isfinite(x)


def _traces(
    uid: str, name: str, curve: _Curve, params: ScalarParams, color: str, dash: str, sparse: bool
) -> list[go.Scatter]:
    drawable = np.isfinite(curve.y) & ((curve.y > 0) if params.log else True)
    raw = np.where(drawable, curve.y, np.nan)
    common: dict[str, Any] = {
        "name": name,
        "legendgroup": uid,
        "hovertemplate": "%{y:.4g}<extra>%{fullData.name}</extra>",
    }
    line = {"color": color, "dash": dash, "width": 1.75}
    mode = "lines+markers" if sparse else "lines"
    marker = {"size": 4, "color": color}
    edge = np.where(np.isnan(curve.y) | (curve.y > 0), 1.0, 0.0)[~drawable]
    marks = go.Scatter(
        uid=f"{uid}:odd",
        x=curve.x[~drawable],
        y=edge,
        yaxis="y2",
        mode="markers",
        marker={"symbol": "x-thin-open", "size": 8, "color": color},
        cliponaxis=False,
        name=f"{name}: not finite" + (" or not positive" if params.log else ""),
        legendgroup=uid,
        showlegend=False,
        hovertemplate="%{fullData.name}<extra></extra>",
    )
    if not params.smoothing:
        return [go.Scatter(uid=uid, x=curve.x, y=raw, mode=mode, line=line, marker=marker, **common), marks]
    faint = go.Scatter(
        uid=f"{uid}:raw",
        x=curve.x,
        y=raw,
        mode="lines",
        line={**line, "width": 1},
        opacity=0.25,
        showlegend=False,
        legendgroup=uid,
        hoverinfo="skip",
    )
    smooth = go.Scatter(uid=uid, x=curve.x, y=smoothed(raw, params.smoothing), mode="lines", line=line, **common)
    return [faint, smooth, marks]


def _name(run: RunSeries, key: str, series: Sequence[RunSeries], keys: Sequence[str]) -> str:
    if len(keys) == 1:
        return run.name
    return key if len(series) == 1 else f"{run.name} {key}"


def _line(run: RunSeries, index: int, series: Sequence[RunSeries], keys: Sequence[str]) -> tuple[str, str]:
    if len(series) == 1 and len(keys) > 1:
        return look.OKABE_ITO[index % len(look.OKABE_ITO)], "solid"
    return look.run_color(run), _DASHES[index % len(_DASHES)]


def _jumps(run: RunSeries, over: str) -> list[dict[str, Any]]:
    steps = np.array([trigger.record.step for trigger in run.triggers if trigger.jumped], np.int64)
    x, usable = (steps, np.ones(len(steps), bool)) if over == "steps" else _at_steps(run.scalars.get(over), steps)
    return [look.vertical(float(at), look.faded(look.run_color(run), 0.6)) for at in x[usable]]


def _stored_keys(series: Sequence[RunSeries]) -> list[str]:
    """Keys of any run: known ones in the order of the measures, then the rest."""
    stored = {str(key) for run in series for key in run.choices.get("keys", ())}
    return [key for key in SCALARS if key in stored] + sorted(stored - SCALARS.keys())


def _x_title(x: str) -> str:
    return {"steps": "optimizer step t", "tokens": "tokens trained on [tokens]", "seconds": "time spent [s]"}[x]


def _y_title(keys: Sequence[str]) -> str:
    measures = [SCALARS.get(key, Measure(key, key)) for key in keys]
    if len(measures) == 1:
        return look.axis_label(measures[0])
    units = {measure.unit for measure in measures}
    return units.pop() if len(units) == 1 else "value"


PANEL = Panel(
    name="scalars",
    title="How do the curves run?",
    description="Any stored scalars over steps, tokens or seconds; jumps of the weights are dashed verticals.",
    params=ScalarParams,
    topics=(Topic.SCALARS, Topic.DECISIONS),
    needs=_needs,
    figure=figure,
)
