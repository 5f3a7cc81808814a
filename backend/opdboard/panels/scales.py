"""Colour scales whose ends stand still: over all steps of all runs shown, rounded outwards."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from opdboard.panels import look

MOST_DECADES = 6.0
_NICE = (1.0, 2.0, 5.0, 10.0)


def log_ends(arrays: Iterable[np.ndarray]) -> tuple[float, float]:
    """Decimal exponents around all positive finite values, in halves of a decade; at most MOST_DECADES apart."""
    lowest, highest = _extremes(values[np.isfinite(values) & (values > 0)] for values in arrays)
    low, high = (np.floor(np.log10(lowest) * 2) / 2, np.ceil(np.log10(highest) * 2) / 2) if highest > 0 else (0.0, 0.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return float(max(low, high - MOST_DECADES)), float(high)


def linear_ends(arrays: Iterable[np.ndarray]) -> tuple[float, float]:
    """Round numbers around all finite values, a few rounded parts of their range apart."""
    lowest, highest = _extremes(values[np.isfinite(values)] for values in arrays)
    if lowest == highest:
        lowest, highest = lowest - abs(lowest) / 2, highest + (abs(highest) / 2 or 1.0)
    part = _round_up((highest - lowest) / 4)
    return float(np.floor(lowest / part) * part), float(np.ceil(highest / part) * part)


def symmetric_end(arrays: Iterable[np.ndarray]) -> float:
    """A round number above the largest finite absolute value."""
    lowest, highest = _extremes(values[np.isfinite(values)] for values in arrays)
    return _round_up(max(-lowest, highest)) or 1.0


def _extremes(arrays: Iterable[np.ndarray]) -> tuple[float, float]:
    ends = [(float(values.min()), float(values.max())) for values in arrays if values.size]
    return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else (0.0, 0.0)


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10 times a power of ten; 0 stays 0."""
    if value <= 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next((nice * power for nice in _NICE if nice * power >= value * (1 - 1e-9)), 10 * power))


def sequential(ends: tuple[float, float], title: str, *, log: bool) -> dict[str, Any]:
    """A colour axis from the smallest to the largest; on a logarithmic one z is the decimal exponent."""
    bar = colorbar(title)
    if log:
        decades = range(int(np.ceil(ends[0])), int(np.floor(ends[1])) + 1)
        bar |= {"tickvals": list(decades), "ticktext": [f"10<sup>{exponent}</sup>" for exponent in decades]}
    return {"colorscale": look.SEQUENTIAL, "cmin": ends[0], "cmax": ends[1], "colorbar": bar}


def diverging(end: float, title: str, *, marks: bool = False) -> dict[str, Any]:
    """A colour axis centred on zero, white there for cells and grey for marks."""
    return {
        "colorscale": look.DIVERGING_MARKS if marks else look.DIVERGING,
        "cmin": -end,
        "cmax": end,
        "cmid": 0,
        "colorbar": colorbar(title),
    }


def colorbar(title: str) -> dict[str, Any]:
    """A thin bar below the figure."""
    return {
        "orientation": "h",
        "thickness": 8,
        "len": 0.9,
        "x": 0.5,
        "y": -0.13,
        "yanchor": "top",
        "title": {"text": title, "side": "bottom", "font": {"size": 11}},
        "tickfont": {"size": 10},
        "tickangle": 0,
        "outlinewidth": 0,
    }


def side_by_side(one: dict[str, Any], other: dict[str, Any]) -> list[dict[str, Any]]:
    """Two colour axes whose bars share the width; what is said after a dot goes to a line of its own."""

    def narrow(axis: dict[str, Any], x: float) -> dict[str, Any]:
        title = axis["colorbar"]["title"]
        lines = title["text"] if "<br>" in title["text"] else title["text"].replace(" · ", "<br>", 1)
        return axis | {"colorbar": axis["colorbar"] | {"len": 0.44, "x": x, "title": title | {"text": lines}}}

    return [narrow(one, 0.23), narrow(other, 0.77)]


def log10_or_nan(values: np.ndarray) -> np.ndarray:
    """Decimal exponents; NaN for what has none."""
    positive = np.isfinite(values) & (values > 0)
    return np.log10(values, out=np.full(values.shape, np.nan), where=positive)


def exponents_or_values(values: np.ndarray, *, log: bool) -> np.ndarray:
    """What a sequential colour axis is given: z, NaN where there is nothing to colour."""
    return log10_or_nan(values) if log else np.where(np.isfinite(values), values, np.nan)


def ends_of(arrays: Sequence[np.ndarray], *, log: bool) -> tuple[float, float]:
    """log_ends or linear_ends."""
    return log_ends(arrays) if log else linear_ends(arrays)
