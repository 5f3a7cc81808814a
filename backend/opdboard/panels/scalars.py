"""Scalars over what was spent or reached: the curves of runs and groups, with the jumps of runs marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

import numpy as np
import plotly.graph_objects as go
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from opdboard.domain.events import Topic
from opdboard.domain.measures import by_number, scalar
from opdboard.domain.scalar_measures import SCALARS
from opdboard.panels import labels, look, ranges
from opdboard.panels.curves import (
    TEACHER_KL,
    WHOLE_UPDATE,
    Curve,
    MeanCurve,
    Over,
    abscissa,
    curve,
    mean_curve,
    scalars_for,
)
from opdboard.panels.gathering import Entry, entries
from opdboard.panels.noise_floor import DISTANCES, floors
from opdboard.panels.panel import Panel, PanelParams
from opdboard.panels.scalar_traces import Pen, Style, band, main_line, member
from opdboard.panels.series import Needs, RunSeries, VectorNeed
from opdboard.panels.table import STEP, Column, Points, Table, over
from opdboard.panels.thinning import keep_extremes_live

MAX_POINTS = 2000
LEAST_POINTS = 200
TOTAL_POINTS = 16_000  # of all lines of a picture: more are slow to draw and no easier to read
MAX_KEYS = 8
MAX_RUNS = 50
FEW = 8
_X = {
    "steps": Column("optimizer step t"),
    "tokens": Column("tokens generated, search included", "tokens"),
    "seconds": Column("time spent", "s"),
    "gpu_seconds": Column("GPU time spent", "GPU s"),
    "teacher_kl": Column(f"{SCALARS[TEACHER_KL].brief}, best so far", SCALARS[TEACHER_KL].unit),
}
_X_NAMES = ("steps", "tokens", "seconds", "GPU-seconds", "matched teacher KL")
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
    x: Over = Field(
        default="steps",
        description="What the curves run over. Tokens and seconds include the search and leave out evaluation and pauses; GPU-seconds "
        "are these times the number of GPUs. Teacher KL: every evaluation that came nearer to the teacher than all before "
        "it stands at its held-out reverse KL, falling to the right.",
        json_schema_extra={"x-enum-titles": [*_X_NAMES]},
    )
    members: bool = Field(default=False, description="Draw the members of a group, faint, behind their mean.")
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
        if self.x_from is None or self.x_to is None:
            return self
        if (self.x_from <= self.x_to) if self.x == "teacher_kl" else (self.x_from >= self.x_to):
            raise ValueError("x_from must be left of x_to")
        return self


def _needs(params: ScalarParams) -> Needs:
    return Needs(
        scalars=scalars_for(params.keys, params.x),
        steps=(params.x_from, params.x_to) if params.x == "steps" else (None, None),
        vectors=(VectorNeed(WHOLE_UPDATE),) if WHOLE_UPDATE in params.keys else (),
        triggers=True,
        noise_floor=DISTANCES.issuperset(params.keys),
        choices=("keys",),
    )


@dataclass(frozen=True)
class _Seen:
    """Which points of a curve are drawn; shown and total: how many of them, and of all points, are in view."""

    chosen: np.ndarray
    shown: int
    total: int


def figure(series: Sequence[RunSeries], params: ScalarParams) -> go.Figure:
    """One line per run or group and key, a group's mean with its 95% interval as a band.

    What is not finite (or not positive on a logarithmic axis) is a mark at the edge.
    """
    compared = entries(series)
    drawn = len(params.keys) * sum(_lines_of(entry, members=params.members) for entry in compared)
    crowded = len(compared) * len(params.keys) > FEW
    style = Style(log=params.log, smoothing=params.smoothing, crowded=crowded, compared=len(compared) > 1)
    budget = min(MAX_POINTS, max(LEAST_POINTS, TOTAL_POINTS // max(drawn, 1)))
    traces: list[go.Scatter] = []
    named: list[labels.Label] = []
    heights: list[np.ndarray] = []
    places: list[np.ndarray] = []
    notes: list[str] = []
    shown = total = 0
    for entry in compared:
        for index, key in enumerate(params.keys):
            uid, name = f"{entry.key}:{key}", _name(entry, key, compared, params.keys)
            color, dash = _line(entry, index, compared, params.keys)
            mark = look.run_mark(entry)
            pen = Pen(uid, name, color, dash, mark, few=key.startswith("eval/"))
            curves = [curve(run, key, params.x) for run in entry.runs]
            line = mean_curve(curves, params.x) if entry.is_group else curves[0]
            seen = _seen(line, params, budget)
            shown, total = shown + seen.shown, total + seen.total
            if isinstance(line, MeanCurve):
                faint = list(zip(entry.runs, curves, strict=True)) if params.members else []
                for run, one in faint:
                    of_member = _seen(one, params, budget)
                    shown, total = shown + of_member.shown, total + of_member.total
                    traces.append(member(pen, run.id, one, of_member.chosen, style))
                traces += band(pen, line, seen.chosen, style)
                heights += [line.low[seen.chosen], line.high[seen.chosen]]
                if np.isfinite(line.low).any():
                    notes.append("band: 95% t-interval of the mean over seeds")
            traces += main_line(pen, line, seen.chosen, style)
            x, y = line.x[seen.chosen], line.y[seen.chosen]
            named.append(labels.label_of(name, color, x, y, mark, log_y=params.log))
            heights.append(y)
            places.append(x)
    where = "points" if params.x_from is None and params.x_to is None else "in view"
    if shown < total:
        notes.insert(0, f"showing {shown:,} of {total:,} {where}, the extremes of each bin")
    without_gpu = [entry.name for entry in compared if not _on_gpu(entry)] if params.x == "gpu_seconds" else []
    if len(without_gpu) == len(compared):
        notes = ["none of these runs has used a GPU, so there are no GPU-seconds to draw over"]
    elif without_gpu:
        notes.append(f"no GPU was used by {', '.join(without_gpu)}")
    lines, texts, told = floors(series, params.keys, heights, log=params.log)
    notes += [told] if told else []
    return look.figure(
        traces,
        keep=f"scalars {params.x} {params.log} {','.join(params.keys)}",
        meta={
            "title": ", ".join(scalar(key).title for key in params.keys),
            "note": "; ".join(dict.fromkeys(notes)) or None,
            "empty": len(without_gpu) == len(compared) or not any(len(one) for one in heights),
            "choices": {"keys": _stored_keys(series)},
        },
        xaxis=look.axis(_X[params.x].heading, **_view(params, places)),
        yaxis=look.axis(
            _y_title(params.keys),
            type="log" if params.log else "linear",
            **ranges.of_values([scalar(key).bounds for key in params.keys], heights, log=params.log),
        ),
        yaxis2=look.EDGES,
        hovermode="closest" if style.crowded else "x unified",
        showlegend=labels.MOST < len(named) <= FEW,
        annotations=[*labels.end_labels(named, labels.span_of(heights, log=params.log), log_y=params.log), *texts],
        shapes=lines + [shape for run in series for shape in _jumps(run, params.x)] if len(series) <= FEW else [],
    )


def table(series: Sequence[RunSeries], params: ScalarParams) -> Table:
    """A column per curve with every point in view as it was measured, whatever the picture smooths or leaves out."""
    compared = entries(series)
    parts: list[Points] = []
    for entry in compared:
        for key in params.keys:
            name = scalar(key).brief if len(compared) == 1 else _name(entry, key, compared, params.keys)
            curves = [curve(run, key, params.x) for run in entry.runs]
            line = mean_curve(curves, params.x) if entry.is_group else curves[0]
            parts.append(_column(name, key, line, line.y, params))
            if isinstance(line, MeanCurve):
                parts += [
                    _column(f"{name}, {end} end of 95%", key, line, height, params)
                    for end, height in (("lower", line.low), ("upper", line.high))
                    if np.isfinite(height).any()
                ]
                if params.members:
                    parts += [
                        _column(f"{scalar(key).brief} of {run.name}", key, one, one.y, params)
                        for run, one in zip(entry.runs, curves, strict=True)
                    ]
    return over(STEP if params.x == "steps" else _X[params.x], parts)


def _column(title: str, key: str, line: Curve, heights: np.ndarray, params: ScalarParams) -> Points:
    seen = np.ones(len(line.x), bool)
    if params.x_from is not None:
        seen &= (line.x <= params.x_from) if params.x == "teacher_kl" else (line.x >= params.x_from)
    if params.x_to is not None:
        seen &= (line.x >= params.x_to) if params.x == "teacher_kl" else (line.x <= params.x_to)
    return Points(Column(title, scalar(key).unit), line.x[seen], heights[seen])


def _lines_of(entry: Entry, *, members: bool) -> int:
    """A run is one line; a group its mean, the two ends of its interval, and its members when these are shown."""
    return 3 + len(entry.runs) * members if entry.is_group else 1


def _seen(line: Curve, params: ScalarParams, budget: int) -> _Seen:
    """The points in view and one neighbour on each side, so that lines leave the view where they should."""
    sign = -1.0 if params.x == "teacher_kl" else 1.0
    rising = sign * line.x
    first = 0 if params.x_from is None else int(np.searchsorted(rising, sign * params.x_from))
    end = len(rising) if params.x_to is None else int(np.searchsorted(rising, sign * params.x_to, side="right"))
    around = np.arange(max(first - 1, 0), min(end + 1, len(rising)))
    chosen = around[keep_extremes_live(line.steps[around], line.y[around], budget)]
    return _Seen(chosen, len(chosen) - (len(around) - (end - first)), end - first)


def _view(params: ScalarParams, places: Sequence[np.ndarray]) -> dict[str, Any]:
    """The range of the x axis; an end that is not given is where the points end. The KL to the teacher falls to the right."""
    if params.x_from is None and params.x_to is None:
        return {"autorange": "reversed"} if params.x == "teacher_kl" else ranges.of_steps(places)
    return {"range": [params.x_from, params.x_to], "uirevision": f"{params.x} {params.x_from} {params.x_to}"}


def _name(entry: Entry, key: str, compared: Sequence[Entry], keys: Sequence[str]) -> str:
    name = f"{entry.name} (n = {len(entry.runs)})" if entry.is_group else entry.name
    if len(keys) == 1:
        return name
    return scalar(key).brief if len(compared) == 1 else f"{name}, {scalar(key).brief}"


def _line(entry: Entry, index: int, compared: Sequence[Entry], keys: Sequence[str]) -> tuple[str, str]:
    """Colour and dash: the colour is the entry's, keys have dashes, and so have entries of one colour."""
    color = look.run_color(entry)
    if len(keys) == 1 and len(compared) <= FEW:
        index = [other.key for other in compared if other.color == entry.color].index(entry.key)
    return color, _DASHES[index % len(_DASHES)]


def _jumps(run: RunSeries, over: Over) -> list[dict[str, Any]]:
    """Where a run on its own jumped; the members of a group jump at their own steps, and a KL says nothing of when."""
    if run.group or over == "teacher_kl":
        return []
    steps = np.array([trigger.record.step for trigger in run.triggers if trigger.jumped], np.int64)
    x, usable = abscissa(run, steps, over)
    return [look.vertical(float(at), look.faded(look.run_color(run), 0.6)) for at in x[usable]]


def _on_gpu(entry: Entry) -> bool:
    return any(len(run.scalars["gpu_seconds"].steps) for run in entry.runs)


def _stored_keys(series: Sequence[RunSeries]) -> list[str]:
    """Keys of any run: known ones in the order of the measures, the norm of the whole update, then the rest."""
    stored = {str(key) for run in series for key in run.choices.get("keys", ())}
    known = [key for key in SCALARS if key in stored]
    whole = [WHOLE_UPDATE] if any(run.modules for run in series) else []
    return known + whole + sorted(stored - SCALARS.keys() - {*whole}, key=by_number)


def _y_title(keys: Sequence[str]) -> str:
    measures = [scalar(key) for key in keys]
    if len(measures) == 1:
        return look.axis_label(measures[0])
    units = {measure.unit for measure in measures}
    return units.pop() if len(units) == 1 else "value"


PANEL = Panel(
    name="scalars",
    title="How do the curves run?",
    description="Any stored scalars over steps, tokens, seconds, GPU-seconds or at matched KL to the teacher; jumps of the "
    "weights are dashed verticals.",
    params=ScalarParams,
    topics=(Topic.SCALARS, Topic.DECISIONS),
    needs=_needs,
    figure=figure,
    table=table,
    max_runs=MAX_RUNS,
    gathers=True,
)
