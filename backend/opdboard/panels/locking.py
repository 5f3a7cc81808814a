"""From which step on a direction is locked in, and whether a later snapshot says so, too."""

from dataclasses import dataclass

import numpy as np
from typing_extensions import override

LOCKED_IN = 0.8


@dataclass(frozen=True)
class LockIn:
    """The first step from which on the alignment stays; confirmed: by a later snapshot before the reference.

    The last snapshot before the reference says of itself alone that it is near: nothing has stayed yet.
    """

    step: int
    confirmed: bool

    @override
    def __str__(self) -> str:
        """As pictures tell it."""
        return f"from step {self.step}" + ("" if self.confirmed else " (not confirmed)")


def lock_in(
    steps: np.ndarray, affinity: np.ndarray, references: np.ndarray, threshold: float = LOCKED_IN
) -> LockIn | None:
    """The first step before the reference from which on affinity stays at the threshold or above; None when it is not there.

    steps rise; affinity and references (S,) belong to them.
    """
    earlier = steps < references
    steps, high = steps[earlier], affinity[earlier] >= threshold
    if not len(high) or not high[-1]:
        return None
    lows = np.flatnonzero(~high)
    first = int(lows[-1]) + 1 if len(lows) else 0
    return LockIn(int(steps[first]), confirmed=first < len(steps) - 1)
