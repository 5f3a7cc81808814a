"""How many directions carry the gain? Scores of the leading and of the trailing share of every matrix' singular components."""

from collections.abc import Sequence

import plotly.graph_objects as go

from opdboard.domain.events import Topic
from opdboard.panels import lines, look, scores
from opdboard.panels.gathering import entries
from opdboard.panels.panel import Panel, PanelParams
from opdboard.panels.series import Needs, RunSeries
from opdboard.panels.table import Table

_KIND = "rank"


class RankParams(PanelParams):
    """Which score."""

    measure: scores.Measure = "recovery"
    analysis: scores.AnalysisId = ""


def _needs(params: RankParams) -> Needs:
    return Needs(analyses=(_KIND,), analysis=params.analysis)


def figure(series: Sequence[RunSeries], params: RankParams) -> go.Figure:
    """Two lines per run or group: the leading components, rescaled to the full norm; dashed, the trailing ones as they are."""
    compared = entries(series)
    drawn: list[lines.Line] = []
    for entry in compared:
        color = look.OKABE_ITO[entry.color % len(look.OKABE_ITO)]
        for family, dash in (("top", "solid"), ("bottom", "dash")):
            found = scores.curve(entry, _KIND, (family,), params.measure)
            name = family if len(compared) == 1 else f"{entry.name} {family}"
            if len(found.x):
                line = lines.Line(f"{entry.key}:{family}", name, color, found.x, found.y, found.low, found.high, dash)
                drawn.append(line)
    about = scores.note(compared, (_KIND,), params.measure)
    return look.figure(
        [trace for line in drawn for trace in lines.traces(line)],
        keep=f"rank {params.measure}",
        meta={
            "note": f"the matrices alone, all else at the base; {about}"
            if about
            else "analyse the run by 'Keep a share of the rank' first",
            "empty": not drawn,
        },
        xaxis=look.axis("share of the rank kept [%]", type="log"),
        yaxis=look.axis(scores.TITLES[params.measure]),
        showlegend=True,
        shapes=scores.levels(compared, _KIND, params.measure) if drawn else [],
    )


def table(series: Sequence[RunSeries], params: RankParams) -> Table:  # noqa: ARG001
    """Every set of weights that was scored."""
    return scores.table(entries(series), (_KIND,))


PANEL = Panel(
    name="rank",
    title="How many directions carry the gain?",
    description="The leading k% of each matrix' singular components, rescaled to its full norm, and the trailing k%.",
    params=RankParams,
    topics=(Topic.ANALYSES,),
    needs=_needs,
    figure=figure,
    table=table,
    gathers=True,
)
