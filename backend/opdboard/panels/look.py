"""The common look: transparent grounds, no text colours (the page's theme sets them), small margins, runs in their colours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import plotly.graph_objects as go

from opdboard.domain.measure import Measure

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442", "#000000")
NEUTRAL = "#808080"
SEQUENTIAL = "Cividis"
DIVERGING = "RdBu_r"
DIVERGING_MARKS = [[0.0, "#2166ac"], [0.5, "#b0b0b0"], [1.0, "#b2182b"]]  # white marks would vanish
EDGES = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
"""An axis y2 on which marks at the edges of a plot stand."""
PARTS = ("#8464C6", "#A07A2C", "#2C8C8C", "#C2386B", "#7F8C2E", "#B58BE0", "#9C6644")
"""Of parts of a run (groups of modules, sets of prompts): no run has one of these colours."""
GROUP_COLORS = {
    "attention": PARTS[0],
    "mixer": PARTS[2],
    "mlp": PARTS[1],
    "early": PARTS[5],
    "middle": PARTS[3],
    "late": PARTS[6],
}


_MINUS = re.compile(r"(?<![\w.\-])-(?=[\d.]|infinity)")


class Mark(NamedTuple):
    """A shape: plotly's name of it, and the character that stands for it in texts."""

    symbol: str
    glyph: str


DOT = Mark("circle", "●")
MARKS = (
    DOT,
    Mark("square", "■"),
    Mark("triangle-up", "▲"),
    Mark("triangle-down", "▼"),
    Mark("diamond", "◆"),
    Mark("star", "★"),
    Mark("cross", "✚"),
    Mark("triangle-right", "►"),
)
_FIRST_MARKS = (0, 1, 2, 4, 3, 6, 5, 7)
"""By place in OKABE_ITO: so the first 16 runs differ in shape wherever a colour-blind reader may take one colour for another."""
_MARKED_OF_RUN, _MARKED_OF_PART = 24, 150
_AXIS_LONGEST = 26


class Drawn(Protocol):
    """A run, or a group of them."""

    @property
    def name(self) -> str:
        """As the pictures call it."""
        ...

    @property
    def color(self) -> int:
        """Its place in OKABE_ITO, which goes round."""
        ...


def run_color(run: Drawn) -> str:
    """The colour that a run has everywhere."""
    return OKABE_ITO[run.color % len(OKABE_ITO)]


def run_mark(run: Drawn) -> Mark:
    """The shape that a run has everywhere; runs of one colour have another one each."""
    turn, place = divmod(run.color, len(OKABE_ITO))
    return MARKS[(_FIRST_MARKS[place] + turn) % len(MARKS)]


def part_color(run: Drawn, place: int) -> str:
    """The colour of a run's part where it is drawn alone: the first has the run's own."""
    return PARTS[(place - 1) % len(PARTS)] if place else run_color(run)


def marker(color: str, mark: Mark | None) -> dict[str, Any]:
    """Of the points of a line: a run's shape at a few of them; small dots where the line is a part of a run."""
    if mark is None:
        return {"size": 4, "color": color, "maxdisplayed": _MARKED_OF_PART}
    return {"size": 7, "color": color, "symbol": mark.symbol, "maxdisplayed": _MARKED_OF_RUN}


def marked(text: str, color: str, mark: Mark | None = None) -> str:
    """A name behind its mark in its colour, for labels."""
    return f'<span style="color:{color}">{(mark or DOT).glyph}</span> {text}'


def faded(color: str, opacity: float) -> str:
    """A hex colour with an opacity."""
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def figure(
    traces: Sequence[Any], *, meta: dict[str, Any], keep: str, legend_y: float = 1.01, **layout: Any
) -> go.Figure:
    """A figure in the common look. keep: zoom survives while this stays the same; meta: what belongs beside the figure."""
    common: dict[str, Any] = {
        "template": go.layout.Template(),
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 52, "r": 12, "t": 10, "b": 40},
        "uirevision": keep,
        "showlegend": False,
        "hovermode": "closest",
        "legend": {"orientation": "h", "x": 0, "y": legend_y, "yanchor": "bottom", "font": {"size": 11}},
        "shapes": [],
        "annotations": [],
    }
    if meta.get("empty"):
        common["annotations"] = [_centred(meta.get("note") or "Nothing to draw yet")]
        layout.pop("annotations", None)
        layout = {key: {**value, "visible": False} if "axis" in key[:5] else value for key, value in layout.items()}
    return go.Figure(data=list(traces), layout={**common, **layout, "meta": meta})


def _centred(text: str) -> dict[str, Any]:
    return {"text": text, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}


def axis_label(measure: Measure) -> str:
    """A measure's symbol and unit, for an axis; its name where formulas have no symbol for it, unless there is no room for that."""
    text = with_unit(measure.symbol or measure.brief, measure.unit)
    return text if len(text) <= _AXIS_LONGEST or not measure.unit else measure.unit


def measure_label(measure: Measure) -> str:
    """A measure's name, symbol and unit, where no title says what it is."""
    return with_unit(measure.full, measure.unit)


def with_unit(text: str, unit: str) -> str:
    """A text and the unit behind it, if there is one."""
    return f"{text} [{unit}]" if unit else text


def axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis with a title."""
    return {"title": {"text": title, "standoff": 4}, "automargin": True, "zeroline": False, **more}


def step_scale(*, log: bool) -> dict[str, Any]:
    """A linear axis of steps, or one with powers of two."""
    return {"type": "log", "dtick": float(np.log10(2))} if log else {"type": "linear"}


def number(value: float, digits: int = 4) -> str:
    """Significant digits for a hover text, behind a true minus sign; non-finite values by name."""
    if np.isnan(value):
        return "not a number"
    return minus(f"{value:.{digits}g}" if np.isfinite(value) else ("+infinity" if value > 0 else "-infinity"))


def signed(value: float, digits: int = 3) -> str:
    """A difference, with its sign."""
    return f"+{number(value, digits)}" if np.isfinite(value) and value > 0 else number(value, digits)


def minus(text: str) -> str:
    """The text with true minus signs before its numbers, as `number` writes them."""
    return _MINUS.sub("−", text)


def shortened(text: str, longest: int = 18) -> str:
    """A name short enough for a small figure."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def vertical(x: float, color: str, *, dash: str = "dash", xref: str = "x", yref: str = "y domain") -> dict[str, Any]:
    """A thin line from bottom to top at x (in data units, also on a logarithmic axis)."""
    line = {"color": color, "width": 1, "dash": dash}
    ends = {"xref": xref, "yref": yref, "x0": x, "x1": x, "y0": 0, "y1": 1}
    return {"type": "line", "line": line, "layer": "below", **ends}


def across(y: float, color: str, dash: str, axes: tuple[str, str] = ("x", "y")) -> dict[str, Any]:
    """A thin line from left to right at y."""
    line = {"color": color, "width": 1, "dash": dash}
    ends = {"xref": f"{axes[0]} domain", "yref": axes[1], "x0": 0, "x1": 1, "y0": y, "y1": y}
    return {"type": "line", "line": line, "layer": "below", **ends}


@dataclass(frozen=True)
class Cell:
    """One of the plots side by side: its ends in 0..1, its axes (x, y; x2, y2; ...), and its run's name above it, if any."""

    domain: tuple[float, float]
    axes: tuple[str, str]
    first: bool
    titles: Sequence[dict[str, Any]]

    def layout(self, x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
        """Both axes at their place, by the layout's keys."""
        return {
            axis_key(self.axes[0]): {"domain": self.domain, **x, "anchor": self.axes[1]},
            axis_key(self.axes[1]): {**y, "anchor": self.axes[0]},
        }


def cells(runs: Sequence[Drawn], gap: float = 0.06, *, titled: bool | None = None) -> list[Cell]:
    """Equally wide plots in a row, one per run or group; titled: with their names, None where there are several."""
    titled = len(runs) > 1 if titled is None else titled
    width = (1 - gap * (len(runs) - 1)) / max(len(runs), 1)
    made = []
    for index, run in enumerate(runs):
        left = index * (width + gap)
        domain, number = (round(left, 6), round(left + width, 6)), str(index + 1) if index else ""
        titles = [_cell_title(run, domain)] if titled else []
        made.append(Cell(domain, (f"x{number}", f"y{number}"), index == 0, titles))
    return made


def axis_key(name: str) -> str:
    """The layout's key of an axis: xaxis2 of x2."""
    return f"{name[0]}axis{name[1:]}"


def _cell_title(run: Drawn, domain: tuple[float, float]) -> dict[str, Any]:
    longest = max(12, int(60 * (domain[1] - domain[0])))
    return {
        "text": marked(shortened(run.name, longest), run_color(run), run_mark(run)),
        "xref": "paper",
        "yref": "paper",
        "x": domain[0],
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11},
    }
