"""A whole model beside an adapter in one folder: it may be the base, or the base with the adapter merged in.

Either way W_t is W_0 with the adapter added once, and the adapter tells dW without rounding. So the adapter is used, after
a look whether the model is one of the two; where it is neither, what was meant cannot be known.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

import torch

from opdboard.domain.errors import ModelProblem
from opdboard_worker.analysis.adapters import Adapter
from opdboard_worker.analysis.weights import Weights, check_same_matrices

_LOOKED_AT = 6
"""Matrices of those that the adapter changes, and of the others."""
_SMALLEST_ROUNDING = 2.0**-20
"""Of sums in float32, relative."""

log = logging.getLogger(__name__)


MERGED, BASE = "with the adapter merged in", "the base without it"
"""What the model beside an adapter may be."""


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
    found = _kind_of(whole, adapter, base)
    log.info("%s holds an adapter and a whole model, which is %s: the adapter is used, once", folder, found)
    return adapter


def _kind_of(whole: Weights, adapter: Adapter, base: Weights) -> str:
    """Judged by some matrices, to within the rounding of the types they are stored in."""
    changed = adapter.changed
    others = [name for name in base.modules if name not in set(changed)]
    possible = [MERGED, BASE]
    for name in (*_spread(changed), *_spread(others)):
        base_MN, value_MN = base.matrix(name), whole.matrix(name)
        moved = adapter.moved(name, base_MN)
        rounding = max(torch.finfo(base_MN.dtype).eps, torch.finfo(value_MN.dtype).eps, _SMALLEST_ROUNDING)
        allowed = rounding * float(base_MN.float().norm() + moved.update_MN.norm())
        expected = {MERGED: moved.value_MN.float(), BASE: base_MN.float()}
        possible = [one for one in possible if float((value_MN.float() - expected[one]).norm()) <= allowed]
        if not possible:
            raise ModelProblem(
                f"{adapter.where} holds a whole model and an adapter, and {name} of the model is neither that of the base "
                f"{base.where} nor that with the adapter added: they are of different steps, or of another base. Move what is "
                "not meant into a folder of its own",
                where=str(adapter.where),
            )
    return possible[0]


def _spread(names: list[str]) -> Iterable[str]:
    """Some of them, evenly."""
    step = max(1, -(-len(names) // _LOOKED_AT))
    return names[::step]
