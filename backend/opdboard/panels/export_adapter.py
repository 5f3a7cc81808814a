"""How low is the rank of the update? What an exported adapter misses of it, for every rank up to its own."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from opdboard.panels import lines, look, scores
from opdboard.panels.gathering import entries
from opdboard.panels.panel import PanelParams
from opdboard.panels.series import RunSeries
from opdboard.panels.table import RUN, Column, Table, of_rows

_KIND = "export_adapter"


class ExportAdapterParams(PanelParams):
    """Which export."""

    analysis: scores.AnalysisId = ""


def figure(series: Sequence[RunSeries], params: ExportAdapterParams) -> go.Figure:  # noqa: ARG001
    """A line per run; it ends at the rank that was written."""
    drawn = [
        lines.Line(
            f"{entry.key}:{run.id}",
            run.name,
            look.run_color(entry),
            np.arange(1.0, 1 + len(missed)),
            missed,
            mark=look.run_mark(entry),
        )
        for entry in entries(series)
        for run in entry.runs
        if len(missed := _missed(run))
    ]
    told = [
        f"{run.name}: {one.details['left_out']:.2%} lies in weights that no such adapter holds"
        for run in series
        for one in scores.variants(run, _KIND, "written")
    ]
    return lines.figure(
        drawn,
        meta=scores.meta(_KIND, "; ".join(told), empty=not drawn),
        keep=_KIND,
        y_title="missed [share of ‖ΔW‖F]",
        odd_axis=None,
        hovermode="closest",
        xaxis=look.axis("rank of each matrix", type="log"),
        showlegend=len(drawn) > 1,
    )


def _missed(run: RunSeries) -> np.ndarray:
    found = scores.variants(run, _KIND, "written")
    return np.array(found[0].details["missed_by_rank"] if found else [], np.float64)


def table(series: Sequence[RunSeries], params: ExportAdapterParams) -> Table:  # noqa: ARG001
    """A row per run and rank."""
    rows = [(run.name, rank, float(one)) for run in series for rank, one in enumerate(_missed(run), 1)]
    return of_rows([RUN, Column("rank"), Column("missed", "share")], rows)


PANEL = scores.panel(
    _KIND,
    "How low is the rank of the update?",
    "What is missed of the update when every matrix keeps only so many of its leading singular components.",
    ExportAdapterParams,
    figure,
    table,
)
