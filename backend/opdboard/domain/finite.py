"""Numbers as JSON takes them: it has no word for NaN and the infinities."""

import math
from typing import Annotated

from pydantic import BeforeValidator


def finite(value: float | None) -> float | None:
    """The number; None where it is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


Finite = Annotated[float | None, BeforeValidator(finite)]
"""A field of an answer: null where the number is not finite, or there is none."""
