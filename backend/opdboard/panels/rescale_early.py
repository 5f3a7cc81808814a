"""Is the early direction enough? An early update brought towards the norms of the final one, module by module."""

from collections.abc import Sequence

import plotly.graph_objects as go

from opdboard.panels import look, scores
from opdboard.panels.gathering import entries
from opdboard.panels.series import RunSeries

_KIND = "rescale_early"


def figure(series: Sequence[RunSeries], params: scores.ScoreParams) -> go.Figure:
    """A line per run or group over beta; marked: the early checkpoint itself (0) and the final norms (1)."""
    compared = entries(series)
    drawn = [
        found.line(f"{entry.key}:beta", entry.name, look.run_color(entry), mark=look.run_mark(entry))
        for entry in compared
        if len((found := scores.curve(entry, _KIND, ("beta",), params.measure)).x)
    ]
    ends = [look.vertical(beta, look.NEUTRAL, dash="dot") for beta in (0.0, 1.0)]
    return scores.figure(
        drawn,
        _KIND,
        _note(series, scores.note(compared, (_KIND,), params.measure)),
        params.measure,
        xaxis=look.axis("beta (0: the early checkpoint, 1: every module at its final norm)"),
        shapes=[*scores.levels(compared, _KIND, params.measure), *ends] if drawn else [],
    )


def _note(series: Sequence[RunSeries], about: str | None) -> str | None:
    if about is None:
        return None
    used = {
        (analysis.parameters["early_step"], analysis.parameters["step"])
        for run in series
        if (analysis := run.analyses.get(_KIND))
    }
    steps = "; ".join(f"direction of step {early}, norms of step {final}" for early, final in sorted(used))
    return f"{steps}; dashed: trained weights, dotted: base; {about}"


PANEL = scores.panel(
    _KIND,
    "Is the early direction enough?",
    "An early update with every module rescaled towards its final norm: how much of the gain does it recover?",
    scores.ScoreParams,
    figure,
)
