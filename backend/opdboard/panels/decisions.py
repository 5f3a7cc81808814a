"""How far did we dare to jump? Every factor that was tried, and what became of it."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.records import CandidateRecord
from opdboard.panels import look, scales, tries
from opdboard.panels.panel import Panel, PanelParams
from opdboard.panels.series import Needs, RunSeries, Trigger
from opdboard.panels.table import Table

_KEY = "○ refused   ● accepted   ◎ chosen   ✕ taken back"


class DecisionsParams(PanelParams):
    """Over what."""

    x: Literal["log2", "linear"] = Field(
        default="log2", description="Scale of the step axis; EffOPD tries at powers of two."
    )


def _needs(_params: DecisionsParams) -> Needs:
    return Needs(triggers=True)


def figure(series: Sequence[RunSeries], params: DecisionsParams) -> go.Figure:
    """Accepted tries filled, refused hollow, the chosen one ringed, a jump taken back crossed; colour = gain of score.

    customdata of a mark begins with the step of its trigger.
    """
    traces: list[go.Scatter] = []
    layout: dict[str, Any] = {}
    titles: list[dict[str, Any]] = [_key(4 if len(series) == 1 else 22)]
    gains = [
        np.array([candidate.gain for trigger in run.triggers for candidate in trigger.record.candidates], np.float64)
        for run in series
    ]
    for run, cell in zip(series, look.cells(series), strict=True):
        traces += _traces(run, cell.axes)
        titles += cell.titles
        x_matches, y_matches = ({}, {}) if cell.first else ({"matches": "x"}, {"matches": "y"})
        layout |= cell.layout(
            look.axis("trigger step t", **look.step_scale(log=params.x == "log2"), **x_matches),
            look.axis("factor along D" if cell.first else "", rangemode="tozero", **y_matches),
        )
    scores = sorted({trigger.record.score_name for run in series for trigger in run.triggers})
    steps = sorted({trigger.record.step for run in series for trigger in run.triggers})
    taken = sum(trigger.jumped for run in series for trigger in run.triggers)
    tried = sum(len(run.triggers) for run in series)
    return look.figure(
        traces,
        keep=f"decisions {params.x} {len(series)}",
        meta={
            "steps": steps,
            "step": max(steps, default=None),
            "note": f"{taken} of {tried} triggers jumped" if tried else "no extrapolation has been tried yet",
            "empty": not tried,
        },
        coloraxis=scales.diverging(scales.symmetric_end(gains), f"gain of {' / '.join(scores) or 'score'}", marks=True),
        annotations=titles,
        margin={"l": 48, "r": 10, "t": 24 if len(series) == 1 else 42, "b": 62},
        **layout,
    )


def _key(yshift: int) -> dict[str, Any]:
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"}
    return {"text": _KEY, "showarrow": False, "font": {"size": 11}, "yshift": yshift, **place}


_Picked = Callable[[Trigger, CandidateRecord], bool]


def _traces(run: RunSeries, axes: tuple[str, str]) -> list[go.Scatter]:
    """Four traces that always exist: refused, accepted, chosen, taken back."""

    def tried(_trigger: Trigger, candidate: CandidateRecord) -> bool:
        return candidate.factor != 0

    def chosen(trigger: Trigger, candidate: CandidateRecord) -> bool:
        return candidate.factor == trigger.record.accepted_factor != 0

    kinds: list[tuple[str, _Picked, dict[str, Any]]] = [
        (
            "refused",
            lambda t, c: tried(t, c) and not c.accepted,
            {"symbol": "circle-open", "size": 9, "line": {"width": 2}},
        ),
        ("accepted", lambda t, c: tried(t, c) and c.accepted, {"symbol": "circle", "size": 9, "line": {"width": 0}}),
        ("chosen", chosen, {"symbol": "circle-open", "size": 16, "color": look.NEUTRAL, "line": {"width": 2}}),
        (
            "taken back",
            lambda t, c: t.vetoed and chosen(t, c),
            {"symbol": "x-thin-open", "size": 14, "color": look.OKABE_ITO[0]},
        ),
    ]
    return [_marks(run, name, picked, marker, axes) for name, picked, marker in kinds]


def _marks(run: RunSeries, name: str, picked: _Picked, marker: dict[str, Any], axes: tuple[str, str]) -> go.Scatter:
    found = [
        (trigger, candidate)
        for trigger in run.triggers
        for candidate in trigger.record.candidates
        if picked(trigger, candidate)
    ]
    if "color" not in marker:
        gains = [candidate.gain for _, candidate in found]
        marker = {
            **marker,
            "color": np.array([gain if np.isfinite(gain) else 0.0 for gain in gains]),
            "coloraxis": "coloraxis",
        }
    return go.Scatter(
        uid=f"{run.id}:{name}",
        name=name,
        x=np.array([trigger.record.step for trigger, _ in found], np.float64),
        y=np.array([candidate.factor for _, candidate in found], np.float64),
        customdata=[[trigger.record.step, _hover(trigger, candidate)] for trigger, candidate in found],
        hovertemplate="%{customdata[1]}<extra></extra>",
        mode="markers",
        marker=marker,
        xaxis=axes[0],
        yaxis=axes[1],
    )


def _hover(trigger: Trigger, candidate: CandidateRecord) -> str:
    record = trigger.record
    lines = [
        f"step {record.step}, factor {look.number(candidate.factor)}",
        f"{record.score_name} {look.number(candidate.score)}",
        f"gain {look.number(candidate.gain)} [{look.number(candidate.gain_low)}, {look.number(candidate.gain_high)}]",
        f"KL to W_t {look.number(candidate.kl_to_start)} nats/token",
        f"{look.number(candidate.seconds)} s, {candidate.tokens:,} tokens",
        candidate.reason + (" (taken back)" if trigger.vetoed else ""),
    ]
    return "<br>".join(line.replace("<", "&lt;") for line in lines)


def table(series: Sequence[RunSeries], params: DecisionsParams) -> Table:  # noqa: ARG001
    """Every candidate of every trigger."""
    return tries.table([(run, run.triggers) for run in series])


PANEL = Panel(
    name="decisions",
    title="How far did we dare to jump?",
    description="Every extrapolation that was tried, and why it was taken or refused.",
    params=DecisionsParams,
    topics=(Topic.DECISIONS,),
    needs=_needs,
    figure=figure,
    table=table,
)
