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
    tries = sorted(trigger.record.candidates, key=lambda candidate: candidate.factor) if trigger else []
    steps = sorted({one.record.step for one in run.triggers})
    chosen = trigger.record.accepted_factor if trigger else 0.0
    traces = [
        _points(run, "line", tries, mode="lines", line={"color": look.NEUTRAL, "width": 1}, hoverinfo="skip"),
        _scored(run, "refused", [one for one in tries if not one.accepted], "circle-open"),
        _scored(run, "accepted", [one for one in tries if one.accepted], "circle"),
        _points(
            run,
            "chosen",
            [one for one in tries if one.factor == chosen != 0],
            mode="markers",
            marker={"symbol": "circle-open", "size": 16, "color": look.NEUTRAL, "line": {"width": 2}},
            hoverinfo="skip",
        ),
    ]
    return look.figure(
        traces,
        keep=f"decision_line {params.step}",
        meta={
            "steps": steps,
            "step": trigger.record.step if trigger else None,
            "note": _note(run, trigger) if trigger else "no extrapolation has been tried yet",
            "empty": trigger is None,
        },
        xaxis=look.axis("factor along D"),
        yaxis=look.axis(trigger.record.score_name if trigger else "score"),
        shapes=[
            look.across(one.score, look.NEUTRAL, "dash") for one in tries if one.factor == 0 and np.isfinite(one.score)
        ],
        showlegend=True,
        margin={"l": 56, "r": 10, "t": 22, "b": 40},
    )


def trigger_at(triggers: Sequence[Trigger], step: int | None) -> Trigger | None:
    """The trigger at a step, else the last before it, else the first; the last for None; None when there is none."""
    if not triggers:
        return None
    earlier = [trigger for trigger in triggers if step is None or trigger.record.step <= step]
    return earlier[-1] if earlier else triggers[0]


def _points(run: RunSeries, name: str, tries: Sequence[CandidateRecord], **style: Any) -> go.Scatter:
    return go.Scatter(
        uid=f"{run.id}:{name}",
        name=name,
        x=np.array([one.factor for one in tries], np.float64),
        y=np.array([one.score if np.isfinite(one.score) else np.nan for one in tries], np.float64),
        **{"showlegend": False, **style},
    )


def _scored(run: RunSeries, name: str, tries: Sequence[CandidateRecord], symbol: str) -> go.Scatter:
    above = np.array([one.gain_high - one.gain for one in tries], np.float64)
    below = np.array([one.gain - one.gain_low for one in tries], np.float64)
    bars = {"array": _lengths(above), "arrayminus": _lengths(below), "symmetric": False, "thickness": 1, "width": 3}
    return _points(
        run,
        name,
        tries,
        mode="markers",
        marker={
            "symbol": symbol,
            "size": 9,
            "color": look.run_color(run),
            "line": {"width": 2 if "open" in symbol else 0},
        },
        error_y={"type": "data", "color": look.faded(look.NEUTRAL, 0.8), **bars},
        customdata=[[one.factor, _hover(one)] for one in tries],
        hovertemplate="%{customdata[1]}<extra></extra>",
        showlegend=True,
    )


def _lengths(lengths: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(lengths), np.maximum(lengths, 0), 0.0)


def _hover(one: CandidateRecord) -> str:
    gain = f"gain {look.number(one.gain)} [{look.number(one.gain_low)}, {look.number(one.gain_high)}]"
    text = f"factor {look.number(one.factor)}<br>score {look.number(one.score)}<br>{gain}<br>"
    return text + one.reason.replace("<", "&lt;")


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
