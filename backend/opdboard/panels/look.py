"""The common look: transparent grounds, no text colours (the page's theme sets them), small margins, runs in their colours."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go

from opdboard.domain.measures import Measure

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442", "#000000")
NEUTRAL = "#808080"
SEQUENTIAL = "Cividis"
DIVERGING = "RdBu_r"
DIVERGING_MARKS = [[0.0, "#2166ac"], [0.5, "#b0b0b0"], [1.0, "#b2182b"]]  # white marks would vanish
GROUP_COLORS = {
    "all modules": OKABE_ITO[0],
    "attention": OKABE_ITO[0],
    "mixer": OKABE_ITO[2],
    "mlp": OKABE_ITO[4],
    "early": OKABE_ITO[5],
    "middle": OKABE_ITO[2],
    "late": OKABE_ITO[1],
}


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


def faded(color: str, opacity: float) -> str:
    """A hex colour with an opacity."""
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def figure(traces: Sequence[Any], *, meta: dict[str, Any], keep: str, **layout: Any) -> go.Figure:
    """A figure in the common look. keep: zoom survives while this stays the same; meta: what belongs beside the figure."""
    common: dict[str, Any] = {
        "template": go.layout.Template(),
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 52, "r": 12, "t": 10, "b": 40},
        "uirevision": keep,
        "showlegend": False,
        "hovermode": "closest",
        "legend": {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "font": {"size": 11}},
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
    """A measure's name and unit, for an axis."""
    return f"{measure.name} [{measure.unit}]" if measure.unit else measure.name


def axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis with a title."""
    return {"title": {"text": title, "standoff": 4}, "automargin": True, "zeroline": False, **more}


def number(value: float) -> str:
    """Four significant digits for a hover text; non-finite values by name."""
    if np.isnan(value):
        return "not a number"
    return f"{value:.4g}" if np.isfinite(value) else ("+infinity" if value > 0 else "-infinity")


def shortened(text: str, longest: int = 18) -> str:
    """A name short enough for a small figure."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def vertical(x: float, color: str, *, dash: str = "dash", xref: str = "x", yref: str = "y domain") -> dict[str, Any]:
    """A thin line from bottom to top at x (in data units, also on a logarithmic axis)."""
    line = {"color": color, "width": 1, "dash": dash}
    return {
        "type": "line",
        "xref": xref,
        "yref": yref,
        "x0": x,
        "x1": x,
        "y0": 0,
        "y1": 1,
        "line": line,
        "layer": "below",
    }


def cells(count: int, gap: float = 0.06) -> list[tuple[float, float]]:
    """Left and right ends, in 0..1, of equally wide cells in a row."""
    width = (1 - gap * (count - 1)) / count
    return [(round(i * (width + gap), 6), round(i * (width + gap) + width, 6)) for i in range(count)]


def axis_name(letter: str, index: int) -> str:
    """Plotly's name of the index-th axis from 0: x, x2, x3, ..."""
    return letter if index == 0 else f"{letter}{index + 1}"


def axis_key(letter: str, index: int) -> str:
    """The layout's key of the index-th axis from 0: xaxis, xaxis2, ..."""
    return f"{letter}axis" if index == 0 else f"{letter}axis{index + 1}"


def cell_title(run: Drawn, domain: tuple[float, float]) -> dict[str, Any]:
    """The run's name above its cell, where several are side by side."""
    return {
        "text": f'<span style="color:{run_color(run)}">●</span> {shortened(run.name, max(12, int(60 * (domain[1] - domain[0]))))}',
        "xref": "paper",
        "yref": "paper",
        "x": domain[0],
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11},
    }
