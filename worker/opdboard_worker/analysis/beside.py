"""A whole model beside an adapter in one folder: it may be the base, or the base with the adapter merged in.

Either way W_t is W_0 with the adapter added once, and the adapter tells dW without rounding. So the adapter is used, after
a look whether the model is one of the two; where it is neither, what was meant cannot be known.
"""

import logging
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import torch
from torch import Tensor

from opdboard.domain.errors import ModelProblem
from opdboard_worker.analysis.adapters import Adapter
from opdboard_worker.analysis.weights import Weights, check_same_matrices

_LOOKED_AT = 6
"""Matrices of those that the adapter changes, and of the others."""
_SMALLEST_ROUNDING = 2.0**-20
"""Of sums in float32, relative."""

log = logging.getLogger(__name__)


class Whole(StrEnum):
    """What the model beside an adapter is."""

    MERGED = "with the adapter merged in"
    BASE = "the base without it"


def open_beside(folder: Path, base: Weights, whole: Weights) -> Adapter:
    """The adapter of a folder that holds a whole model too. ModelProblem where the two do not agree."""
    try:
        adapter = Adapter(folder, base)
    except ModelProblem as problem:
        raise ModelProblem(
            f"{problem.detail}. {folder} holds a whole model too: to use that as it is, move adapter_config.json out of it",
            where=problem.where,
        ) from problem
    check_same_matrices(base, whole)
    found = whole_is(adapter, base, whole)
    log.info("%s holds an adapter and a whole model, which is %s: the adapter is used, once", folder, found)
    return adapter


def whole_is(adapter: Adapter, base: Weights, whole: Weights) -> Whole:
    """Judged by some matrices, to within the rounding of the types they are stored in."""
    changed = list(adapter.changed)
    others = [name for name in base.modules if name not in set(changed)]
    possible = [Whole.MERGED, Whole.BASE]
    for name in (*_spread(changed), *_spread(others)):
        base_MN, value_MN = base.matrix(name), whole.matrix(name)
        moved = adapter.moved(name, base_MN)
        rounding = max(torch.finfo(base_MN.dtype).eps, torch.finfo(value_MN.dtype).eps, _SMALLEST_ROUNDING)
        allowed = rounding * float(base_MN.float().norm() + moved.update_MN.norm())
        expected = {Whole.MERGED: moved.value_MN, Whole.BASE: base_MN}
        possible = [one for one in possible if _distance(value_MN, expected[one]) <= allowed]
        if not possible:
            raise ModelProblem(
                f"{adapter.where} holds a whole model and an adapter, and {name} of the model is neither that of the base "
                f"{base.where} nor that with the adapter added: they are of different steps, or of another base. Move what is "
                "not meant into a folder of its own",
                where=str(adapter.where),
            )
    return possible[0]


def _distance(value_MN: Tensor, other_MN: Tensor) -> float:
    return float((value_MN.float() - other_MN.float()).norm())


def _spread(names: list[str]) -> Iterable[str]:
    """Some of them, evenly."""
    step = max(1, -(-len(names) // _LOOKED_AT))
    return names[::step]
