"""Names written at the ends of lines, moved apart where they would overlap."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from opdboard.panels import look

MOST = 4
_PLOT_PX = 240
_LABEL_PX = 14
_LONGEST = 26


@dataclass(frozen=True)
class Label:
    """A line's name, to be written at its last point."""

    text: str
    color: str
    x: float
    y: float
    mark: look.Mark | None = None


def label_of(
    text: str, color: str, x: np.ndarray, y: np.ndarray, mark: look.Mark | None = None, *, log_y: bool = False
) -> Label:
    """The label of a line at its last point that is drawn; nowhere (NaN) when there is none."""
    drawn = np.flatnonzero(np.isfinite(x) & np.isfinite(y) & ((y > 0) if log_y else True))
    at = (float(x[drawn[-1]]), float(y[drawn[-1]])) if len(drawn) else (np.nan, np.nan)
    return Label(text, color, *at, mark)


def end_labels(
    labels: Sequence[Label], span: tuple[float, float] | None, *, log_x: bool = False, log_y: bool = False
) -> list[dict[str, Any]]:
    """Annotations at the ends of two to four lines; one needs none, more need a legend.

    span: lowest and highest value drawn (None when nothing is), which tells how close two labels will be.
    """
    placed = [label for label in labels if np.isfinite(label.y) and not (log_x and label.x <= 0)]
    if not 1 < len(labels) <= MOST or not placed or span is None:
        return []
    low, high = (np.log10(end) for end in span) if log_y else span
    heights = np.array([np.log10(label.y) if log_y else label.y for label in placed])
    pixels = (heights - low) / ((high - low) or 1.0) * _PLOT_PX
    return [
        {
            "text": look.marked(look.shortened(label.text, _LONGEST), label.color, label.mark),
            "x": float(np.log10(label.x)) if log_x else label.x,
            "y": float(height),
            "xanchor": "left",
            "xshift": 4,
            "yshift": float(shift),
            "showarrow": False,
            "font": {"size": 11},
        }
        for label, height, shift in zip(placed, heights, _apart(pixels) - pixels, strict=True)
    ]


def _apart(pixels: np.ndarray) -> np.ndarray:
    """Heights at least a label apart, in the same order; moved towards the middle of the plot."""
    upwards = float(pixels.mean()) < _PLOT_PX / 2
    sign = 1.0 if upwards else -1.0
    moved = pixels.copy()
    order = np.argsort(sign * pixels, kind="stable")
    for nearer, farther in pairwise(order):
        moved[farther] = sign * max(sign * moved[farther], sign * moved[nearer] + _LABEL_PX)
    return moved


def span_of(values: Sequence[np.ndarray], *, log: bool = False) -> tuple[float, float] | None:
    """Smallest and largest drawable value; None without any."""
    drawn = [array[np.isfinite(array) & ((array > 0) if log else True)] for array in values]
    ends = [(float(array.min()), float(array.max())) for array in drawn if array.size]
    return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else None
