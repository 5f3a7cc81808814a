"""What of the student is trained, and how its attention and MLP matrices follow: all weights, or LoRA factors.

Everybody else thinks in whole matrices W_t by their own names: measures, looks ahead, checkpoints, candidates. A matrix is
a parameter or a part of one (`models.matrices`). With LoRA W_t = base + scaling B A (arXiv:2106.09685), base being W_0,
displaced by accepted jumps.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from opdboard.domain.modules import Module
from opdboard.domain.optimizer import Lora
from opdboard.domain.run_config import Copies, RunConfig
from opdboard_worker.models.coverage import coverage
from opdboard_worker.models.matrices import View, matrices_of
from opdboard_worker.training.copies import Copy
from opdboard_worker.training.lora import LoraTensor, wrapped

_INSIDE = re.compile(r"\.base_layer(?=\.)")
"""What peft puts into the names of the weights that it wraps, once for each wrapper."""


class WholeMatrix:
    """An attention or MLP matrix (out, in) that is trained directly. dW = now() - origin."""

    subtracted = True
    """Whether dW is W_t - W_0, and so has what W_t was rounded by."""

    def __init__(self, module: Module, parameter: nn.Parameter, initial: Copy, view: View) -> None:
        """initial: of the parameter; view: where the matrix lies in it."""
        self.module = module
        self._parameter = parameter
        self._initial = initial
        self._view = view

    @property
    def initial(self) -> Tensor:
        """W_0, not to be written to."""
        return self._initial.get(self._view)

    @property
    def origin(self) -> Tensor:
        """What `now` is compared with."""
        return self.initial

    def now(self) -> Tensor:
        """dW + origin."""
        return self._view.of(self._parameter.detach())

    def value(self) -> Tensor:
        """W_t."""
        return self.now()

    def gradients(self) -> list[Tensor]:
        """Gradients of what is trained of it, once there are any."""
        return [] if self._parameter.grad is None else [self._view.of(self._parameter.grad)]


class AllWeights:
    """A student of which every floating-point parameter is trained."""

    def __init__(self, model: Any, copies: Copies) -> None:
        """Switches them to require gradients; copies: how W_0 is kept."""
        self.parameters: dict[str, nn.Parameter] = {
            name: one for name, one in model.named_parameters() if one.is_floating_point()
        }
        """What the optimizer steps on, by name."""
        for parameter in self.parameters.values():
            parameter.requires_grad_(True)
        self.movable = self.parameters
        """What a jump displaces, by the names of whole weights; within `whole` they hold W_t."""
        self.held = held = matrices_of(model)
        """Which matrices each of the whole weights holds, by its name."""
        self.coverage = coverage({name: tuple(one.shape) for name, one in self.parameters.items()}, held)
        """Of the whole model."""
        self.initial_copies = {name: Copy(self.parameters[name], copies) for name in held}
        """W_0 of these weights."""
        self.matrices = {
            module.name: WholeMatrix(module, self.parameters[name], self.initial_copies[name], view)
            for name, matrices in held.items()
            for module, view in matrices
        }
        """By the names of their modules."""

    def now(self) -> list[Tensor]:
        """now() of all matrices, in their order."""
        return [matrix.now() for matrix in self.matrices.values()]

    @contextmanager
    def whole(self) -> Iterator[None]:
        """While it lasts, `movable` holds W_t and may be changed; afterwards the student stands at what it then holds."""
        yield

    def state_dict(self) -> dict[str, Tensor] | None:
        """W_t of the whole model as a plain model names it; None where the model's own state is that."""
        return None

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint must hold besides `state_dict`."""
        return {}

    def restore(self, tensors: Mapping[str, Tensor]) -> bool:
        """Continue from tensors(); False where the weights of the checkpoint are all there is."""
        return False


class LoraMatrix:
    """A matrix in a LoraTensor, as a WholeMatrix is; dW is known itself, without the rounding of W_t - W_0."""

    def __init__(self, module: Module, tensor: LoraTensor, view: View) -> None:
        """view: where the matrix lies in the weight."""
        self.module = module
        self._tensor = tensor
        self._view = view

    @property
    def initial(self) -> Tensor:
        """W_0, not to be written to."""
        return self._tensor.initial_copy.get(self._view)

    @property
    def origin(self) -> Tensor:
        """Zero: dW is known itself."""
        return torch.zeros((), device=self._tensor.base.device).expand(self.module.shape)

    @property
    def subtracted(self) -> bool:
        """Of what jumps displaced."""
        return not self._tensor.at_initial

    def now(self) -> Tensor:
        """dW."""
        return self._tensor.now(self._view)

    @torch.no_grad()
    def value(self) -> Tensor:
        """W_t."""
        return self._view.of(self._tensor.base) + self._tensor.update(self._view)

    def gradients(self) -> list[Tensor]:
        """Of A and B, once there are any."""
        return self._tensor.gradients(self._view)


class LoraFactors:
    """LoRA on every attention and MLP matrix, all else is frozen; to others what AllWeights is."""

    def __init__(self, model: Any, settings: Lora, seed: int, copies: Copies) -> None:
        """Puts the factors into the model, A drawn from the seed, B zero: the student is still what it was.

        copies: how W_0 is kept.
        """
        self.held = held = matrices_of(model)
        self.coverage = coverage({name: tuple(one.shape) for name, one in model.named_parameters()}, held)
        weights = {name: model.get_parameter(name) for name in held}
        model.requires_grad_(False)
        torch.manual_seed(seed)
        layers = wrapped(model, list(held), settings)
        model.eval()
        self._model = model
        self._tensors = {name: LoraTensor(layers[name], weights[name], copies) for name in held}
        self.matrices = {
            module.name: LoraMatrix(module, self._tensors[name], view)
            for name, matrices in held.items()
            for module, view in matrices
        }
        self.initial_copies = {name: tensor.initial_copy for name, tensor in self._tensors.items()}
        self.movable = {name: tensor.base for name, tensor in self._tensors.items()}
        self.parameters = {
            f"{name}|{factor}": parameter
            for name, tensor in self._tensors.items()
            for factor, parameter in tensor.factors.items()
        }
        for parameter in self.parameters.values():
            parameter.requires_grad_(True)

    def now(self) -> list[Tensor]:
        """dW of all matrices, in their order."""
        found: list[Tensor] = []
        for name, matrices in self.held.items():
            tensor = self._tensors[name].now()  # once for all that it holds
            found += [view.of(tensor) for _, view in matrices]
        return found

    @contextmanager
    def whole(self) -> Iterator[None]:
        """B A is added to the base and B set to zero; where nothing moved all returns bit for bit."""
        kept: dict[str, tuple[Tensor, Tensor, Tensor, Tensor]] = {}
        with torch.no_grad():
            for name, tensor in self._tensors.items():
                b = tensor.factors["B"]
                base, update, factor = tensor.base.clone(), tensor.update(), b.clone()
                tensor.base.copy_(base + update)
                b.zero_()
                kept[name] = base, update, factor, tensor.base.clone()
        try:
            yield
        finally:
            with torch.no_grad():
                for name, (base, update, factor, merged) in kept.items():
                    tensor = self._tensors[name]
                    unmoved = torch.equal(tensor.base, merged)
                    tensor.base.copy_(base if unmoved else tensor.base - update)
                    tensor.factors["B"].copy_(factor)

    def state_dict(self) -> dict[str, Tensor]:
        """W_t of the whole model as a plain model names it."""
        whole: dict[str, Tensor] = {}
        with torch.no_grad():
            for name, tensor in self._model.state_dict().items():
                if ".lora_" in name:
                    continue
                plain = _INSIDE.sub("", name)
                adapted = self._tensors.get(plain)
                whole[plain] = tensor if adapted is None else adapted.base + adapted.update()
        return whole

    def tensors(self) -> dict[str, Tensor]:
        """The factors, and the bases that jumps have displaced."""
        displaced = {f"{name}|base": one.base for name, one in self._tensors.items() if not one.at_initial}
        return {name: parameter.detach() for name, parameter in self.parameters.items()} | displaced

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor]) -> bool:
        """Factors and bases, which the weights of the checkpoint do not tell: True."""
        for name, parameter in self.parameters.items():
            parameter.copy_(tensors[name])
        for name, tensor in self._tensors.items():
            tensor.base.copy_(tensors.get(f"{name}|base", tensor.initial_copy.get()))
        return True


Trained = AllWeights | LoraFactors


def trained_part(model: Any, config: RunConfig) -> Trained:
    """All weights of the model, or the LoRA factors that are put into it here."""
    if isinstance(config.adapter, Lora):
        return LoraFactors(model, config.adapter, config.seed, config.copies)
    return AllWeights(model, config.copies)
