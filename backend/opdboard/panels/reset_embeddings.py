"""Do the embeddings matter? What the score loses when they are put back to the base, beside what all weights are worth."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.measures import SCORES
from opdboard.domain.records import Estimate
from opdboard.panels import look, scores
from opdboard.panels.gathering import Entry, entries
from opdboard.panels.intervals import mean_and_half_width
from opdboard.panels.panel import PanelParams
from opdboard.panels.series import RunSeries
from opdboard.panels.table import RUN, Column, Table, of_rows

_KIND = "reset_embeddings"


class ResetEmbeddingsParams(PanelParams):
    """Which score."""

    measure: Literal["accuracy", "reverse_kl"] = Field(
        default="accuracy", description="Accuracy by the verifier, or reverse KL to the teacher."
    )
    analysis: scores.AnalysisId = ""


def figure(series: Sequence[RunSeries], params: ResetEmbeddingsParams) -> go.Figure:
    """A bar per run or group and set of weights put back: the paired change against the trained weights."""
    compared = entries(series)
    bars = [_bar(entry, found) for entry in compared if (found := _changes(entry, params.measure))]
    about = scores.note(compared, (_KIND,), params.measure)
    return look.figure(
        bars,
        keep=f"reset_embeddings {params.measure}",
        meta=scores.meta(_KIND, about and f"against the trained weights; {about}", empty=not bars),
        xaxis=look.axis("put back to the base", type="category"),
        yaxis=look.axis(f"change, {look.axis_label(SCORES[params.measure])}", zeroline=True),
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


def table(series: Sequence[RunSeries], params: ResetEmbeddingsParams) -> Table:
    """The change of each run or group, and the ends of its interval."""
    rows = [
        (entry.name, name, one.value, one.low, one.high)
        for entry in entries(series)
        for name, one in _changes(entry, params.measure).items()
    ]
    measure = SCORES[params.measure]
    ends = [Column(f"{measure.brief}, change{end}", measure.unit) for end in ("", ", lower end", ", upper end")]
    return of_rows([RUN, Column("put back", numeric=False), *ends], rows)


def _changes(entry: Entry, measure: str) -> dict[str, Estimate]:
    """Those of a run, or of a group the means of those that all members have, with intervals over the members."""
    members = [found for run in entry.runs if (found := changes(run, measure))]
    if not members or not entry.is_group:
        return members[0] if members else {}
    names = [name for name in members[0] if all(name in found for found in members)]
    means, half = mean_and_half_width(np.array([[found[name].value for name in names] for found in members]))
    ends = zip(names, means.tolist(), (means - half).tolist(), (means + half).tolist(), strict=True)
    return {name: Estimate(mean, low, high) for name, mean, low, high in ends}


def _bar(entry: Entry, found: dict[str, Estimate]) -> go.Bar:
    return go.Bar(
        uid=f"{entry.key}:reset",
        name=look.marked(entry.name, look.run_color(entry), look.run_mark(entry)),
        x=list(found),
        y=np.array([one.value for one in found.values()], np.float64),
        marker={"color": look.faded(look.run_color(entry), 0.8)},
        text=[look.run_mark(entry).glyph] * len(found),
        textposition="inside",
        insidetextanchor="start",
        error_y={
            "type": "data",
            "array": np.nan_to_num(np.array([one.high - one.value for one in found.values()], np.float64)),
            "arrayminus": np.nan_to_num(np.array([one.value - one.low for one in found.values()], np.float64)),
            "symmetric": False,
            "thickness": 1,
            "width": 4,
            "color": look.NEUTRAL,
        },
        hovertemplate="%{x}: %{y:+.4g}<extra>%{fullData.name}</extra>",
    )


PANEL = scores.panel(
    _KIND,
    "Do the embeddings matter?",
    "What the score changes by when the trained embeddings are put back to the base's, beside the whole gain.",
    ResetEmbeddingsParams,
    figure,
    table,
)
