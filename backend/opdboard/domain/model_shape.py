"""How large a model is: its parameters by name and shape, from which memory and disk are estimated without loading it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

from opdboard.domain.modules import Module, module_of


@dataclass(frozen=True)
class ModelShape:
    """Every parameter's shape by its Hugging Face name; tied weights are there once."""

    tensors: Mapping[str, tuple[int, ...]]

    @cached_property
    def parameters(self) -> int:
        """Numbers in all."""
        return sum(prod(shape) for shape in self.tensors.values())

    @cached_property
    def modules(self) -> list[Module]:
        """The attention and MLP matrices."""
        found = (module_of(name, shape) for name, shape in self.tensors.items())
        return [module for module in found if module is not None]

    @cached_property
    def module_parameters(self) -> int:
        """Numbers in attention and MLP matrices."""
        return sum(prod(module.shape) for module in self.modules)

    @cached_property
    def layers(self) -> int:
        """Transformer layers."""
        return 1 + max((module.layer for module in self.modules), default=-1)

    @cached_property
    def vocabulary(self) -> int:
        """Rows of the embedding."""
        return self._embedding[0]

    @cached_property
    def hidden(self) -> int:
        """Width of the residual stream."""
        return self._embedding[1]

    @cached_property
    def _embedding(self) -> tuple[int, int]:
        matrices = [shape for name, shape in self.tensors.items() if len(shape) == 2 and module_of(name, shape) is None]
        rows, columns = max(matrices, key=lambda shape: shape[0], default=(0, 0))
        return rows, columns


def _demo_tensors() -> dict[str, tuple[int, ...]]:
    vocabulary, hidden, intermediate, layers = 15, 64, 192, 6
    tensors: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (vocabulary, hidden),
        "model.norm.weight": (hidden,),
        "lm_head.weight": (vocabulary, hidden),
    }
    for layer in range(layers):
        of_layer = f"model.layers.{layer}"
        tensors |= {f"{of_layer}.self_attn.{kind}_proj.weight": (hidden, hidden) for kind in "qkvo"}
        tensors |= {f"{of_layer}.mlp.{kind}_proj.weight": (intermediate, hidden) for kind in ("gate", "up")}
        tensors[f"{of_layer}.mlp.down_proj.weight"] = (hidden, intermediate)
        tensors |= {f"{of_layer}.{name}_layernorm.weight": (hidden,) for name in ("input", "post_attention")}
    return tensors


DEMO_SHAPE = ModelShape(_demo_tensors())
"""Both demo models; the files themselves belong to the worker, which the web side does not see."""
