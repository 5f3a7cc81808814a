"""Modules as a grid: layers up, the kinds of matrices across, gaps between attention, MLP and experts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from opdboard.domain.modules import KINDS, Module
from opdboard.panels import look
from opdboard.panels.series import RunSeries

_GAP = 0.5
_EXPERTS_WIDTH = 4.0  # that many columns' width for all experts of one kind, at most


@dataclass(frozen=True)
class Block:
    """The columns of attention, MLP or experts: where they are drawn, what they are called, which module each cell is (-1 for none)."""

    group: str
    columns: tuple[str, ...]
    x: np.ndarray
    modules: np.ndarray  # (layers, columns)
    width: float = 1.0


def blocks(modules: Sequence[Module], tower: str = "") -> list[Block]:
    """Attention, other mixers, MLP, then the experts kind by kind, as far as the model has them.

    tower: the stack of blocks that is shown; the first, which is the language model, where the model has none of this name.
    """
    there = sorted({module.tower for module in modules})
    shown = tower if tower in there else "".join(there[:1])
    of_tower = [index for index, module in enumerate(modules) if module.tower == shown]
    layers = max((modules[index].layer for index in of_tower), default=-1) + 1
    made: list[Block] = []
    start = 0.0
    for group in ("attention", "mixer", "mlp", "experts"):
        members = [index for index in of_tower if _group(modules[index]) == group]
        columns = sorted({_column(modules[index]) for index in members})
        if not columns:
            continue
        cells = np.full((layers, len(columns)), -1, np.int64)
        for index in members:
            cells[modules[index].layer, columns.index(_column(modules[index]))] = index
        each = len({expert for _, _, expert in columns})
        width = min(1.0, _EXPERTS_WIDTH / each)
        x = start + (width - 1) / 2 + width * np.arange(len(columns), dtype=np.float64)
        made.append(Block(group, tuple(_title(*column) for column in columns), x, cells, width))
        start += width * len(columns) + _GAP
    return made


def _group(module: Module) -> str:
    return module.group if module.expert is None else "experts"


def _column(module: Module) -> tuple[int, str, int]:
    return KINDS.index(module.kind), module.part, -1 if module.expert is None else module.expert


def _title(kind: int, part: str, expert: int) -> str:
    words = [KINDS[kind], part, "" if expert < 0 else f"e{expert}"]
    return " ".join(word for word in words if word)


def placed(block: Block, values: np.ndarray) -> np.ndarray:
    """Module values (modules,) as the block's cells (layers, columns); NaN where the model has no module."""
    return np.where(block.modules >= 0, values[block.modules], np.nan)


def heatmap(
    uid: str,
    block: Block,
    z: np.ndarray,
    hovers: Sequence[tuple[str, ...]],
    template: str,
    axes: tuple[str, str],
    *,
    name: str = "",
) -> go.Heatmap:
    """The block's cells coloured by z (modules,); customdata of a cell is the module's entry in
    hovers, its name first, its label second.
    """
    nothing = ("",) * len(hovers[0]) if hovers else ()
    cells = [[list(hovers[index]) if index >= 0 else list(nothing) for index in row] for row in block.modules]
    return go.Heatmap(
        uid=uid,
        name=name,
        x=block.x,
        y=np.arange(len(block.modules), dtype=np.float64),
        z=placed(block, z),
        customdata=cells,
        hovertemplate=f"{template}<extra></extra>",
        hoverongaps=False,
        coloraxis="coloraxis",
        xgap=1 if block.width == 1 else 0,
        ygap=1,
        xaxis=axes[0],
        yaxis=axes[1],
    )


def marks(
    uid: str,
    grid: Sequence[Block],
    odd: np.ndarray,
    values: np.ndarray,
    axes: tuple[str, str],
    name: str = "not finite",
) -> go.Scatter:
    """Crosses on the cells of modules where odd (modules,) is true; their text is the value."""
    spots = [
        (block.x[column], float(layer), look.number(float(values[block.modules[layer, column]])))
        for block in grid
        for layer, column in np.argwhere((block.modules >= 0) & odd[block.modules])
    ]
    return go.Scatter(
        uid=uid,
        x=np.array([x for x, _, _ in spots], np.float64),
        y=np.array([y for _, y, _ in spots], np.float64),
        text=[text for _, _, text in spots],
        mode="markers",
        marker={"symbol": "x-thin-open", "size": 7, "color": look.OKABE_ITO[4]},
        name=name,
        hovertemplate=f"{name}: %{{text}}<extra></extra>",
        xaxis=axes[0],
        yaxis=axes[1],
    )


def grid_axes(grid: Sequence[Block], y_domain: tuple[float, float], *, titled: bool) -> tuple[dict, dict]:
    """The x axis with the kinds, the y axis with the layers, the last on top."""
    ticks = [tick for block in grid for tick in _ticks(block)]
    layers = len(grid[0].modules) if grid else 1
    end = float(grid[-1].x[-1] + grid[-1].width / 2) if grid else 0.5
    x: dict[str, Any] = {
        "tickvals": [at for at, _ in ticks],
        "ticktext": [text for _, text in ticks],
        "range": [-0.5, end],
        "showgrid": False,
        "zeroline": False,
        "tickangle": 0,
    }
    y = look.axis("layer" if titled else "", domain=y_domain, range=[-0.5, layers - 0.5], showgrid=False)
    return x, y


def _ticks(block: Block) -> list[tuple[float, str]]:
    """One under each column, or one under all experts of a kind."""
    if block.group != "experts":
        return list(zip(block.x.tolist(), block.columns, strict=True))
    kinds = [title.split(" ")[0] for title in block.columns]
    return [
        (
            float(block.x[[index for index, own in enumerate(kinds) if own == kind]].mean()),
            f"{kind} ×{kinds.count(kind)}",
        )
        for kind in dict.fromkeys(kinds)
    ]


@dataclass(frozen=True)
class Colored:
    """What a grid shows of a run: per module the colour z, a line of words, and whether it is crossed out, with the value meant."""

    run: RunSeries
    z: np.ndarray
    words: Sequence[str]
    crossed: np.ndarray
    values: np.ndarray


def figure(
    shown: Sequence[Colored], *, key: str, crossed: str, coloraxis: dict[str, Any], told: Sequence[str]
) -> go.Figure:
    """One grid per run side by side, on one colour axis. key: of its traces' uids; crossed: what a cross means."""
    traces: list[Any] = []
    layout: dict[str, Any] = {}
    titles: list[dict[str, Any]] = []
    for one, cell in zip(shown, look.cells([one.run for one in shown]), strict=True):
        run, grid = one.run, blocks(one.run.modules)
        hovers = [(module.name, module.label, word) for module, word in zip(run.modules, one.words, strict=True)]
        traces += [
            heatmap(
                f"{run.id}:{key}:{block.group}",
                block,
                one.z,
                hovers,
                "%{customdata[1]}<br>%{customdata[2]}",
                cell.axes,
                name=run.name,
            )
            for block in grid
        ]
        traces.append(marks(f"{run.id}:{key}:odd", grid, one.crossed, one.values, cell.axes, crossed))
        layout |= cell.layout(*grid_axes(grid, (0.0, 1.0), titled=cell.first))
        titles += cell.titles
    return look.figure(
        traces,
        keep=f"{key} {len(shown)}",
        meta={"note": "; ".join(told) or "snapshots to compare come at powers of two", "empty": not told},
        coloraxis=coloraxis,
        annotations=titles,
        margin={"l": 44, "r": 8, "t": 20 if titles else 8, "b": 62},
        **layout,
    )
