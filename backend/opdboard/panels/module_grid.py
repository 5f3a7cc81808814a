"""Modules as a grid: layers up, the kinds of matrices across, gaps between attention, MLP and experts.

All experts of a kind in a layer are one cell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from opdboard.domain.modules import KINDS, Module
from opdboard.panels import look
from opdboard.panels.series import RunSeries

EXPERTS = "experts"
_GAP = 0.5
_MOST_APART = 40  # layers whose rows are still 5 px high or more in a picture of the usual height
_SEPARATED = 10
SEPARATOR = {"color": "rgba(255,255,255,0.7)", "width": 0.75}
"""A thin line between rows of colour."""


@dataclass(frozen=True)
class Block:
    """The columns of attention, MLP or experts: where they are drawn, what they are called, which modules each cell stands for.

    members (layers, columns, modules) is padded with -1; a cell stands for more than one module in the block EXPERTS alone.
    """

    group: str
    columns: tuple[str, ...]
    x: np.ndarray
    members: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """How many modules each cell (layers, columns) stands for."""
        return (self.members >= 0).sum(-1)


def blocks(modules: Sequence[Module], tower: str = "") -> list[Block]:
    """Attention, other mixers, MLP, then the experts with a column per kind, as far as the model has them.

    tower: the stack of blocks that is shown; the first, which is the language model, where the model has none of this name.
    """
    there = sorted({module.tower for module in modules})
    shown = tower if tower in there else "".join(there[:1])
    places: dict[str, dict[tuple[tuple[int, str], int], list[int]]] = {}
    for index, module in enumerate(modules):
        if module.tower == shown:
            expert = module.expert is not None
            group = EXPERTS if expert else module.group
            part = module.part or ("shared" if not expert and module.shared else "")
            column = (KINDS.index(module.kind), part)
            places.setdefault(group, {}).setdefault((column, module.layer), []).append(index)
    layers = max((layer for cells in places.values() for _, layer in cells), default=-1) + 1
    made: list[Block] = []
    start = 0.0
    for group in ("attention", "mixer", "mlp", EXPERTS):
        cells = places.get(group, {})
        columns = sorted({column for column, _ in cells})
        if not columns:
            continue
        members = np.full((layers, len(columns), max(map(len, cells.values()))), -1, np.int64)
        for (column, layer), found in cells.items():
            members[layer, columns.index(column), : len(found)] = found
        x = start + np.arange(len(columns), dtype=np.float64)
        made.append(Block(group, tuple(f"{KINDS[kind]} {part}".strip() for kind, part in columns), x, members))
        start += len(columns) + _GAP
    return made


def placed(block: Block, values: np.ndarray) -> np.ndarray:
    """Module values (modules,) as the block's members (layers, columns, modules); NaN where the model has no module."""
    return np.where(block.members >= 0, values[block.members], np.nan)


def middle(block: Block, z: np.ndarray) -> np.ndarray:
    """Of each cell (layers, columns) the module whose z is the median of those that are finite, the lower of two; -1 for none."""
    members = placed(block, z)
    order = np.argsort(members, axis=-1, kind="stable")  # NaN last
    at = np.maximum(np.isfinite(members).sum(-1) - 1, 0) // 2
    chosen = np.take_along_axis(order, at[..., None], -1)
    return np.take_along_axis(block.members, chosen, -1)[..., 0]


def heatmap(
    uid: str,
    block: Block,
    z: np.ndarray,
    hovers: Sequence[tuple[str, ...]] | Mapping[int, tuple[str, ...]],
    template: str,
    axes: tuple[str, str],
    *,
    name: str = "",
) -> go.Heatmap:
    """The block's cells coloured by z (modules,), experts by the median one; customdata of a cell is the module's entry in
    hovers, its name first, its label second.
    """
    shown, counts = middle(block, z), block.counts
    nothing = ("",) * len(hovers[shown.max()])

    def told(index: int, count: int) -> list[str]:
        if index < 0:
            return list(nothing)
        of_all = f", the median of {count}" if block.group == EXPERTS else ""
        return [hovers[index][0], hovers[index][1] + of_all, *hovers[index][2:]]

    cells = [[told(*cell) for cell in zip(*row, strict=True)] for row in zip(shown, counts, strict=True)]
    return colored(uid, block, np.where(shown >= 0, z[shown], np.nan), axes, name=name).update(
        customdata=cells, hovertemplate=f"{template}<extra></extra>"
    )


def colored(uid: str, block: Block, z: np.ndarray, axes: tuple[str, str], *, name: str) -> go.Heatmap:
    """The block's cells coloured by z (layers, columns), without a hover text; no gaps between rows that would be thin."""
    apart = len(block.members) <= _MOST_APART
    return go.Heatmap(
        uid=uid,
        name=name,
        x=block.x,
        y=np.arange(len(block.members), dtype=np.float64),
        z=z.astype(np.float32),
        hoverongaps=False,
        coloraxis="coloraxis",
        xgap=1 if len(block.columns) <= _MOST_APART else 0,
        ygap=1 if apart else 0,
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
    """Crosses on the cells of modules where odd (modules,) is true; their text is the value, of experts how many and which."""
    spots = []
    for block in grid:
        crossed = (block.members >= 0) & odd[block.members]
        for layer, column in np.argwhere(crossed.any(-1)):
            found = block.members[layer, column][crossed[layer, column]]
            text = look.number(float(values[found[0]]))
            if block.group == EXPERTS:
                text = f"{len(found)} of {block.counts[layer, column]} experts, {text}"
            spots.append((block.x[column], float(layer), text))
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
    ticks = [tick for block in grid for tick in zip(block.x.tolist(), _ticks(block), strict=True)]
    layers = len(grid[0].members) if grid else 1
    x: dict[str, Any] = {
        "tickvals": [at for at, _ in ticks],
        "ticktext": [text for _, text in ticks],
        "range": [-0.5, float(grid[-1].x[-1]) + 0.5 if grid else 0.5],
        "showgrid": False,
        "zeroline": False,
        "tickangle": 0,
    }
    y = look.axis("layer" if titled else "", domain=y_domain, range=[-0.5, layers - 0.5], showgrid=False)
    if layers > 2 * _SEPARATED:
        y |= {"dtick": _SEPARATED * max(1, round(layers / 100))}
    return x, y


def _ticks(block: Block) -> list[str]:
    """A kind's name, what tells it apart below it; of experts how many there are in a layer, once where all kinds have as many."""
    if block.group != EXPERTS:
        return [name.replace(" ", "<br>", 1) for name in block.columns]
    most = block.counts.max(0, initial=0).tolist()
    if len(set(most)) > 1:
        return [f"{name}<br>×{count}" for name, count in zip(block.columns, most, strict=True)]
    count = f"{most[0]} expert{'s' if most[0] > 1 else ''}"
    return [f"{name}<br>{count}" if at == len(most) // 2 else name for at, name in enumerate(block.columns)]


def separators(grid: Sequence[Block], axes: tuple[str, str]) -> list[dict[str, Any]]:
    """Thin lines below every tenth layer of a deep model."""
    layers = len(grid[0].members) if grid else 0
    if layers <= 2 * _SEPARATED:
        return []
    ends = {"xref": f"{axes[0]} domain", "x0": 0, "x1": 1, "yref": axes[1]}
    return [
        {"type": "line", "line": SEPARATOR, **ends, "y0": layer - 0.5, "y1": layer - 0.5}
        for layer in range(_SEPARATED, layers, _SEPARATED)
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
    layout: dict[str, Any] = {"shapes": []}
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
        layout["shapes"] += separators(grid, cell.axes)
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
