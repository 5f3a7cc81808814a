"""Which layers carry the gain? Scores of the update of a few layers alone, over the norm that each layer spends."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from opdboard.domain.events import Topic
from opdboard.domain.measures import SCORES
from opdboard.panels import lines, look, scores
from opdboard.panels.gathering import Entry, entries
from opdboard.panels.series import Needs, RunSeries, VectorNeed
from opdboard.panels.table import Table, of_rows

_KIND = "sliding_window"
_GROUPS = ("mlp", "attention")
_NORM = "update_norm"


def _needs(params: scores.ScoreParams) -> Needs:
    return Needs(vectors=(VectorNeed(_NORM),), analyses=(_KIND,), analysis=params.analysis)


def figure(series: Sequence[RunSeries], params: scores.ScoreParams) -> go.Figure:
    """One cell per run or group analysed: a line for MLP and one for attention over l, on bars of each layer's update norm."""
    compared = entries(series)
    shown = scores.analysed(compared, _KIND)
    traces: list[Any] = []
    layout: dict[str, Any] = {}
    shapes: list[dict[str, Any]] = []
    titles: list[dict[str, Any]] = []
    for index, (entry, cell) in enumerate(zip(shown, look.cells(shown, 0.1, titled=len(compared) > 1), strict=True)):
        x, y = cell.axes[0], f"y{2 * index + 1}" if index else "y"
        bars = f"y{2 * index + 2}"  # norms, on the right of the scores
        for group in _GROUPS:
            found = scores.curve(entry, _KIND, (group,), params.measure)
            traces.append(_bars(entry, group, layer_norms(entry, group), (x, bars), legend=cell.first))
            made = lines.traces(found.line(f"{entry.key}:{group}", group, look.GROUP_COLORS[group]), (x, y))
            made[-1].showlegend = cell.first
            traces += made
        shapes += scores.levels([entry], _KIND, params.measure, (x, y))
        titles += cell.titles
        layout[look.axis_key(x)] = look.axis("centre l of the window [layer]", domain=cell.domain, anchor=y)
        layout[look.axis_key(y)] = look.axis(look.axis_label(SCORES[params.measure]) if cell.first else "", anchor=x)
        layout[look.axis_key(bars)] = look.axis(
            "",
            anchor=x,
            overlaying=y,
            side="right",
            showgrid=False,
            rangemode="tozero",
            tickmode="auto",
            nticks=5,
            tickfont={"size": 9},
        )
    about = scores.note(compared, (_KIND,), params.measure)
    return look.figure(
        traces,
        keep=f"sliding_window {params.measure} {len(shown)}",
        meta=scores.meta(
            _KIND, about and f"{_window(series)}; bars: update norm of each layer; {about}", empty=not shown
        ),
        shapes=shapes,
        annotations=titles,
        barmode="overlay",
        showlegend=True,
        legend_y=1.06,
        margin={"l": 52, "r": 44, "t": 44, "b": 40},
        **layout,
    )


def table(series: Sequence[RunSeries], params: scores.ScoreParams) -> Table:  # noqa: ARG001
    """Every set of weights that was scored, and the update norm of each layer's matrices."""
    scored = scores.table(entries(series), (_KIND,))
    nothing = (None,) * (len(scored.columns) - 3)
    norms = [
        (entry.name, f"layer {layer}: {group}", norm, *nothing)
        for entry in scores.analysed(entries(series), _KIND)
        for group in _GROUPS
        for layer, norm in enumerate(layer_norms(entry, group).tolist())
    ]
    return of_rows(scored.columns, [*scored.rows(), *norms])


def layer_norms(entry: Entry, group: str) -> np.ndarray:
    """||dW||_F of the group's matrices of each layer, at the checkpoint analysed; of a group of runs the mean; empty if unknown."""
    found: list[np.ndarray] = []
    for run in entry.runs:
        analysis, rows = run.analyses.get(_KIND), run.vectors[_NORM]
        row = rows.row_at(analysis.parameters["step"]) if analysis is not None else None
        if row is None:
            continue
        layers = 1 + max((module.layer for module in run.modules), default=-1)
        squares = np.zeros(layers)
        for module, norm in zip(run.modules, rows.values[row].astype(np.float64), strict=True):
            squares[module.layer] += norm**2 if module.group == group else 0.0
        found.append(np.sqrt(squares))
    alike = [norms for norms in found if len(norms) == len(found[0])]
    return np.mean(alike, axis=0) if alike else np.empty(0)


def _bars(entry: Entry, group: str, norms: np.ndarray, axes: tuple[str, str], *, legend: bool) -> go.Bar:
    shift = -0.19 if group == "mlp" else 0.19
    return go.Bar(
        uid=f"{entry.key}:{group}:norm",
        name=f"{group} norm",
        x=np.arange(len(norms), dtype=np.float64) + shift,
        y=norms,
        width=0.36,
        marker={"color": look.faded(look.GROUP_COLORS[group], 0.22)},
        hovertemplate=f"update norm of layer's {group}: %{{y:.4g}}<extra></extra>",
        xaxis=axes[0],
        yaxis=axes[1],
        showlegend=legend,
    )


def _window(series: Sequence[RunSeries]) -> str:
    labels = {one.label for run in series for one in scores.variants(run, _KIND, *_GROUPS)}
    widths = [int(last) - int(first) + 1 for first, last in (label.split()[-3::2] for label in labels)]
    return f"windows of {max(widths)} layers, cut at the ends; all else at the base" if widths else "no window yet"


PANEL = scores.panel(
    _KIND,
    "Which layers carry the gain?",
    "Score when only the MLPs' or only attention's update of the layers around l is injected, over each layer's norm.",
    scores.ScoreParams,
    figure,
    table,
    needs=_needs,
    topics=(Topic.ANALYSES, Topic.MODULES),
    max_runs=4,
)
