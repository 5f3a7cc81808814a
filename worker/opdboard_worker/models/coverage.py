"""How much of a model its attention and MLP matrices are: what is watched, and moved by default, is these alone."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from typing_extensions import override

from opdboard.domain.module_names import place_of
from opdboard.domain.module_signatures import ENOUGH_COVERED
from opdboard_worker.models.matrices import Held

_NUMBER = re.compile(r"(?<=\.)\d+(?=\.|$)")
_NAMED = 3


@dataclass(frozen=True)
class Coverage:
    """Shares of a model's parameters that are in matrices."""

    of_all: float
    of_blocks: float
    """Of those in blocks: without embeddings, heads and last norms. 1 where there are none."""
    left_out: tuple[str, ...]
    """The most numerous of the others in blocks; * for the number of a block."""

    def scalars(self) -> dict[str, float]:
        """As they are stored with a run."""
        return {"matrices_share": self.of_all, "matrices_share_of_blocks": self.of_blocks}

    @override
    def __str__(self) -> str:
        told = f"matrices hold {self.of_all:.1%} of the parameters, {self.of_blocks:.1%} of those in blocks"
        return (
            told if self.of_blocks >= ENOUGH_COVERED else f"{told}; most of the rest is in {', '.join(self.left_out)}"
        )


def coverage(shapes: Mapping[str, tuple[int, ...]], held: Held) -> Coverage:
    """Of all tensors of a model that are trained, or could be, by name; held: the matrices in them."""
    covered = sum(prod(module.shape) for matrices in held.values() for module, _ in matrices)
    in_blocks = {name: prod(shape) for name, shape in shapes.items() if place_of(name) is not None}
    others: Counter[str] = Counter()
    for name, count in in_blocks.items():
        if name not in held:
            others[_NUMBER.sub("*", name)] += count
    everything, of_blocks = sum(prod(shape) for shape in shapes.values()), sum(in_blocks.values())
    return Coverage(
        covered / everything if everything else 1.0,
        covered / of_blocks if of_blocks else 1.0,
        tuple(name for name, _ in others.most_common(_NAMED)),
    )
