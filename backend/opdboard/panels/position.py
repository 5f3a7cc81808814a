"""Where in the response is the student off? Reverse KL by position."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.measures import POSITION_STATISTIC
from opdboard.panels import labels, lines, look
from opdboard.panels.panel import Panel, PanelParams, Step
from opdboard.panels.series import Needs, RunSeries, VectorNeed


class PositionParams(PanelParams):
    """When."""

    step: Step | None = Field(
        default=None, description="Step to show; empty follows the latest.", json_schema_extra={"x-control": "step"}
    )


def _needs(_params: PositionParams) -> Needs:
    return Needs(vectors=(VectorNeed(POSITION_STATISTIC),))


def figure(series: Sequence[RunSeries], params: PositionParams) -> go.Figure:
    """One line per run over the position in tokens; the first stored step is drawn faint, bins without tokens are gaps."""
    drawn: list[lines.Line] = []
    traces: list[go.Scatter] = []
    shown: list[int] = []
    for run in series:
        rows = run.vectors[POSITION_STATISTIC]
        row = rows.row_at(params.step)
        values = rows.values[row].astype(np.float64) if row is not None else np.empty(0)
        x = positions(run, len(values))
        line = lines.Line(run.id, run.name, look.run_color(run), x, values[: len(x)])
        drawn.append(line)
        first = rows.values[0].astype(np.float64) if row else np.empty(0)
        traces += [_faint(run, x[: len(first)], first[: len(x)]), *lines.traces(line)]
        if row is not None:
            shown.append(int(rows.steps[row]))
    steps = sorted({step for run in series for step in run.vectors[POSITION_STATISTIC].steps.tolist()})
    named = [labels.label_of(line.name, line.color, line.x, line.y) for line in drawn]
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
        yaxis=look.axis("reverse_kl [nats/token]", rangemode="tozero"),
        hovermode="x unified",
        showlegend=len(drawn) > labels.MOST,
        margin={"l": 52, "r": 12, "t": 10, "b": 40},
        annotations=labels.end_labels(named, span),
    )


def positions(run: RunSeries, bins: int) -> np.ndarray:
    """Middles of the bins in tokens from 0: equal parts of the longest possible response, at least one token each.

    Bins beyond the longest possible response, which nothing can fall into, are left out.
    """
    if 0 < run.longest_response < bins:
        bins = run.longest_response
    return (np.arange(bins) + 0.5) * max(run.longest_response / max(bins, 1), 1.0) - 0.5


def _faint(run: RunSeries, x: np.ndarray, y: np.ndarray) -> go.Scatter:
    line = {"color": look.faded(look.run_color(run), 0.35), "width": 1}
    return go.Scatter(uid=f"{run.id}:first", x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False)


PANEL = Panel(
    name="position",
    title="Where in the response is the student off?",
    description="Reverse KL to the teacher by position in the response.",
    params=PositionParams,
    topics=(Topic.MODULES,),
    needs=_needs,
    figure=figure,
)
