"""Is a difference between two tensors more than what storing one of them in another floating-point type makes?

The type of a tensor's values may be coarser than the one it is stored in: bfloat16 weights stay so in a float32 file.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from opdboard_worker.core.statistics import pieces

_DIGITS = {torch.bfloat16: 8, torch.float16: 11}
"""Binary digits of the coarse types, the leading one included."""
_SMALLEST = {torch.bfloat16: 2.0**-133, torch.float16: 2.0**-24}
_FIRST_LOOK = 4096
"""Entries that tell most tensors of float32 from one whose values are coarser."""
_SLACK = 1.125
"""A coarse value may be rounded once more on the other side, by a type of three more digits."""


class Rounding(NamedTuple):
    """What the types of two tensors make of their difference."""

    square: float
    """Of the norm that rounding alone gives: exact where the base is rounded again, else its mean over values of even spread
    within a rounding, unit^2 / 12 an entry."""
    beyond: int
    """Entries that differ by more than a rounding."""


def rounding_between(weight: Tensor, base: Tensor) -> Rounding | None:
    """Of weight - base, entry by entry; None where both have values of one type. Both of one shape, on one device."""
    types = _value_type(weight), _value_type(base)
    again = types[0] if types[0] is not None and not _is_of(base, types[0]) else None
    before = types[1] if types[1] is not None and not _is_of(weight, types[1]) else None
    if again is None and before is None:
        return None
    square, beyond = 0.0, 0
    for weight_N, base_N in zip(pieces(weight), pieces(base), strict=True):
        x, y = weight_N.double(), base_N.double()
        allowed = torch.zeros_like(x)
        if again is not None:
            change = (y.to(again).double() - y).abs()
            square += float(change.square().sum())
            allowed += change
        if before is not None:
            unit = _unit(y, before)
            square += float(unit.square().sum()) / 12
            allowed += unit / 2 * _SLACK
        beyond += int(((x - y).abs() > allowed).sum())
    return Rounding(square, beyond)


def _value_type(tensor: Tensor) -> torch.dtype | None:
    """The coarse type that a tensor's values are of."""
    if tensor.dtype in _DIGITS:
        return tensor.dtype
    return next((one for one in _DIGITS if _is_of(tensor, one)), None)


def _is_of(tensor: Tensor, dtype: torch.dtype) -> bool:
    """Whether every value is one of the type; NaN counts as one."""
    if tensor.dtype is dtype:
        return True
    flat = tensor.reshape(-1)
    return _survive(flat[:_FIRST_LOOK], dtype) and all(_survive(piece, dtype) for piece in pieces(tensor))


def _survive(values: Tensor, dtype: torch.dtype) -> bool:
    return bool(((values.to(dtype).to(values.dtype) == values) | values.isnan()).all())


def _unit(values: Tensor, dtype: torch.dtype) -> Tensor:
    """The distance to the next value of the type."""
    _, exponent = torch.frexp(values)
    unit = torch.ldexp(torch.ones_like(values), exponent - _DIGITS[dtype])
    return torch.where(values == 0, 0.0, unit).clamp_min(_SMALLEST[dtype])
