"""Do the embeddings matter? What the score loses when they are put back to the base, beside what all weights are worth."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.records import Estimate
from opdboard.panels import look, scores
from opdboard.panels.gathering import Entry, entries
from opdboard.panels.intervals import mean_and_half_width
from opdboard.panels.panel import Panel, PanelParams
from opdboard.panels.series import Needs, RunSeries

_KIND = "reset_embeddings"
_TITLES = {"accuracy": "change of accuracy [share]", "reverse_kl": "change of reverse_kl [nats/token]"}


class ResetEmbeddingsParams(PanelParams):
    """Which score."""

    measure: Literal["accuracy", "reverse_kl"] = Field(
        default="accuracy", description="Accuracy by the verifier, or reverse KL to the teacher."
    )
    analysis: scores.AnalysisId = ""


def _needs(params: ResetEmbeddingsParams) -> Needs:
    return Needs(analyses=(_KIND,), analysis=params.analysis)


def figure(series: Sequence[RunSeries], params: ResetEmbeddingsParams) -> go.Figure:
    """A bar per run or group and set of weights put back: the paired change against the trained weights."""
    compared = entries(series)
    bars = [bar for entry in compared if (bar := _bar(entry, params.measure)) is not None]
    about = scores.note(compared, (_KIND,))
    return look.figure(
        bars,
        keep=f"reset_embeddings {params.measure}",
        meta={
            "note": f"against the trained weights; {about}"
            if about
            else "analyse the run by 'Put the embeddings back' first",
            "table": scores.table(compared, (_KIND,)),
            "empty": not bars,
        },
        xaxis=look.axis("put back to the base", type="category"),
        yaxis=look.axis(_TITLES[params.measure], zeroline=True),
        barmode="group",
        showlegend=len(bars) > 1,
        margin={"l": 56, "r": 12, "t": 22, "b": 44},
    )


def changes(run: RunSeries, measure: str) -> dict[str, Estimate]:
    """What was put back -> score minus that of the trained weights; 'all weights' is the base."""
    found: dict[str, Estimate] = {}
    for one in scores.variants(run, _KIND, "reset"):
        score = scores.score_of(one, measure)
        if score is not None:
            found[one.label.removesuffix(" reset")] = score.over_final
    for one in scores.variants(run, _KIND, scores.FINAL):
        score = scores.score_of(one, measure)
        if score is not None:
            gain = score.over_base
            found["all weights"] = Estimate(-gain.value, -gain.high, -gain.low)
    return found


def _bar(entry: Entry, measure: str) -> go.Bar | None:
    members = [found for run in entry.runs if (found := changes(run, measure))]
    if not members:
        return None
    names = [name for name in members[0] if all(name in found for found in members)]
    if entry.is_group:
        y, half = mean_and_half_width(np.array([[found[name].value for name in names] for found in members]))
        above = below = half
    else:
        ends = [members[0][name] for name in names]
        y = np.array([one.value for one in ends], np.float64)
        above = np.array([one.high - one.value for one in ends], np.float64)
        below = np.array([one.value - one.low for one in ends], np.float64)
    return go.Bar(
        uid=f"{entry.key}:reset",
        name=entry.name,
        x=names,
        y=y,
        marker={"color": look.faded(look.OKABE_ITO[entry.color % len(look.OKABE_ITO)], 0.8)},
        error_y={
            "type": "data",
            "array": np.nan_to_num(above),
            "arrayminus": np.nan_to_num(below),
            "symmetric": False,
            "thickness": 1,
            "width": 4,
            "color": look.NEUTRAL,
        },
        hovertemplate="%{x}: %{y:+.4g}<extra>%{fullData.name}</extra>",
    )


PANEL = Panel(
    name="reset_embeddings",
    title="Do the embeddings matter?",
    description="What the score changes by when the trained embeddings are put back to the base's, beside the whole gain.",
    params=ResetEmbeddingsParams,
    topics=(Topic.ANALYSES,),
    needs=_needs,
    figure=figure,
    gathers=True,
)
