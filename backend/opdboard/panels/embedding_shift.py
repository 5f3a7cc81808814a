"""Do the embeddings of used tokens move? 1 - cos(base, trained) of each, against how often responses contain it."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from opdboard.domain.records import VariantRecord
from opdboard.panels import look, scores
from opdboard.panels.gathering import Entry, entries
from opdboard.panels.panel import PanelParams
from opdboard.panels.series import RunSeries
from opdboard.panels.table import RUN, Column, Table, of_rows

_KIND = "embedding_shift"
_STILL = 1e-12  # below, rows of float32 differ by their rounding at most
_FAMILIES = {"input": "", "output": "-open"}


class EmbeddingShiftParams(PanelParams):
    """Which analysis."""

    analysis: scores.AnalysisId = ""


def figure(series: Sequence[RunSeries], params: EmbeddingShiftParams) -> go.Figure:  # noqa: ARG001
    """A mark per token: filled for the embeddings that are put in, open for those that are read out (where not tied)."""
    compared = entries(series)
    traces = [
        _marks(entry, run, one)
        for entry in compared
        for run in entry.runs
        for one in scores.variants(run, _KIND, *_FAMILIES)
    ]
    return look.figure(
        traces,
        keep="embedding_shift",
        meta=scores.meta(_KIND, _note(compared), empty=not traces),
        xaxis=look.axis("occurrences in the sampled responses", type="log"),
        yaxis=look.axis("1 − cos(base, trained)", type="log", exponentformat="power"),
        showlegend=len(traces) > 1,
        margin={"l": 62, "r": 12, "t": 22, "b": 44},
    )


def shifts(one: VariantRecord, name: str = "one_minus_cosine") -> np.ndarray:
    """1 - cosine of each token; NaN where it is not defined."""
    return np.array([np.nan if value is None else value for value in one.details[name]], np.float64)


def _marks(entry: Entry, run: RunSeries, one: VariantRecord) -> go.Scatter:
    y, symbol = shifts(one), look.run_mark(entry).symbol + _FAMILIES[one.family]
    return go.Scatter(
        uid=f"{run.id}:{one.family}",
        name=f"{run.name} {one.family}",
        x=np.array(one.details["counts"], np.float64),
        y=np.where(y > _STILL, y, np.nan),
        text=[repr(token) for token in one.details["tokens"]],
        mode="markers",
        marker={"color": look.run_color(entry), "size": 8, "symbol": symbol, "opacity": 0.8},
        hovertemplate="%{text}: 1 − cos = %{y:.3g}, %{x} times<extra>%{fullData.name}</extra>",
        legendgroup=entry.key,
    )


def _note(compared: Sequence[Entry]) -> str:
    told: list[str] = []
    for entry in compared:
        for run in entry.runs:
            for one in scores.variants(run, _KIND, *_FAMILIES):
                used, unused = shifts(one), shifts(one, "unused_one_minus_cosine")
                beside = f", of {len(unused)} unused ones {np.nanmean(unused):.2g}" if len(unused) else ""
                told.append(f"{run.name} {one.family}: mean {np.nanmean(used):.2g} over {len(used)} tokens{beside}")
    return "; ".join(told)


def table(series: Sequence[RunSeries], params: EmbeddingShiftParams) -> Table:  # noqa: ARG001
    """A row per run, embedding and token."""
    rows = [
        (run.name, one.family, token, count, shift)
        for run in series
        for one in scores.variants(run, _KIND, *_FAMILIES)
        for token, count, shift in zip(
            one.details["tokens"], one.details["counts"], one.details["one_minus_cosine"], strict=True
        )
    ]
    words = [Column(title, numeric=False) for title in ("embeddings", "token")]
    return of_rows([RUN, *words, Column("occurrences"), Column("1 - cosine")], rows)


PANEL = scores.panel(
    _KIND,
    "Do the embeddings of used tokens move?",
    "How far the embedding of every token in sampled responses has turned from the base's, by its frequency.",
    EmbeddingShiftParams,
    figure,
    table,
)
