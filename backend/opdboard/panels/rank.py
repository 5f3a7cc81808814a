"""How many directions carry the gain? Scores of the leading and of the trailing share of every matrix' singular components."""

from collections.abc import Sequence

import plotly.graph_objects as go

from opdboard.panels import look, scores
from opdboard.panels.gathering import entries
from opdboard.panels.series import RunSeries

_KIND = "rank"


def figure(series: Sequence[RunSeries], params: scores.ScoreParams) -> go.Figure:
    """Two lines per run or group: the leading components, rescaled to the full norm; dashed, the trailing ones as they are."""
    compared = entries(series)
    drawn = [
        found.line(
            f"{entry.key}:{family}",
            family if len(compared) == 1 else f"{entry.name} {family}",
            look.run_color(entry),
            dash,
            look.run_mark(entry),
        )
        for entry in compared
        for family, dash in (("top", "solid"), ("bottom", "dash"))
        if len((found := scores.curve(entry, _KIND, (family,), params.measure)).x)
    ]
    about = scores.note(compared, (_KIND,), params.measure)
    return scores.figure(
        drawn,
        _KIND,
        about and f"the matrices alone, all else at the base; {about}",
        params.measure,
        xaxis=look.axis("share of the rank kept [%]", type="log"),
        showlegend=True,
        annotations=[],
        shapes=scores.levels(compared, _KIND, params.measure) if drawn else [],
    )


PANEL = scores.panel(
    _KIND,
    "How many directions carry the gain?",
    "The leading k% of each matrix' singular components, rescaled to its full norm, and the trailing k%.",
    scores.ScoreParams,
    figure,
)
