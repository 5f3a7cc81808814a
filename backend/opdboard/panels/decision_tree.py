"""The tree of tries: training is the trunk, every trigger a node on it, every candidate a branch that was taken or not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.records import CandidateRecord
from opdboard.panels import factors, look, tries
from opdboard.panels.panel import Panel, PanelParams, Step
from opdboard.panels.series import Needs, RunSeries, Trigger
from opdboard.panels.table import Table

_MOST_TICKS = 16
_OUT = 0.5  # how far to the right of its node a branch ends; nodes are 1 apart, whatever the steps between them


class DecisionTreeParams(PanelParams):
    """Which trigger is looked at."""

    step: Step | None = Field(
        default=None,
        description="Step of the trigger to mark; empty marks none.",
        json_schema_extra={"x-control": "step"},
    )


def _needs(_params: DecisionTreeParams) -> Needs:
    return Needs(triggers=True)


def figure(series: Sequence[RunSeries], params: DecisionTreeParams) -> go.Figure:
    """The thick line is the way training went, through the candidates that were taken and kept; thin ones were not taken.

    customdata of a mark: the step of its trigger, its text, its factor.
    """
    run = series[0]
    triggers = list(run.triggers)
    tried = [
        (at, trigger, one) for at, trigger in enumerate(triggers) for one in trigger.record.candidates if one.factor
    ]
    chosen = [(at, trigger, one) for at, trigger, one in tried if one.factor == trigger.record.accepted_factor]
    color = look.run_color(run)
    traces = [
        _lines(
            run,
            "tried",
            [(at, 0.0, at + _OUT, factors.height(one.factor)) for at, _, one in tried],
            {"color": look.NEUTRAL, "width": 1},
        ),
        _training(run, triggers, color),
        _marks(run, "refused", [each for each in tried if not each[2].accepted], _dot("circle-open", color, 2)),
        _marks(run, "accepted", [each for each in tried if each[2].accepted], _dot("circle", color, 0)),
        _marks(run, "taken", chosen, tries.CHOSEN),
        _marks(run, "taken back", [each for each in chosen if each[1].vetoed], tries.TAKEN_BACK),
        _nodes(run, triggers),
    ]
    steps = [trigger.record.step for trigger in triggers]
    every = -(-len(steps) // _MOST_TICKS) or 1
    jumped = sum(trigger.jumped for trigger in triggers)
    return look.figure(
        traces,
        keep="decision_tree",
        meta={
            "steps": sorted(set(steps)),
            "step": params.step if params.step in steps else None,
            "note": f"{_counted(len(tried), 'candidate')} at {_counted(len(triggers), 'trigger')}; {_counted(jumped, 'jump')} kept"
            if triggers
            else "no extrapolation has been tried yet",
            "empty": not triggers,
        },
        xaxis=look.axis(
            "trigger at step t",
            tickmode="array",
            tickvals=list(range(0, len(steps), every)),
            ticktext=[str(step) for step in steps[::every]],
        ),
        yaxis=factors.axis("factor along D", [one.factor for _, _, one in tried]),
        hoverlabel={"align": "left", "font": {"size": 12}},
        shapes=[_band(at) for at, step in enumerate(steps) if step == params.step],
        showlegend=True,
        margin={"l": 48, "r": 10, "t": 24, "b": 40},
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _training(run: RunSeries, triggers: Sequence[Trigger], color: str) -> go.Scatter:
    """From node to node along the trunk, by way of the candidates that were taken and not taken back."""
    x, y = [-_OUT], [0.0]
    for at, trigger in enumerate(triggers):
        x.append(float(at))
        y.append(0.0)
        if trigger.jumped:
            x.append(at + _OUT)
            y.append(factors.height(trigger.record.accepted_factor))
    return go.Scatter(
        uid=f"{run.id}:training",
        name="training",
        x=np.array([*x, len(triggers)], np.float64),
        y=np.array([*y, 0.0], np.float64),
        mode="lines",
        line={"color": color, "width": 4},
        hoverinfo="skip",
    )


def _lines(
    run: RunSeries, name: str, ends: Sequence[tuple[float, float, float, float]], line: dict[str, Any]
) -> go.Scatter:
    gaps = [(x0, x1, np.nan) for x0, _, x1, _ in ends], [(y0, y1, np.nan) for _, y0, _, y1 in ends]
    x, y = (np.array(each, np.float64).ravel() for each in gaps)
    return go.Scatter(
        uid=f"{run.id}:{name}", x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False, name=name
    )


def _marks(
    run: RunSeries,
    name: str,
    found: Sequence[tuple[int, Trigger, CandidateRecord]],
    marker: dict[str, Any],
) -> go.Scatter:
    return go.Scatter(
        uid=f"{run.id}:{name}",
        name=name,
        x=np.array([at + _OUT for at, _, _ in found], np.float64),
        y=np.array([factors.height(one.factor) for _, _, one in found], np.float64),
        customdata=[[trigger.record.step, tries.hover(trigger, one), one.factor] for _, trigger, one in found],
        hovertemplate="%{customdata[1]}<extra></extra>",
        mode="markers",
        marker=marker,
    )


def _dot(symbol: str, color: str, width: int) -> dict[str, Any]:
    return {"symbol": symbol, "size": 10, "color": color, "line": {"width": width}}


def _nodes(run: RunSeries, triggers: Sequence[Trigger]) -> go.Scatter:
    return go.Scatter(
        uid=f"{run.id}:triggers",
        name="trigger",
        x=np.arange(len(triggers), dtype=np.float64),
        y=np.zeros(len(triggers)),
        customdata=[[trigger.record.step, _node(trigger), 0.0] for trigger in triggers],
        hovertemplate="%{customdata[1]}<extra></extra>",
        mode="markers",
        marker={"symbol": "square", "size": 9, "color": look.NEUTRAL},
        showlegend=False,
    )


def _node(trigger: Trigger) -> str:
    record = trigger.record
    asked = "asked by a user" if record.trigger == "command" else "by schedule"
    lines = [
        f"step {record.step}, {asked}",
        f"D from step {record.anchor_step}, norm {look.number(record.direction_norm, 3)}",
        ("taken back; " if trigger.vetoed else "") + look.minus(record.outcome),
        f"{look.number(record.seconds, 3)} s, {record.tokens:,} tokens",
    ]
    return tries.in_lines(lines)


def _band(at: int) -> dict[str, Any]:
    band = {"type": "rect", "line": {"width": 0}, "fillcolor": look.faded(look.NEUTRAL, 0.16)}
    return {**look.vertical(at - 0.2, ""), "x1": at + _OUT + 0.2, **band}


def table(series: Sequence[RunSeries], params: DecisionTreeParams) -> Table:  # noqa: ARG001
    """Every candidate of every trigger."""
    return tries.table([(run, run.triggers) for run in series])


PANEL = Panel(
    name="decision_tree",
    title="Which way did training go?",
    description="Training as the trunk, every candidate as a branch: filled ones were accepted, the thick way was taken.",
    params=DecisionTreeParams,
    topics=(Topic.DECISIONS,),
    needs=_needs,
    figure=figure,
    table=table,
    max_runs=1,
)
