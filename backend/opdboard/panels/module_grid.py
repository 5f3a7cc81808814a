"""Modules as a grid: layers up, the kinds of matrices across, one gap between attention and MLP."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from opdboard.domain.modules import KINDS, Module
from opdboard.panels import look

_GAP = 0.5


@dataclass(frozen=True)
class Block:
    """The columns of attention or MLP: where they are drawn, and which module each cell is (-1 for none)."""

    group: str
    kinds: tuple[str, ...]
    x: np.ndarray
    modules: np.ndarray  # (layers, kinds)


def blocks(modules: Sequence[Module]) -> list[Block]:
    """Attention, then MLP, as far as the model has them."""
    layers = max((module.layer for module in modules), default=-1) + 1
    made: list[Block] = []
    start = 0.0
    for group in ("attention", "mlp"):
        present = {module.kind for module in modules if module.group == group}
        kinds = tuple(kind for kind in KINDS if kind in present)
        if not kinds:
            continue
        cells = np.full((layers, len(kinds)), -1, np.int64)
        for index, module in enumerate(modules):
            if module.group == group:
                cells[module.layer, kinds.index(module.kind)] = index
        made.append(Block(group, kinds, start + np.arange(len(kinds), dtype=np.float64), cells))
        start += len(kinds) + _GAP
    return made


def placed(block: Block, values: np.ndarray) -> np.ndarray:
    """Module values (modules,) as the block's cells (layers, kinds); NaN where the model has no module."""
    return np.where(block.modules >= 0, values[block.modules], np.nan)


def heatmap(
    uid: str, block: Block, z: np.ndarray, hovers: Sequence[tuple[str, ...]], template: str, axes: tuple[str, str]
) -> go.Heatmap:
    """The block's cells coloured by z (modules,); customdata of a cell is the module's entry in hovers, its name first."""
    nothing = ("",) * len(hovers[0]) if hovers else ()
    cells = [[list(hovers[index]) if index >= 0 else list(nothing) for index in row] for row in block.modules]
    return go.Heatmap(
        uid=uid,
        x=block.x,
        y=np.arange(len(block.modules), dtype=np.float64),
        z=placed(block, z),
        customdata=cells,
        hovertemplate=f"{template}<extra></extra>",
        hoverongaps=False,
        coloraxis="coloraxis",
        xgap=1,
        ygap=1,
        xaxis=axes[0],
        yaxis=axes[1],
    )


def marks(uid: str, grid: Sequence[Block], odd: np.ndarray, name: str, axes: tuple[str, str]) -> go.Scatter:
    """Crosses on the cells of modules where odd (modules,) is true."""
    spots = [
        (block.x[column], float(layer))
        for block in grid
        for layer, column in np.argwhere((block.modules >= 0) & odd[block.modules])
    ]
    return go.Scatter(
        uid=uid,
        x=np.array([x for x, _ in spots], np.float64),
        y=np.array([y for _, y in spots], np.float64),
        mode="markers",
        marker={"symbol": "x-thin-open", "size": 7, "color": look.OKABE_ITO[4]},
        name=name,
        hovertemplate=f"{name}<extra></extra>",
        xaxis=axes[0],
        yaxis=axes[1],
    )


def grid_axes(
    grid: Sequence[Block], x_domain: tuple[float, float], y_domain: tuple[float, float], *, titled: bool
) -> tuple[dict, dict]:
    """The x axis with the kinds, the y axis with the layers, the last on top."""
    positions = np.concatenate([block.x for block in grid]) if grid else np.zeros(1)
    layers = len(grid[0].modules) if grid else 1
    x: dict[str, Any] = {
        "domain": x_domain,
        "tickvals": positions.tolist() if grid else [],
        "ticktext": [kind for block in grid for kind in block.kinds],
        "range": [-0.5, float(positions[-1]) + 0.5],
        "showgrid": False,
        "zeroline": False,
        "tickangle": 0,
    }
    y = look.axis("layer" if titled else "", domain=y_domain, range=[-0.5, layers - 0.5], showgrid=False)
    return x, y
