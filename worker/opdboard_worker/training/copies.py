"""Copies of weights that a run keeps aside: W_0, which dW is measured from, and the anchor that directions begin at.

On the device in float32, in host memory, or in bfloat16. A weight in bfloat16 is off by up to 2^-8 of itself, far more
than a run at a small rate moves it; so W_0 is halved only where that is exact, as it is of weights that were published
in bfloat16, and of the anchor A the distance A - W_0 is: directions are then off by up to 2^-8 of that distance.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor
from typing_extensions import override

from opdboard.domain.run_config import Copies
from opdboard_worker.models.matrices import View

WHOLE = View()


class Copy:
    """One tensor as it was when it was copied."""

    def __init__(self, tensor: Tensor, how: Copies) -> None:
        """Always exact: see the module."""
        self.shape, self.device, self._dtype = tensor.shape, tensor.device, tensor.dtype
        self._kept = tensor.detach().clone() if how == "device" else tensor.detach().to("cpu", copy=True)
        if how == "bf16":
            half = tensor.detach().bfloat16()
            self._kept = half if torch.equal(half.to(self._dtype), tensor) else tensor.detach().clone()

    @property
    def bytes(self) -> int:
        """What it takes, wherever it is."""
        return self._kept.nbytes

    def get(self, view: View = WHOLE) -> Tensor:
        """The part of it that is asked for, where the tensor was, and in its dtype; not to be written to."""
        return view.of(self._kept).to(self.device, self._dtype)


class Anchor(Mapping[str, Tensor]):
    """A of the parameters that move, by name: W_0 until something else is kept; made anew at each access."""

    def __init__(self, initial: Mapping[str, Copy], how: Copies) -> None:
        """initial: W_0."""
        self._initial = initial
        self._how = how
        self._kept: dict[str, Tensor] = {}

    @override
    def __getitem__(self, name: str) -> Tensor:
        """A, not to be written to."""
        initial = self._initial[name]
        if name not in self._kept:
            return initial.get()
        if self._how == "bf16":
            return initial.get() + self._kept[name]
        return self._kept[name].to(initial.device)

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._initial)

    @override
    def __len__(self) -> int:
        return len(self._initial)

    def keep(self, weights: Mapping[str, Tensor]) -> None:
        """A becomes a copy of these, to what the module says."""
        for name, weight in weights.items():
            if self._how == "bf16":
                self._kept[name] = (weight.detach() - self._initial[name].get()).bfloat16()
            elif self._how == "cpu":
                self._kept[name] = weight.detach().to("cpu", copy=True)
            else:
                self._kept[name] = weight.detach().clone()

    def tensors(self) -> dict[str, Tensor]:
        """For a checkpoint: 'anchor|name', or 'anchor_from_initial|name' where the distance from W_0 is kept.

        W_0 itself, which every attempt begins with, is not among them.
        """
        kind = "anchor_from_initial" if self._how == "bf16" else "anchor"
        return {f"{kind}|{name}": kept for name, kept in self._kept.items()}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from tensors(); others among these are left alone."""
        kind = "anchor_from_initial" if self._how == "bf16" else "anchor"
        self._kept = {}
        for name in self._initial:
            kept = tensors.get(f"{kind}|{name}")
            # Checkpoints of earlier versions hold W_0 too.
            if kept is not None and (self._how == "bf16" or not torch.equal(kept, self._initial[name].get().cpu())):
                self._kept[name] = kept.to("cpu" if self._how == "cpu" else self._initial[name].device)
