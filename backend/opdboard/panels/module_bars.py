"""The thin bars beside the allocation picture: all modules of a layer, and all of a kind, experts among them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from opdboard.panels import look, module_grid
from opdboard.panels.grouping import finite_mean
from opdboard.panels.module_values import Seen

HEAT, _BAR = 0.86, 0.88
_WORDS = {"norm": "norm of all together", "sum": "sum", "mean": "mean"}


def bars(run_id: str, grid: Sequence[module_grid.Block], values: np.ndarray, seen: Seen) -> list[go.Bar]:
    """Right: per layer, as high as its row; top: per column, as wide as it is. Norms come together as the root of the sum of their
    squares, shares as their sum; of what has no total it is the mean.
    """
    finite = np.where(np.isfinite(values), values, np.nan)
    cells = [module_grid.placed(block, finite) for block in grid]
    by_layer = together(np.concatenate([cell.reshape(len(cell), -1) for cell in cells], axis=1), seen.total)
    by_kind = np.concatenate([together(cell.swapaxes(0, 1).reshape(cell.shape[1], -1), seen.total) for cell in cells])
    common: dict[str, Any] = {"marker": {"color": look.faded(look.NEUTRAL, 0.7), "line": {"width": 0}}}
    hover = f"{_WORDS[seen.total]}: %{{VALUE:.4g}}<extra></extra>"
    return [
        go.Bar(
            uid=f"{run_id}:layers",
            name=f"{_WORDS[seen.total]}, per layer",
            orientation="h",
            x=by_layer,
            y=np.arange(len(by_layer), dtype=np.float64),
            width=1,
            xaxis="x2",
            yaxis="y",
            hovertemplate="layer %{y}<br>" + hover.replace("VALUE", "x"),
            **common,
        ),
        go.Bar(
            uid=f"{run_id}:kinds",
            name=f"{_WORDS[seen.total]}, per kind of matrix",
            x=np.concatenate([block.x for block in grid]),
            y=by_kind,
            width=1,
            customdata=[name for block in grid for name in block.columns],
            xaxis="x",
            yaxis="y2",
            hovertemplate="%{customdata}<br>" + hover.replace("VALUE", "y"),
            **common,
        ),
    ]


def together(values: np.ndarray, total: str) -> np.ndarray:
    """Over the last axis, without what is NaN; 0 where nothing is left."""
    if total == "mean":
        return np.nan_to_num(finite_mean(values))
    return np.sqrt(np.nansum(values**2, -1)) if total == "norm" else np.nansum(values, -1)


def axes() -> dict[str, Any]:
    """Where the bars stand."""
    quiet = {"showticklabels": False, "showgrid": False, "zeroline": False, "rangemode": "tozero", "fixedrange": True}
    return {
        "xaxis2": {"domain": (_BAR, 1.0), "anchor": "y", **quiet},
        "yaxis2": {"domain": (_BAR, 1.0), "anchor": "x", **quiet},
    }
