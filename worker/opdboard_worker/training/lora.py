"""LoRA factors in a live model by peft, seen weight by weight: linear layers, GPT-2's, and tensors that hold many experts."""

from collections.abc import Sequence
from typing import Any

import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from opdboard.domain.optimizer import Lora
from opdboard.domain.run_config import Copies
from opdboard_worker.core.low_rank import low_rank
from opdboard_worker.models.matrices import View
from opdboard_worker.training.copies import WHOLE, Copy

ADAPTER = "default"
"""What peft calls it."""


class LoraTensor:
    """A weight whose factors A and B are trained; one pair for each expert where it holds several."""

    def __init__(self, layer: Any, base: nn.Parameter, copies: Copies) -> None:
        """layer: peft's, in place of the layer whose weight is base."""
        self._layer = layer
        self.base = base
        self.initial_copy = Copy(base, copies)

    @property
    def factors(self) -> dict[str, nn.Parameter]:
        """A and B, those of all experts side by side."""
        return {"A": self._layer.lora_A[ADAPTER].weight, "B": self._layer.lora_B[ADAPTER].weight}

    @torch.no_grad()
    def update(self, view: View = WHOLE) -> Tensor:
        """scaling B A, in the orientation of the weight, or of the matrix at a view."""
        if view.expert is None:
            return view.of(self._layer.get_delta_weight(ADAPTER))
        a, b = _of_expert(self.factors["A"], self.factors["B"], view.expert, self.base.shape[0])
        change = (b @ a) * self._layer.scaling[ADAPTER]
        matrix = change.mT if self._stored_in_out else change
        return view.turned(matrix[view.index[1:]])

    @torch.no_grad()
    def now(self, view: View = WHOLE) -> Tensor:
        """scaling B A, and the displacement by jumps where there were any: W_t - W_0 of a matrix."""
        update = self.update(view)
        return update if self.at_initial else update + (view.of(self.base) - self.initial_copy.get(view))

    @property
    def _stored_in_out(self) -> bool:
        """What peft takes experts for; where it is mistaken, A and B change places."""
        return _stored_in_out(self._layer)

    @property
    def at_initial(self) -> bool:
        """No jump has displaced the base."""
        return torch.equal(self.base, self.initial_copy.get())

    def gradients(self, view: View) -> list[Tensor]:
        """Of A and B, as far as they make the matrix at a view."""
        a, b = (factor.grad for factor in self.factors.values())
        if a is None or b is None:
            return []
        if view.expert is not None:
            a, b = _of_expert(a, b, view.expert, self.base.shape[0])
            if view.transposed != self._stored_in_out:
                return [a[:, view.rows], b]
        return [a, b[view.rows]]


def _stored_in_out(layer: Any) -> bool:
    return bool(getattr(layer.get_base_layer(), "is_transposed", False))


def _of_expert(a: Tensor, b: Tensor, expert: int, experts: int) -> tuple[Tensor, Tensor]:
    """The part of A (experts x rank, in) and of B (out, rank x experts) that is one expert's, as peft lays them out."""
    return a.unflatten(0, (experts, -1))[expert], b.unflatten(1, (-1, experts))[..., expert]


@torch.no_grad()
def approximate(layer: Any, change: Tensor) -> Tensor:
    """Gives peft's layer the factors that come nearest to a change of its whole weight, (out, in), (in, out) or one per expert.

    Returns sigma^2 of their components (rank,), falling, those of all experts summed place by place: the squared error of the
    first j is ||change||_F^2 minus the sum of j of them.
    """
    factors = layer.lora_A[ADAPTER].weight, layer.lora_B[ADAPTER].weight
    rank, scaling = layer.r[ADAPTER], layer.scaling[ADAPTER]
    several = change.ndim == 3
    turned = _stored_in_out(layer) if several else layer.fan_in_fan_out
    matrices = change if several else change.unsqueeze(0)
    squares_k = torch.zeros(rank, dtype=torch.float64)
    for place, matrix in enumerate(matrices.mT if turned else matrices):
        found = low_rank(matrix, rank)
        a, b = _of_expert(*factors, place, len(matrices)) if several else factors
        a.copy_(found.a_kN)
        b.copy_(found.b_Mk / scaling)
        squares_k += found.squares_k.cpu()
    return squares_k


def wrapped(model: nn.Module, names: Sequence[str], settings: Lora) -> dict[str, Any]:
    """Puts factors on weights by name; peft's layer of each."""
    # Of a mixture of experts, peft takes the names of dense MLPs for those that its older versions gave to experts, unless
    # the model is inside of one that says nothing of its architecture.
    holder = nn.Module()
    holder.add_module("student", model)
    inject_adapter_in_model(settings_of(model, names, settings, inside="student."), holder, ADAPTER)
    return layers_of(model, names)


def settings_of(model: nn.Module, names: Sequence[str], settings: Lora, inside: str = "") -> LoraConfig:
    """Peft's settings for factors on these weights. What no linear layer owns is wrapped as a parameter."""
    linear = [name for name in names if _is_linear(model, name)]
    return LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        target_modules=[f"{inside}{name.removesuffix('.weight')}" for name in linear],
        target_parameters=[f"{inside}{name}" for name in names if name not in linear],
        lora_dropout=0.0,
        bias="none",
    )


def layers_of(model: nn.Module, names: Sequence[str]) -> dict[str, Any]:
    """Peft's layer of each weight on which it has put factors."""
    layers: dict[str, Any] = {}
    for name in names:
        owner, _, parameter = name.rpartition(".")
        layer: Any = model.get_submodule(owner)
        while getattr(layer, "parameter_name", parameter) != parameter:  # of several parameters, one within the other
            layer = layer.base_layer
        layers[name] = layer
    return layers


def _is_linear(model: nn.Module, name: str) -> bool:
    return isinstance(model.get_submodule(name.rpartition(".")[0]), nn.Linear | Conv1D)
