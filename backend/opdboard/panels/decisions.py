"""How far did we dare to jump? Every factor that was tried, and what became of it."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.measures import score
from opdboard.domain.records import CandidateRecord
from opdboard.panels import diverging, factors, look, tries
from opdboard.panels.panel import Panel, PanelParams
from opdboard.panels.series import Needs, RunSeries
from opdboard.panels.table import Table

_OUTLINE = {"symbol": "circle-open", "size": 13, "color": look.NEUTRAL, "line": {"width": 1.5}}
_WITHOUT = {"symbol": "circle-x-open", "size": 9, "color": look.NEUTRAL, "line": {"width": 1.5}}
_LINE_PX = 15


class DecisionsParams(PanelParams):
    """Over what."""

    x: Literal["log2", "linear"] = Field(
        default="log2", description="Scale of the step axis; EffOPD tries at powers of two."
    )


def _needs(_params: DecisionsParams) -> Needs:
    return Needs(triggers=True)


def figure(series: Sequence[RunSeries], params: DecisionsParams) -> go.Figure:
    """Accepted tries filled, refused hollow, the chosen one ringed, a jump taken back crossed; colour = gain over W_t.

    A grey outline says that the gain's interval holds 0. customdata of a mark begins with the step of its trigger.
    """
    traces: list[go.Scatter] = []
    layout: dict[str, Any] = {}
    found = [tries.tried(run.triggers) for run in series]
    candidates = [one for of_run in found for _, one in of_run]
    key = _key(candidates, back=any(trigger.vetoed for run in series for trigger in run.triggers))
    above = 4 if len(series) == 1 else 22
    titles: list[dict[str, Any]] = [_written(key, above)]
    for run, of_run, cell in zip(series, found, look.cells(series), strict=True):
        traces += _traces(run, of_run, cell.axes)
        titles += cell.titles
        x_matches, y_matches = ({}, {}) if cell.first else ({"matches": "x"}, {"matches": "y"})
        layout |= cell.layout(
            look.axis("trigger step t", **look.step_scale(log=params.x == "log2"), **x_matches),
            factors.axis("factor along D" if cell.first else "", [one.factor for one in candidates], **y_matches),
        )
    steps = sorted({trigger.record.step for run in series for trigger in run.triggers})
    return look.figure(
        traces,
        keep=f"decisions {params.x} {len(series)}",
        meta={"steps": steps, "step": max(steps, default=None), "note": _note(series), "empty": not steps},
        coloraxis=_colors(series, candidates),
        annotations=titles,
        shapes=[look.across(0.0, look.faded(look.NEUTRAL, 0.6), "solid", cell.axes) for cell in look.cells(series)],
        hoverlabel={"align": "left", "font": {"size": 12}},
        margin={"l": 48, "r": 10, "t": above + 5 + _LINE_PX * (1 + key.count("<br>")), "b": 62},
        **layout,
    )


def _note(series: Sequence[RunSeries]) -> str:
    triggers = [trigger for run in series for trigger in run.triggers]
    if not triggers:
        return "no extrapolation has been tried yet"
    return f"{sum(trigger.jumped for trigger in triggers)} of {len(triggers)} triggers jumped"


def _colors(series: Sequence[RunSeries], candidates: Sequence[CandidateRecord]) -> dict[str, Any]:
    names = sorted({score(trigger.record.score_name).brief for run in series for trigger in run.triggers})
    gains = np.array([one.gain for one in candidates], np.float64)
    return diverging.colors(gains, f"gain over W_t: {' / '.join(names) or 'score'}", marks=True)


def _key(candidates: Sequence[CandidateRecord], *, back: bool) -> str:
    """What the marks mean, as far as there are any."""
    finite = [one for one in candidates if np.isfinite(one.gain)]
    rare = [
        *(["✕ taken back"] if back else []),
        *(["grey outline: may be no gain"] if any(map(tries.may_be_nothing, finite)) else []),
        *(["⊗ no score"] if len(finite) < len(candidates) else []),
    ]
    return "○ refused   ● accepted   ◎ chosen" + ("<br>" if rare else "") + "   ".join(rare)


def _written(text: str, yshift: int) -> dict[str, Any]:
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"}
    return {"text": text, "align": "left", "showarrow": False, "font": {"size": 11}, "yshift": yshift, **place}


def _traces(run: RunSeries, found: Sequence[tries.Tried], axes: tuple[str, str]) -> list[go.Scatter]:
    """Six traces that always exist: refused, accepted, those without a score, outlines, chosen, taken back."""
    scored = [each for each in found if np.isfinite(each[1].gain)]
    chosen = tries.chosen(found)
    return [
        _colored(run, "refused", [each for each in scored if not each[1].accepted], "circle-open", 2, axes),
        _colored(run, "accepted", [each for each in scored if each[1].accepted], "circle", 0, axes),
        _marks(run, "no score", [each for each in found if not np.isfinite(each[1].gain)], _WITHOUT, axes),
        _marks(run, "may be no gain", [each for each in scored if tries.may_be_nothing(each[1])], _OUTLINE, axes),
        _marks(run, "chosen", chosen, tries.CHOSEN, axes),
        _marks(run, "taken back", [each for each in chosen if each[0].vetoed], tries.TAKEN_BACK, axes),
    ]


def _colored(
    run: RunSeries, name: str, found: Sequence[tries.Tried], symbol: str, width: int, axes: tuple[str, str]
) -> go.Scatter:
    gains = np.array([one.gain for _, one in found], np.float64)
    marker = {"symbol": symbol, "size": 9, "line": {"width": width}, "color": gains, "coloraxis": "coloraxis"}
    return _marks(run, name, found, marker, axes)


def _marks(
    run: RunSeries, name: str, found: Sequence[tries.Tried], marker: dict[str, Any], axes: tuple[str, str]
) -> go.Scatter:
    return go.Scatter(
        uid=f"{run.id}:{name}",
        name=name,
        x=np.array([trigger.record.step for trigger, _ in found], np.float64),
        y=np.array([factors.height(one.factor) for _, one in found], np.float64),
        customdata=[[trigger.record.step, tries.hover(trigger, one), one.factor] for trigger, one in found],
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
