"""What is the norm of an update worth? Scores along the scaled final update, and of every checkpoint, against ||dW||."""

from collections.abc import Sequence
from typing import Literal

import plotly.graph_objects as go
from pydantic import Field

from opdboard.panels import lines, look, scores
from opdboard.panels.gathering import entries
from opdboard.panels.panel import PanelParams
from opdboard.panels.scores import BASE, FINAL
from opdboard.panels.series import Needs, RunSeries
from opdboard.panels.table import Table

_KINDS = ("scale_final", "norm_vs_score")


class ScaleFinalParams(PanelParams):
    """Which score, against what."""

    measure: scores.Measure = "accuracy"
    x: Literal["norm", "place"] = Field(
        default="norm",
        description="Norm of the update, at which runs are compared; or its place: a as a share of the way.",
        json_schema_extra={"x-enum-titles": ["norm", "share of the final update"]},
    )
    analysis: scores.AnalysisId = ""


def _needs(params: ScaleFinalParams) -> Needs:
    return Needs(analyses=_KINDS if params.x == "norm" else _KINDS[:1], analysis=params.analysis)


def figure(series: Sequence[RunSeries], params: ScaleFinalParams) -> go.Figure:
    """A line per run or group through W_0 + a dW; dotted through its checkpoints, which have directions of their own."""
    compared = entries(series)
    kinds = _needs(params).analyses
    drawn: list[lines.Line] = []
    for entry in compared:
        for kind, family, word, dash in (
            ("scale_final", "scaled", "", "solid"),
            ("norm_vs_score", "checkpoint", " checkpoints", "dot"),
        ):
            if kind not in kinds:
                continue
            found = scores.curve(entry, kind, (BASE, family, FINAL), params.measure)
            x = found.norm if params.x == "norm" else found.x
            band = (found.low, found.high) if kind == "scale_final" else (None, None)
            if len(x):
                name, color = entry.name + word, look.run_color(entry)
                mark = look.run_mark(entry)
                drawn.append(lines.Line(f"{entry.key}:{kind}", name, color, x, found.y, *band, dash, mark))
    return scores.figure(
        drawn,
        _KINDS[0],
        scores.note(compared, kinds, params.measure),
        params.measure,
        keep=f"scale_final {params.measure} {params.x}",
        xaxis=look.axis("‖W − W₀‖F over all weights" if params.x == "norm" else "a", rangemode="tozero"),
    )


def table(series: Sequence[RunSeries], params: ScaleFinalParams) -> Table:
    """Every set of weights that was scored."""
    return scores.table(entries(series), _needs(params).analyses)


PANEL = scores.panel(
    _KINDS[0],
    "What is the norm of the update worth?",
    "Score of W₀ + a ΔW against its norm, so that runs are compared at equal norm; dotted: every checkpoint.",
    ScaleFinalParams,
    figure,
    table,
    needs=_needs,
)
