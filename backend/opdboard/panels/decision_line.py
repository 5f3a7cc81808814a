"""The line of one trigger: score against factor, with intervals, and what the jump did to the held-out KL."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.records import CandidateRecord
from opdboard.panels import look, tries
from opdboard.panels.panel import Panel, PanelParams, Step
from opdboard.panels.series import Needs, Points, RunSeries, Trigger
from opdboard.panels.table import Table

_HELD_OUT = "eval/reverse_kl"


class DecisionLineParams(PanelParams):
    """Which trigger."""

    step: Step | None = Field(
        default=None,
        description="Step of the trigger; empty follows the latest.",
        json_schema_extra={"x-control": "step"},
    )


def _needs(_params: DecisionLineParams) -> Needs:
    return Needs(scalars=(_HELD_OUT,), triggers=True)


def figure(series: Sequence[RunSeries], params: DecisionLineParams) -> go.Figure:
    """Scores of all candidates of a trigger with the 95% interval of their paired gain; the start's score is a dashed line."""
    run = series[0]
    trigger = trigger_at(run.triggers, params.step)
    found = sorted(trigger.record.candidates, key=lambda one: one.factor) if trigger else []
    chosen = trigger.record.accepted_factor if trigger else 0.0
    ring = {"symbol": "circle-open", "size": 16, "color": look.NEUTRAL, "line": {"width": 2}}
    traces = [_points(run, "line", found, mode="lines", line={"color": look.NEUTRAL, "width": 1}, hoverinfo="skip")]
    for name, accepted, symbol, width in (("refused", False, "circle-open", 2), ("accepted", True, "circle", 0)):
        marks = [one for one in found if one.accepted == accepted]
        marker = {"symbol": symbol, "size": 9, "color": look.run_color(run), "line": {"width": width}}
        texts = [[one.factor, tries.hover(trigger, one)] for one in marks] if trigger else []
        traces.append(_points(run, name, marks, **_scored(marks), marker=marker, customdata=texts, showlegend=True))
    taken = [one for one in found if one.factor == chosen != 0]
    traces.append(_points(run, "chosen", taken, mode="markers", marker=ring, hoverinfo="skip"))
    start = [one.score for one in found if one.factor == 0 and np.isfinite(one.score)]
    return look.figure(
        traces,
        keep=f"decision_line {params.step}",
        meta={
            "steps": sorted({one.record.step for one in run.triggers}),
            "step": trigger.record.step if trigger else None,
            "note": _note(run, trigger) if trigger else "no extrapolation has been tried yet",
            "empty": trigger is None,
        },
        xaxis=look.axis("factor along D"),
        yaxis=look.axis(trigger.record.score_name if trigger else "score"),
        shapes=[look.across(score, look.NEUTRAL, "dash") for score in start],
        showlegend=True,
        margin={"l": 56, "r": 10, "t": 22, "b": 40},
    )


def trigger_at(triggers: Sequence[Trigger], step: int | None) -> Trigger | None:
    """The trigger at a step, else the last before it, else the first; the last for None; None when there is none."""
    if not triggers:
        return None
    earlier = [trigger for trigger in triggers if step is None or trigger.record.step <= step]
    return earlier[-1] if earlier else triggers[0]


def _points(run: RunSeries, name: str, found: Sequence[CandidateRecord], **style: Any) -> go.Scatter:
    return go.Scatter(
        uid=f"{run.id}:{name}",
        name=name,
        x=np.array([one.factor for one in found], np.float64),
        y=np.array([one.score if np.isfinite(one.score) else np.nan for one in found], np.float64),
        **{"showlegend": False, **style},
    )


def _scored(found: Sequence[CandidateRecord]) -> dict[str, Any]:
    """Marks with the intervals of their gains."""
    above = np.array([one.gain_high - one.gain for one in found], np.float64)
    below = np.array([one.gain - one.gain_low for one in found], np.float64)
    bars = {"array": _lengths(above), "arrayminus": _lengths(below), "symmetric": False, "thickness": 1, "width": 3}
    bars |= {"type": "data", "color": look.faded(look.NEUTRAL, 0.8)}
    return {"mode": "markers", "error_y": bars, "hovertemplate": "%{customdata[1]}<extra></extra>"}


def _lengths(lengths: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(lengths), np.maximum(lengths, 0), 0.0)


def _note(run: RunSeries, trigger: Trigger) -> str:
    step = trigger.record.step
    sentence = f"step {step}: {trigger.record.outcome}" + (" (taken back)" if trigger.vetoed else "")
    effect = held_out_effect(run.scalars.get(_HELD_OUT), step)
    if effect is None:
        return sentence
    (before_step, before), (after_step, after) = effect
    return f"{sentence}; held-out KL {look.number(before)} at step {before_step}, {look.number(after)} at step {after_step}"


def held_out_effect(points: Points | None, step: int) -> tuple[tuple[int, float], tuple[int, float]] | None:
    """(step, KL) of the last evaluation before the jump and of the first after it; None until both are there.

    An evaluation at the step of the jump comes after it.
    """
    if points is None:
        return None
    later = int(np.searchsorted(points.steps, step, side="left"))
    earlier = later - 1
    if earlier < 0 or later >= len(points.steps):
        return None
    return (
        (int(points.steps[earlier]), float(points.values[earlier])),
        (int(points.steps[later]), float(points.values[later])),
    )


def table(series: Sequence[RunSeries], params: DecisionLineParams) -> Table:
    """The candidates of the trigger."""
    shown = [(run, trigger_at(run.triggers, params.step)) for run in series]
    return tries.table([(run, [trigger] if trigger else []) for run, trigger in shown])


PANEL = Panel(
    name="decision_line",
    title="What did the line look like?",
    description="Score against factor for one trigger, with the paired intervals.",
    params=DecisionLineParams,
    topics=(Topic.DECISIONS, Topic.SCALARS),
    needs=_needs,
    figure=figure,
    table=table,
    max_runs=1,
)
