"""Is the path of the leading direction a line? u_1 of a layer's matrices over the snapshots, projected onto a plane."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.modules import KINDS
from opdboard.domain.records import VariantRecord
from opdboard.panels import look, scores
from opdboard.panels.gathering import Entry, entries
from opdboard.panels.panel import PanelParams
from opdboard.panels.series import RunSeries
from opdboard.panels.table import MODULE, RUN, STEP, Column, Row, Table, of_rows

_KIND = "rank_one_trajectory"
_GAP = 0.12
_COORDINATES = {
    "pca": ("x", "y"),
    "standardised_pca": ("standardised_x", "standardised_y"),
    "tsne": ("tsne_x", "tsne_y"),
}
_AXES = {
    "pca": ("first principal component of u₁", "second principal component"),
    "standardised_pca": ("first component of u₁, coordinates standardised", "second component"),
    "tsne": ("t-SNE of u₁: neighbours, not distances", "second coordinate"),
}


class RankOneTrajectoryParams(PanelParams):
    """Which layer's paths."""

    layer: Annotated[int, Field(ge=0, le=100_000)] | None = Field(
        default=None, description="Layer whose matrices' paths are drawn; empty takes the middle one."
    )
    projection: Literal["pca", "standardised_pca", "tsne"] = Field(
        default="pca",
        description="Two principal components; those of coordinates divided by their standard deviations, as the authors' code "
        "does; or t-SNE, which keeps who is whose neighbour.",
    )
    analysis: scores.AnalysisId = ""


def figure(series: Sequence[RunSeries], params: RankOneTrajectoryParams) -> go.Figure:
    """Left: a path per matrix of one layer (of a group, of its first member). Right: EVR_{0:2} of every matrix by layer."""
    compared = scores.analysed(entries(series), _KIND)
    layers = sorted({one.details["layer"] for run in series for one in scores.variants(run, _KIND)})
    layer = layers[len(layers) // 2] if params.layer is None and layers else params.layer
    kinds = sorted({one.details["kind"] for run in series for one in scores.variants(run, _KIND)}, key=KINDS.index)
    along, across = _AXES[params.projection]
    traces: list[Any] = []
    for index, entry in enumerate(compared):
        shown = next(run for run in entry.runs if scores.variants(run, _KIND))
        found = [one for one in scores.variants(shown, _KIND) if one.details["layer"] == layer]
        traces += [
            _path(entry, one, params.projection, index, look.PARTS[kinds.index(one.details["kind"]) % len(look.PARTS)])
            for one in found
        ]
        traces.append(_ratios(entry, params.projection))
    told = _note(compared, layer, params.projection) if compared else None
    return look.figure(
        traces,
        keep="rank_one_trajectory",
        meta={
            **scores.meta(_KIND, told, empty=not compared),
            "choices": {"layer": layers},
        },
        xaxis=look.axis(along, domain=(0.0, 0.5 - _GAP / 2), anchor="y"),
        yaxis=look.axis(across, anchor="x"),
        xaxis2=look.axis("layer", domain=(0.5 + _GAP / 2, 1.0), anchor="y2"),
        yaxis2=look.axis("EVR₀:₂", anchor="x2", range=[0, 1.05]),
        showlegend=True,
        legend_y=1.02,
        margin={"l": 52, "r": 12, "t": 40, "b": 44},
    )


def ratios(run: RunSeries, projection: str = "pca") -> np.ndarray:
    """EVR_{0:2} of every matrix; NaN where nothing varies, and in analyses from before that projection was computed."""
    found = [one.details.get(_evr(projection)) for one in scores.variants(run, _KIND)]
    return np.array([np.nan if value is None else value for value in found], np.float64)


def _evr(projection: str) -> str:
    return "standardised_evr" if projection == "standardised_pca" else "evr"


def _path(entry: Entry, one: VariantRecord, projection: str, index: int, color: str) -> go.Scatter:
    steps = one.details["steps"]
    x, y = (np.array(_coordinates(one, name), np.float64) for name in _COORDINATES[projection])
    return go.Scatter(
        uid=f"{entry.key}:{one.label}",
        name=one.details["kind"],
        x=x,
        y=y,
        text=[f"step {step}" for step in steps],
        mode="lines+markers",
        line={"color": color, "width": 1.25, "dash": "solid" if index == 0 else "dot"},
        marker={"color": color, "size": np.linspace(4, 9, len(steps)), "symbol": "circle" if index == 0 else "diamond"},
        hovertemplate="%{text}<extra>" + f"{entry.name} {one.details['kind']}" + "</extra>",
        legendgroup=one.details["kind"],
        showlegend=index == 0,
    )


def _ratios(entry: Entry, projection: str) -> go.Scatter:
    found = [one for run in entry.runs for one in scores.variants(run, _KIND)]
    return go.Scatter(
        uid=f"{entry.key}:evr",
        name=entry.name,
        x=np.array([one.details["layer"] for one in found], np.float64),
        y=np.concatenate([ratios(run, projection) for run in entry.runs]),
        text=[one.label for one in found],
        mode="markers",
        marker={"color": look.run_color(entry), "symbol": look.run_mark(entry).symbol, "size": 6, "opacity": 0.6},
        hovertemplate="%{text}<br>EVR %{y:.3f}<extra>%{fullData.name}</extra>",
        xaxis="x2",
        yaxis="y2",
    )


def _coordinates(one: VariantRecord, name: str) -> list[float | None]:
    """None where there is none: a path that stands still, or one analysed before that was computed."""
    return one.details.get(name, [None] * len(one.details["steps"]))


def _note(compared: Sequence[Entry], layer: int | None, projection: str) -> str:
    told = [f"paths of layer {layer}, marks grow with the step"]
    if projection == "tsne" and not any(
        any(value is not None for value in _coordinates(one, "tsne_x"))
        for entry in compared
        for run in entry.runs
        for one in scores.variants(run, _KIND)
    ):
        told.append("no t-SNE, which needs four snapshots of directions that move; older analyses do not have it")
    for entry in compared:
        every = np.concatenate([ratios(run, projection) for run in entry.runs])
        snapshots = {len(one.details["steps"]) for run in entry.runs for one in scores.variants(run, _KIND)}
        counted = " or ".join(map(str, sorted(snapshots)))
        told.append(f"{entry.name}: mean EVR {_mean(every)} over {counted} snapshots")
    return "; ".join(told)


def _mean(values: np.ndarray) -> str:
    finite = values[np.isfinite(values)]
    return f"{finite.mean():.3f}" if len(finite) else "not computed (analyse again)"


def table(series: Sequence[RunSeries], params: RankOneTrajectoryParams) -> Table:
    """The way of every matrix, also of layers whose paths are not drawn, and its ratio."""
    rows: list[Row] = [
        (run.name, one.label, one.details.get(_evr(params.projection)), *point)
        for run in series
        for one in scores.variants(run, _KIND)
        for point in zip(
            one.details["steps"], *(_coordinates(one, name) for name in _COORDINATES[params.projection]), strict=True
        )
    ]
    along, across = _AXES[params.projection]
    return of_rows([RUN, MODULE[0], Column("EVR 0:2"), STEP, Column(along), Column(across)], rows)


PANEL = scores.panel(
    _KIND,
    "Is the path of the leading direction a line?",
    "The leading direction u₁ of each matrix over the snapshots, projected onto a plane.",
    RankOneTrajectoryParams,
    figure,
    table,
)
