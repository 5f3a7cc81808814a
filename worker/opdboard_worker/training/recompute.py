"""Gradient checkpointing (arXiv:1604.06174): each layer keeps its input and computes the rest again on the way back.

transformers recomputes layers in training mode only, where they would also drop out. A student never drops out, or what
it is trained on would not be what sampled; so here a layer counts as training from outside, and inside as it is.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch.utils.checkpoint import checkpoint
from transformers.modeling_layers import GradientCheckpointingLayer

from opdboard.domain.errors import BadInput


class RecomputedLayers:
    """The layers of one model, recomputed within `on` and nowhere else: sampling keeps its key-value cache."""

    def __init__(self, model: Any, label: str) -> None:
        """model: in evaluation mode. BadInput where transformers knows no such layers in it."""
        self._layers: list[Any] = [one for one in model.modules() if isinstance(one, GradientCheckpointingLayer)]
        if not self._layers:
            raise BadInput(
                f"the layers of {label} cannot be recomputed by transformers; switch budget.gradient_checkpointing off",
                where="budget.gradient_checkpointing",
            )
        for layer in self._layers:
            layer.gradient_checkpointing = True
            layer._gradient_checkpointing_func = _without_dropout(layer)

    @contextmanager
    def on(self) -> Iterator[None]:
        """For forward passes with gradients; the backward pass may come later."""
        for layer in self._layers:
            layer.training = True  # of the layer alone, not of the modules in it
        try:
            yield
        finally:
            for layer in self._layers:
                layer.training = False


def _without_dropout(layer: Any) -> Callable[..., Any]:
    def recomputed(forward: Callable[..., Any], *inputs: Any) -> Any:
        def evaluated(*again: Any) -> Any:
            marked, layer.training = layer.training, False
            try:
                return forward(*again)
            finally:
                layer.training = marked

        return checkpoint(evaluated, *inputs, use_reentrant=False)

    return recomputed
