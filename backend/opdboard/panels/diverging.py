"""Colours of what is drawn around zero, where a few values far from all others may not grey the rest."""

from typing import Any

import numpy as np

from opdboard.panels import look, scales

_USUAL = 95.0
_FAR = 2.0
_FEWEST = 3  # of which two are the others


def usual_size(values: np.ndarray, far: float = _FAR) -> float | None:
    """The 95th percentile of |value| where the largest is more than far times that, and would hide the others; None elsewhere.

    Zeros and what is not finite do not count; of fewer than three values none is far from all others.
    """
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    if len(sizes) < _FEWEST:
        return None
    usual = float(np.percentile(sizes, _USUAL, method="lower"))
    return usual if float(sizes.max()) > far * usual else None


def colors(values: np.ndarray, title: str, *, marks: bool = False) -> dict[str, Any]:
    """A colour axis centred on 0 that fits the values; where it ends before some of them, its end says so."""
    usual = usual_size(values)
    end = scales.symmetric_end([values] if usual is None else [np.array([usual])])
    low, high = (bool((np.isfinite(values) & beyond).any()) for beyond in (values < -end, values > end))
    told = [
        f"{'◂ ≤ ' if low else ''}{look.signed(-end)}", look.signed(-end / 2), "0", look.signed(end / 2),
        f"{'≥ ' if high else ''}{look.signed(end)}{' ▸' if high else ''}",
    ]  # fmt: skip
    axis = scales.diverging(end, title, marks=marks)
    bar = {**axis["colorbar"], "tickvals": [-end, -end / 2, 0.0, end / 2, end], "ticktext": told}
    return {**axis, "colorbar": bar}
