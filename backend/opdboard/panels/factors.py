"""The axis of factors along D: ways from the anchor in equal ratios, so that one far try does not flatten all others."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from opdboard.panels import look

_SHORTEST = 2.0**-10  # the way 1 + f below which a factor is drawn as if it led back to the anchor
_NICE = [nice * 10.0**power for power in range(-3, 4) for nice in (1, 2, 5)]
_TICKS = (0.0, *_NICE, *(way - 1 for way in _NICE if way < 1))
_FEWEST_APART = 1 / 11  # of the axis
_ROOM = 0.07  # of the axis beyond the farthest marks


def height(factor: float) -> float:
    """log2(1 + factor), where W_t (factor 0) is at 0 and the ways back are below."""
    return float(np.log2(max(1.0 + factor, _SHORTEST)))


def axis(title: str, factors: Sequence[float], **more: Any) -> dict[str, Any]:
    """An axis over `height` of these factors and 0, whose ticks say the factors: 1, 2, 5, 10, ... and back by 1/2, 1/5, 1/10, ..."""
    heights = [0.0, *map(height, factors)]
    low, high = min(heights), max(heights)
    span = (high - low) or 1.0
    ticks = _ticks(low, max(high, low + span), span)
    return look.axis(
        title,
        tickmode="array",
        tickvals=[height(tick) for tick in ticks],
        ticktext=[look.number(tick) for tick in ticks],
        range=[low - _ROOM * span, max(high, low + span) + _ROOM * span],
        **more,
    )


def _ticks(low: float, high: float, span: float) -> list[float]:
    """Within the ends, and far enough apart to be read: W_t and whole decades of the way before others."""
    kept: list[float] = []
    for tick in sorted(_TICKS, key=_rank):
        at = height(tick)
        if low <= at <= high and all(abs(at - height(other)) >= _FEWEST_APART * span for other in kept):
            kept.append(tick)
    return sorted(kept)


def _rank(tick: float) -> tuple[int, float]:
    if tick == 0:
        return 0, 0.0
    first = f"{tick if tick > 0 else 1 + tick:e}"[0]
    return {"1": 1, "5": 2, "2": 3}[first], abs(height(tick))
