"""The line of one trigger: score against factor, with intervals, and what the jump did to the held-out KL."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.measures import score
from opdboard.domain.records import CandidateRecord
from opdboard.panels import diverging, factors, look, tries
from opdboard.panels.panel import Panel, PanelParams, Step
from opdboard.panels.series import Needs, Points, RunSeries, Trigger
from opdboard.panels.table import Table

_HELD_OUT = "eval/reverse_kl"
_FAR = 5.0  # times the usual gain; a nearer one is drawn at its place
_ROOM = 0.08  # of the scores, beyond the ones that stand at the edge


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
    """Scores of all candidates of a trigger with the 95% interval of their gain over W_t, whose score is a dashed line.

    Where a few scores are far from all others they stand at the edge, as triangles.
    """
    run = series[0]
    trigger = trigger_at(run.triggers, params.step)
    found = sorted(trigger.record.candidates, key=lambda one: one.factor) if trigger else []
    chosen = trigger.record.accepted_factor if trigger else 0.0
    start = next((one.score for one in found if one.factor == 0 and np.isfinite(one.score)), None)
    ends = _ends(found, start)
    traces = [
        _points(run, "line", found, ends, mode="lines", line={"color": look.NEUTRAL, "width": 1}, hoverinfo="skip")
    ]
    for name, accepted, symbol, width in (("refused", False, "circle-open", 2), ("accepted", True, "circle", 0)):
        marks = [one for one in found if one.accepted == accepted and np.isfinite(one.score)]
        symbols = [_symbol(one, ends, symbol) for one in marks]
        marker = {"symbol": symbols, "size": 9, "color": look.run_color(run), "line": {"width": width}}
        texts = [[one.factor, tries.hover(trigger, one)] for one in marks] if trigger else []
        style = _scored(marks, ends)
        traces.append(_points(run, name, marks, ends, **style, marker=marker, customdata=texts, showlegend=True))
    taken = [one for one in found if one.factor == chosen != 0]
    traces.append(_points(run, "chosen", taken, ends, mode="markers", marker=tries.CHOSEN, hoverinfo="skip"))
    return look.figure(
        traces,
        keep=f"decision_line {params.step}",
        meta={
            "steps": sorted({one.record.step for one in run.triggers}),
            "step": trigger.record.step if trigger else None,
            "note": _note(run, trigger) if trigger else "no extrapolation has been tried yet",
            "empty": trigger is None,
        },
        xaxis=factors.axis("factor along D", [one.factor for one in found]),
        yaxis=look.axis(
            look.axis_label(score(trigger.record.score_name)) if trigger else "score",
            **({"range": _with_room(ends)} if ends else {}),
        ),
        shapes=[] if start is None else [look.across(start, look.NEUTRAL, "dash")],
        annotations=[] if start is None else [_start_label(start)],
        hoverlabel={"align": "left", "font": {"size": 12}},
        showlegend=True,
        margin={"l": 56, "r": 28, "t": 22, "b": 40},
    )


def _ends(found: Sequence[CandidateRecord], start: float | None) -> tuple[float, float] | None:
    """Lowest and highest score that is drawn at its place; None for all."""
    usual = diverging.usual_size(np.array([one.gain for one in found if one.factor], np.float64), _FAR)
    return None if usual is None or start is None else (start - 1.5 * usual, start + 1.5 * usual)


def _with_room(ends: tuple[float, float]) -> list[float]:
    room = _ROOM * (ends[1] - ends[0])
    return [ends[0] - room, ends[1] + room]


def _symbol(one: CandidateRecord, ends: tuple[float, float] | None, symbol: str) -> str:
    open_ = symbol.removeprefix("circle")
    if ends is None or ends[0] <= one.score <= ends[1]:
        return symbol
    return ("triangle-down" if one.score < ends[0] else "triangle-up") + open_


def _start_label(score: float) -> dict[str, Any]:
    """What the dashed line is, beside the axes."""
    place = {"xref": "x domain", "x": 1, "y": score, "xanchor": "left", "yanchor": "middle", "xshift": 3}
    return {"text": "W_t", "showarrow": False, "font": {"size": 10}, **place}


def trigger_at(triggers: Sequence[Trigger], step: int | None) -> Trigger | None:
    """The trigger at a step, else the last before it, else the first; the last for None; None when there is none."""
    if not triggers:
        return None
    earlier = [trigger for trigger in triggers if step is None or trigger.record.step <= step]
    return earlier[-1] if earlier else triggers[0]


def _points(
    run: RunSeries, name: str, found: Sequence[CandidateRecord], ends: tuple[float, float] | None, **style: Any
) -> go.Scatter:
    scores = np.array([one.score if np.isfinite(one.score) else np.nan for one in found], np.float64)
    return go.Scatter(
        uid=f"{run.id}:{name}",
        name=name,
        x=np.array([factors.height(one.factor) for one in found], np.float64),
        y=scores if ends is None else np.clip(scores, *ends),
        **{"showlegend": False, **style},
    )


def _scored(found: Sequence[CandidateRecord], ends: tuple[float, float] | None) -> dict[str, Any]:
    """Marks with the intervals of their gains; none where an interval is not known, or its mark stands at the edge."""
    inside = [ends is None or ends[0] <= one.score <= ends[1] for one in found]
    above = np.where(inside, [one.gain_high - one.gain for one in found], np.nan)
    below = np.where(inside, [one.gain - one.gain_low for one in found], np.nan)
    bars = {"array": _lengths(above), "arrayminus": _lengths(below), "symmetric": False, "thickness": 1, "width": 3}
    bars |= {"type": "data", "color": look.faded(look.NEUTRAL, 0.8)}
    return {"mode": "markers", "error_y": bars, "hovertemplate": "%{customdata[1]}<extra></extra>"}


def _lengths(lengths: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(lengths), np.maximum(lengths, 0), 0.0)


def _note(run: RunSeries, trigger: Trigger) -> str:
    step = trigger.record.step
    sentence = f"step {step}: {look.minus(trigger.record.outcome)}" + (" (taken back)" if trigger.vetoed else "")
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
