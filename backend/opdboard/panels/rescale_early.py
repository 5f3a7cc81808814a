"""Is the early direction enough? An early update brought towards the norms of the final one, module by module."""

from collections.abc import Sequence

import plotly.graph_objects as go

from opdboard.domain.events import Topic
from opdboard.panels import labels, lines, look, scores
from opdboard.panels.gathering import entries
from opdboard.panels.panel import Panel, PanelParams
from opdboard.panels.series import Needs, RunSeries
from opdboard.panels.table import Table

_KIND = "rescale_early"


class RescaleEarlyParams(PanelParams):
    """Which score."""

    measure: scores.Measure = "recovery"
    analysis: scores.AnalysisId = ""


def _needs(params: RescaleEarlyParams) -> Needs:
    return Needs(analyses=(_KIND,), analysis=params.analysis)


def figure(series: Sequence[RunSeries], params: RescaleEarlyParams) -> go.Figure:
    """A line per run or group over beta; marked: the early checkpoint itself (0) and the final norms (1)."""
    compared = entries(series)
    drawn: list[lines.Line] = []
    for entry in compared:
        found = scores.curve(entry, _KIND, ("beta",), params.measure)
        color = look.OKABE_ITO[entry.color % len(look.OKABE_ITO)]
        if len(found.x):
            drawn.append(lines.Line(f"{entry.key}:beta", entry.name, color, found.x, found.y, found.low, found.high))
    named = [labels.label_of(line.name, line.color, line.x, line.y) for line in drawn]
    marks = [look.vertical(beta, look.NEUTRAL, dash="dot") for beta in (0.0, 1.0)] if drawn else []
    return look.figure(
        [trace for line in drawn for trace in lines.traces(line)],
        keep=f"rescale_early {params.measure}",
        meta={
            "note": _note(series, scores.note(compared, (_KIND,), params.measure)),
            "empty": not drawn,
        },
        xaxis=look.axis("beta (0: the early checkpoint, 1: every module at its final norm)"),
        yaxis=look.axis(scores.TITLES[params.measure]),
        showlegend=len(drawn) > labels.MOST,
        shapes=(scores.levels(compared, _KIND, params.measure) if drawn else []) + marks,
        annotations=labels.end_labels(named, labels.span_of([line.y for line in drawn])),
    )


def _note(series: Sequence[RunSeries], about: str | None) -> str:
    if about is None:
        return "analyse the run by 'Rescale an early update' first"
    used = {
        (analysis.parameters["early_step"], analysis.parameters["step"])
        for run in series
        if (analysis := run.analyses.get(_KIND))
    }
    steps = "; ".join(f"direction of step {early}, norms of step {final}" for early, final in sorted(used))
    return f"{steps}; dashed: trained weights, dotted: base; {about}"


def table(series: Sequence[RunSeries], params: RescaleEarlyParams) -> Table:  # noqa: ARG001
    """Every set of weights that was scored."""
    return scores.table(entries(series), (_KIND,))


PANEL = Panel(
    name="rescale_early",
    title="Is the early direction enough?",
    description="An early update with every module rescaled towards its final norm: how much of the gain does it recover?",
    params=RescaleEarlyParams,
    topics=(Topic.ANALYSES,),
    needs=_needs,
    figure=figure,
    table=table,
    gathers=True,
)
