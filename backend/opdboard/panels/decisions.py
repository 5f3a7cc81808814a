"""How far did we dare to jump? Every factor that was tried, and what became of it."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.panels import look, scales, tries
from opdboard.panels.panel import Panel, PanelParams
from opdboard.panels.series import Needs, RunSeries
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


def _traces(run: RunSeries, axes: tuple[str, str]) -> list[go.Scatter]:
    """Four traces that always exist: refused, accepted, chosen, taken back."""
    found = tries.tried(run.triggers)
    chosen = tries.chosen(found)
    back = [(trigger, one) for trigger, one in chosen if trigger.vetoed]
    ring = {"symbol": "circle-open", "size": 16, "color": look.NEUTRAL, "line": {"width": 2}}
    cross = {"symbol": "x-thin-open", "size": 14, "color": look.OKABE_ITO[0]}
    return [
        _colored(run, "refused", [each for each in found if not each[1].accepted], "circle-open", 2, axes),
        _colored(run, "accepted", [each for each in found if each[1].accepted], "circle", 0, axes),
        _marks(run, "chosen", chosen, ring, axes),
        _marks(run, "taken back", back, cross, axes),
    ]


def _colored(
    run: RunSeries, name: str, found: Sequence[tries.Tried], symbol: str, width: int, axes: tuple[str, str]
) -> go.Scatter:
    gains = np.array([one.gain if np.isfinite(one.gain) else 0.0 for _, one in found])
    marker = {"symbol": symbol, "size": 9, "line": {"width": width}, "color": gains, "coloraxis": "coloraxis"}
    return _marks(run, name, found, marker, axes)


def _marks(
    run: RunSeries, name: str, found: Sequence[tries.Tried], marker: dict[str, Any], axes: tuple[str, str]
) -> go.Scatter:
    return go.Scatter(
        uid=f"{run.id}:{name}",
        name=name,
        x=np.array([trigger.record.step for trigger, _ in found], np.float64),
        y=np.array([one.factor for _, one in found], np.float64),
        customdata=[[trigger.record.step, tries.hover(trigger, one)] for trigger, one in found],
        hovertemplate="%{customdata[1]}<extra></extra>",
        mode="markers",
        marker=marker,
        xaxis=axes[0],
        yaxis=axes[1],
    )


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
