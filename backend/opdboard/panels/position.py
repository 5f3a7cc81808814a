"""Where in the response is the student off? Reverse KL by position."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.measures import BY_POSITION, POSITION_STATISTIC
from opdboard.panels import labels, lines, look
from opdboard.panels.panel import Panel, PanelParams, Step
from opdboard.panels.series import Needs, RunSeries, VectorNeed, Vectors
from opdboard.panels.table import Column, Table


class PositionParams(PanelParams):
    """When."""

    step: Step | None = Field(
        default=None, description="Step to show; empty follows the latest.", json_schema_extra={"x-control": "step"}
    )


def _needs(_params: PositionParams) -> Needs:
    return Needs(vectors=(VectorNeed(POSITION_STATISTIC),))


def figure(series: Sequence[RunSeries], params: PositionParams) -> go.Figure:
    """One line per run over the position in tokens; the first stored step is drawn faint, bins without tokens are gaps."""
    pairs = [_lines(run, params.step) for run in series]
    drawn = [line for line, _ in pairs]
    traces = [trace for line, first in pairs for trace in (_faint(first), *lines.traces(line))]
    shown = [int(rows.steps[row]) for rows in map(_rows, series) if (row := rows.row_at(params.step)) is not None]
    steps = sorted({step for run in series for step in _rows(run).steps.tolist()})
    named = [labels.label_of(line.name, line.color, line.x, line.y, line.mark) for line in drawn]
    span = labels.span_of([np.asarray(trace.y, np.float64) for trace in traces])
    at = ", ".join(str(step) for step in dict.fromkeys(shown))
    return look.figure(
        traces,
        keep=f"position {len(series)}",
        meta={
            "steps": steps,
            "step": max(shown, default=None),
            "note": f"step {at}; faint: the first stored step" if shown else None,
            "empty": not shown,
        },
        xaxis=look.axis("position in the response [tokens]"),
        yaxis=look.axis(look.axis_label(BY_POSITION), rangemode="tozero"),
        hovermode="x unified",
        showlegend=len(drawn) > labels.MOST,
        annotations=labels.end_labels(named, span),
    )


def table(series: Sequence[RunSeries], params: PositionParams) -> Table:
    """Of each run the step shown and the first stored one, by position."""
    drawn = [line for run in series for line in _lines(run, params.step) if len(line.x)]
    return lines.table(drawn, BY_POSITION.unit, Column("position in the response", "tokens"))


def _rows(run: RunSeries) -> Vectors:
    return run.vectors[POSITION_STATISTIC]


def _lines(run: RunSeries, step: int | None) -> tuple[lines.Line, lines.Line]:
    """The step shown, and the first stored one, which has no points where it is the one shown."""
    rows, row = _rows(run), _rows(run).row_at(step)
    values = rows.values[row].astype(np.float64) if row is not None else np.empty(0)
    first = rows.values[0].astype(np.float64) if row else np.empty(0)
    x = positions(run, len(values))
    color = look.run_color(run)
    return (
        lines.Line(run.id, run.name, color, x, values[: len(x)], mark=look.run_mark(run)),
        lines.Line(
            f"{run.id}:first",
            f"{run.name}, first stored step",
            look.faded(color, 0.35),
            x[: len(first)],
            first[: len(x)],
        ),
    )


def positions(run: RunSeries, bins: int) -> np.ndarray:
    """Middles of the bins in tokens from 0: equal parts of the longest possible response, at least one token each.

    Bins beyond the longest possible response, which nothing can fall into, are left out.
    """
    if 0 < run.longest_response < bins:
        bins = run.longest_response
    return (np.arange(bins) + 0.5) * max(run.longest_response / max(bins, 1), 1.0) - 0.5


def _faint(first: lines.Line) -> go.Scatter:
    line = {"color": first.color, "width": 1}
    return go.Scatter(uid=first.uid, x=first.x, y=first.y, mode="lines", line=line, hoverinfo="skip", showlegend=False)


PANEL = Panel(
    name="position",
    title="Where in the response is the student off?",
    description="Reverse KL to the teacher by position in the response.",
    params=PositionParams,
    topics=(Topic.MODULES,),
    needs=_needs,
    figure=figure,
    table=table,
)
