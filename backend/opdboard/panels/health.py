"""Is the distillation healthy? The curves that tell (03-metrics), with the steps at which alerts were raised."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.scalar_measures import SCALARS
from opdboard.domain.scalar_signatures import HEALTHY_OVERLAP
from opdboard.panels import lines, look
from opdboard.panels.panel import Panel, PanelParams
from opdboard.panels.series import AlertMark, Needs, RunSeries
from opdboard.panels.table import Column, Points, Table
from opdboard.panels.thinning import keep_extremes_live

MAX_POINTS = 2000
_ALERT = look.OKABE_ITO[4]


@dataclass(frozen=True)
class _View:
    """Curves of one unit, the band where healthy runs end up, and the value that they go to."""

    keys: tuple[str, ...]
    log: bool = False
    band: tuple[float, float] | None = None
    goal: float | None = None
    note: str | None = None


VIEWS = {
    "overlap": _View(
        ("overlap_ratio", "overlap_mass"),
        band=HEALTHY_OVERLAP,
        note="Band: healthy runs climb through it, from about 0.72 to 0.91 (arXiv:2604.13016).",
    ),
    "entropy": _View(("entropy_student", "entropy_teacher", "entropy_gap"), goal=0.0),
    "advantage": _View(("overlap_advantage",), goal=0.0, note="Goes to 0 when healthy."),
    "length": _View(("truncated_share", "repetition_rate"), note="Rising together they are a length collapse."),
    "kl": _View(("reverse_kl",), log=True),
    "gradient": _View(("grad_norm",), log=True),
}


class HealthParams(PanelParams):
    """Which of the curves."""

    view: Literal["overlap", "entropy", "advantage", "length", "kl", "gradient"] = Field(
        default="overlap", description="Which of the curves that tell whether a distillation is healthy."
    )


def _needs(params: HealthParams) -> Needs:
    return Needs(scalars=VIEWS[params.view].keys, alerts=True)


def figure(series: Sequence[RunSeries], params: HealthParams) -> go.Figure:
    """The view's curves over steps, of a group its members' with their alerts; a mark at the top where an alert was raised, filled when it is about one of them."""
    view = VIEWS[params.view]
    made = lines.figure(
        _lines(series, view, MAX_POINTS),
        keep=f"health {params.view} {len(series)}",
        meta={"note": view.note},
        y_title=_y_title(view),
        log=view.log,
        bounds=[SCALARS[key].bounds for key in view.keys],
        shapes=[*_healthy(view), *(_vertical(mark) for run in series for mark in run.alerts)],
    )
    made.add_traces([_marks(run, view) for run in series])
    return made


def table(series: Sequence[RunSeries], params: HealthParams) -> Table:
    """The view's curves in full, and the alerts at their steps."""
    view = VIEWS[params.view]
    alerts = [
        Points(
            Column(f"alerts of {run.name}" if len(series) > 1 else "alert", numeric=False),
            np.array([mark.step for mark in run.alerts], np.float64),
            [mark.title for mark in run.alerts],
        )
        for run in series
        if run.alerts
    ]
    return lines.table(_lines(series, view), SCALARS[view.keys[0]].unit, beside=alerts)


def _lines(series: Sequence[RunSeries], view: _View, most: int | None = None) -> list[lines.Line]:
    many = len(series) > 1
    return [_line(run, key, index, many, most) for run in series for index, key in enumerate(view.keys)]


def _line(run: RunSeries, key: str, index: int, many_runs: bool, most: int | None) -> lines.Line:
    points = run.scalars[key]
    chosen = keep_extremes_live(points.steps, points.values, most or len(points.steps))
    name = f"{run.name}, {SCALARS[key].brief}" if many_runs else SCALARS[key].brief
    x = points.steps[chosen].astype(np.float64)
    color, mark = look.run_color(run), look.run_mark(run)
    return lines.Line(f"{run.id}:{key}", name, color, x, points.values[chosen], dash=lines.DASHES[index], mark=mark)


def _y_title(view: _View) -> str:
    measures = [SCALARS[key] for key in view.keys]
    return look.axis_label(measures[0]) if len(measures) == 1 else measures[0].unit


def _healthy(view: _View) -> list[dict[str, Any]]:
    shapes: list[dict[str, Any]] = []
    if view.band is not None:
        low, high = view.band
        fill = {"type": "rect", "line": {"width": 0}, "fillcolor": look.faded(look.OKABE_ITO[2], 0.15)}
        shapes.append({**look.across(low, "", ""), "y1": high, **fill})
    if view.goal is not None:
        shapes.append(look.across(view.goal, look.NEUTRAL, "dot"))
    return shapes


def _vertical(mark: AlertMark) -> dict[str, Any]:
    return look.vertical(float(mark.step), look.faded(_ALERT, 0.6), dash="dot")


def _marks(run: RunSeries, view: _View) -> go.Scatter:
    """customdata: the module, and the step again, of what a click should show."""
    return go.Scatter(
        uid=f"{run.id}:alerts",
        name="alert",
        x=np.array([mark.step for mark in run.alerts], np.float64),
        y=np.ones(len(run.alerts)),
        yaxis="y2",
        mode="markers",
        marker={
            "symbol": ["triangle-down" if mark.measure in view.keys else "triangle-down-open" for mark in run.alerts],
            "size": 10,
            "color": _ALERT,
        },
        text=[mark.title for mark in run.alerts],
        customdata=[[mark.module or "", mark.step] for mark in run.alerts],
        cliponaxis=False,
        showlegend=False,
        hovertemplate="%{text}<extra>alert</extra>",
    )


PANEL = Panel(
    name="health",
    title="Is the distillation healthy?",
    description="Overlap with the teacher, entropies, advantage, truncation and repetition, KL or gradient norm, with alerts marked.",
    params=HealthParams,
    topics=(Topic.SCALARS, Topic.ALERTS),
    needs=_needs,
    figure=figure,
    table=table,
    gathers=True,
)
