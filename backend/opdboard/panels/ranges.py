"""What axes show: all that is drawn, nothing that cannot be, and marks where a reader looks for them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from opdboard.domain.measure import Bounds

_ROOM = 0.02  # of the axis, so that a line at its end is not cut in half
_DECADES = (1.0, 2.5)  # of fewer plotly marks round values, of more the powers of ten


def of_values(bounds: Sequence[Bounds], heights: Sequence[np.ndarray], *, log: bool) -> dict[str, Any]:
    """Of a y axis: it ends where the measures end, unless a stored value lies beyond; on a logarithmic one marks at 1, 2 and 5.

    bounds: of every measure drawn.
    """
    values = np.concatenate([*heights, np.empty(0)])
    values = values[np.isfinite(values) & ((values > 0) if log else True)]
    if not values.size:
        return {}
    low, high = float(values.min()), float(values.max())
    if log:
        marked = _DECADES[0] <= np.log10(high / low) <= _DECADES[1]
        return {"dtick": "D2", "tickformat": ".3~g"} if marked else {}
    ends = [_common([one[0] for one in bounds], min), _common([one[1] for one in bounds], max)]
    room = _ROOM * ((high - low) or abs(high) or 1.0)
    options: dict[str, Any] = {}
    if ends[0] is not None and low >= ends[0]:
        options["clipmin"] = ends[0] - room
    if ends[1] is not None and high <= ends[1]:
        options["clipmax"] = ends[1] + room
    # A level line is drawn above zero: plotly's own range is one unit to each side, in which 1e-5 looks like 0.
    level = {"rangemode": "tozero"} if low == high else {}
    return level | ({"autorangeoptions": options} if options else {})


def _common(ends: Sequence[float | None], of: Any) -> float | None:
    return None if not ends or None in ends else of(ends)


def of_steps(columns: Sequence[np.ndarray]) -> dict[str, Any]:
    """Of an x axis: from 0, or what lies before it, to the last point; names beside the lines' ends do not widen it."""
    ends = [(float(x.min()), float(x.max())) for x in columns if x.size]
    if not ends:
        return {}
    low, high = min(0.0, *(end for end, _ in ends)), max(end for _, end in ends)
    room = _ROOM * (high - low)
    options = {"minallowed": low - room, "maxallowed": high + room}
    return {"autorangeoptions": options} if high > low else {}
