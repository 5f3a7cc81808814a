"""Modules gathered into a few groups, for lines that stand for many modules."""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from opdboard.domain.modules import KINDS, Module, depth_third

_MOST_NAMES = 2000  # more are megabytes, and a list that nobody reads: a module is clicked, or written

Grouping = Annotated[
    Literal["block", "depth", "kind", "all"],
    Field(
        description="One line per group: attention, other token mixers and MLP; early, middle and late layers; each kind of matrix; all modules."
    ),
]


def groups(modules: Sequence[Module], grouping: str) -> dict[str, np.ndarray]:
    """Group -> indices of its modules; every module is in one group, groups in reading order, none empty."""
    layers = max((module.layer for module in modules), default=-1) + 1
    names = {
        "block": [module.group for module in modules],
        "depth": [depth_third(module.layer, layers) for module in modules],
        "kind": [module.kind for module in modules],
        "all": ["all modules"] * len(modules),
    }[grouping]
    order = {
        "block": ("attention", "mixer", "mlp"),
        "depth": ("early", "middle", "late"),
        "kind": KINDS,
        "all": ("all modules",),
    }[grouping]
    members = {name: np.array([index for index, own in enumerate(names) if own == name], np.int64) for name in order}
    return {name: indices for name, indices in members.items() if len(indices)}


def names_to_choose(modules: Sequence[Module]) -> list[str]:
    """What the control of a parameter that names a module offers; nothing where there are too many, and it is written."""
    return [module.name for module in modules] if len(modules) <= _MOST_NAMES else []


def finite_mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is finite; NaN where nothing is."""
    finite = np.isfinite(values)
    count = finite.sum(-1)
    return np.divide(
        np.where(finite, values, 0).sum(-1), count, out=np.full(values.shape[:-1], np.nan), where=count > 0
    )


def finite_extremes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest over the last axis of what is finite; NaN where nothing is."""
    finite = np.isfinite(values)
    some = finite.any(-1)
    lowest = np.where(finite, values, np.inf).min(-1, initial=np.inf)
    highest = np.where(finite, values, -np.inf).max(-1, initial=-np.inf)
    return np.where(some, lowest, np.nan), np.where(some, highest, np.nan)


def finite_median(values: np.ndarray) -> np.ndarray:
    """Median over the last axis of what is finite, the mean of the middle two where their number is even; NaN where nothing is."""
    ordered = np.sort(np.where(np.isfinite(values), values, np.nan), axis=-1)  # NaN last
    count = np.isfinite(values).sum(-1)
    lower, upper = (
        np.take_along_axis(ordered, np.maximum(at, 0)[..., None], -1)[..., 0] for at in ((count - 1) // 2, count // 2)
    )
    return np.where(count > 0, (lower + upper) / 2, np.nan)
