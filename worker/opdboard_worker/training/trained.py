"""What of the student is trained, and how its attention and MLP matrices follow: all weights, or LoRA factors.

Everybody else thinks in whole matrices W_t by their own names: measures, looks ahead, checkpoints, candidates. With LoRA
W_t = base + scaling B A (arXiv:2106.09685), base being W_0, displaced by accepted jumps.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import Tensor, nn

from opdboard.domain.modules import module_of
from opdboard.domain.run_config import Copies, Lora, RunConfig
from opdboard_worker.training.copies import Copy

_ADAPTER = "default"


class Matrix(Protocol):
    """One attention or MLP matrix. dW = now() - origin, without the rounding of W_t - W_0 where dW is known itself."""

    initial_copy: Copy
    """W_0."""

    @property
    def initial(self) -> Tensor:
        """W_0, not to be written to."""
        ...

    @property
    def origin(self) -> Tensor:
        """See Matrix."""
        ...

    def now(self) -> Tensor:
        """See Matrix."""
        ...

    def value(self) -> Tensor:
        """W_t."""
        ...

    def gradients(self) -> list[Tensor]:
        """Gradients of what is trained of it, once there are any."""
        ...


class Trained(Protocol):
    """The trained part of a student."""

    parameters: dict[str, nn.Parameter]
    """What the optimizer steps on, by name."""
    movable: dict[str, nn.Parameter]
    """What a jump displaces, by the names of whole weights; within `whole` they hold W_t."""
    matrices: dict[str, Matrix]

    @contextmanager
    def whole(self) -> Iterator[None]:
        """While it lasts, `movable` holds W_t and may be changed; afterwards the student stands at what it then holds."""
        ...

    def state_dict(self) -> dict[str, Tensor] | None:
        """W_t of the whole model as a plain model names it; None where the model's own state is that."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint must hold besides `state_dict`."""
        ...

    def restore(self, tensors: Mapping[str, Tensor]) -> bool:
        """Continue from tensors(); False where the weights of the checkpoint are all there is."""
        ...


def trained_part(model: Any, config: RunConfig) -> Trained:
    """All weights of the model, or the LoRA factors that are put into it here."""
    if isinstance(config.adapter, Lora):
        return LoraFactors(model, config.adapter, config.seed, config.copies)
    return AllWeights(model, config.copies)


class WholeMatrix:
    """A Matrix that is trained directly."""

    def __init__(self, parameter: nn.Parameter, copies: Copies) -> None:
        """Takes the present value as W_0."""
        self._parameter = parameter
        self.initial_copy = Copy(parameter, copies)

    @property
    def initial(self) -> Tensor:
        """See Matrix."""
        return self.initial_copy.get()

    @property
    def origin(self) -> Tensor:
        """See Matrix."""
        return self.initial

    def now(self) -> Tensor:
        """See Matrix."""
        return self._parameter.detach()

    def value(self) -> Tensor:
        """See Matrix."""
        return self._parameter.detach()

    def gradients(self) -> list[Tensor]:
        """See Matrix."""
        return [] if self._parameter.grad is None else [self._parameter.grad]


class AllWeights:
    """Every floating-point parameter is trained."""

    def __init__(self, model: Any, copies: Copies) -> None:
        """Switches them to require gradients; copies: how W_0 is kept."""
        self.parameters = {name: one for name, one in model.named_parameters() if one.is_floating_point()}
        for parameter in self.parameters.values():
            parameter.requires_grad_(True)
        self.movable = self.parameters
        self.matrices: dict[str, Matrix] = {
            name: WholeMatrix(one, copies) for name, one in self.parameters.items() if module_of(name, tuple(one.shape))
        }

    @contextmanager
    def whole(self) -> Iterator[None]:
        """See Trained."""
        yield

    def state_dict(self) -> None:
        """See Trained."""
        return

    def tensors(self) -> dict[str, Tensor]:
        """See Trained."""
        return {}

    def restore(self, tensors: Mapping[str, Tensor]) -> bool:
        """See Trained."""
        return False


class LoraMatrix:
    """A Matrix whose factors A and B are trained."""

    def __init__(self, layer: Any, copies: Copies) -> None:
        """layer: peft's, in place of the linear one."""
        self._layer = layer
        self.base: nn.Parameter = layer.base_layer.weight
        self.initial_copy = Copy(self.base, copies)
        self.origin = torch.zeros((), device=self.base.device).expand(self.base.shape)

    @property
    def initial(self) -> Tensor:
        """See Matrix."""
        return self.initial_copy.get()

    @property
    def factors(self) -> dict[str, nn.Parameter]:
        """A and B."""
        return {"A": self._layer.lora_A[_ADAPTER].weight, "B": self._layer.lora_B[_ADAPTER].weight}

    @torch.no_grad()
    def update(self) -> Tensor:
        """scaling B A, in the orientation of the weight."""
        return self._layer.get_delta_weight(_ADAPTER)

    @torch.no_grad()
    def now(self) -> Tensor:
        """See Matrix: scaling B A, and the displacement by jumps where there were any."""
        update = self.update()
        return update if self.at_initial else update + (self.base - self.initial)

    @torch.no_grad()
    def value(self) -> Tensor:
        """See Matrix."""
        return self.base + self.update()

    @property
    def at_initial(self) -> bool:
        """No jump has displaced the base."""
        return torch.equal(self.base, self.initial)

    def gradients(self) -> list[Tensor]:
        """See Matrix: of A and of B."""
        return [factor.grad for factor in self.factors.values() if factor.grad is not None]


class LoraFactors:
    """LoRA on every attention and MLP matrix; all else is frozen."""

    def __init__(self, model: Any, settings: Lora, seed: int, copies: Copies) -> None:
        """Puts the factors into the model, A drawn from the seed, B zero: the student is still what it was.

        copies: how W_0 is kept.
        """
        names = [name for name, one in model.named_parameters() if module_of(name, tuple(one.shape))]
        model.requires_grad_(False)
        torch.manual_seed(seed)
        layers = [name.removesuffix(".weight") for name in names]
        peft_config = LoraConfig(
            r=settings.rank, lora_alpha=settings.alpha, target_modules=layers, lora_dropout=0.0, bias="none"
        )
        inject_adapter_in_model(peft_config, model, _ADAPTER)
        model.eval()
        self._model = model
        self._matrices = {name: LoraMatrix(model.get_submodule(name.removesuffix(".weight")), copies) for name in names}
        self.matrices: dict[str, Matrix] = dict(self._matrices)
        self.movable = {name: matrix.base for name, matrix in self._matrices.items()}
        self.parameters = {
            f"{name}|{factor}": parameter
            for name, matrix in self._matrices.items()
            for factor, parameter in matrix.factors.items()
        }
        for parameter in self.parameters.values():
            parameter.requires_grad_(True)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """See Trained: B A is added to the base and B set to zero; where nothing moved all returns bit for bit."""
        kept: dict[str, tuple[Tensor, Tensor, Tensor, Tensor]] = {}
        with torch.no_grad():
            for name, matrix in self._matrices.items():
                b = matrix.factors["B"]
                base, update, factor = matrix.base.clone(), matrix.update(), b.clone()
                matrix.base.copy_(base + update)
                b.zero_()
                kept[name] = base, update, factor, matrix.base.clone()
        try:
            yield
        finally:
            with torch.no_grad():
                for name, (base, update, factor, merged) in kept.items():
                    matrix = self._matrices[name]
                    unmoved = torch.equal(matrix.base, merged)
                    matrix.base.copy_(base if unmoved else matrix.base - update)
                    matrix.factors["B"].copy_(factor)

    def state_dict(self) -> dict[str, Tensor]:
        """See Trained."""
        whole: dict[str, Tensor] = {}
        for name, tensor in self._model.state_dict().items():
            if ".lora_" in name:
                continue
            plain = name.replace(".base_layer.", ".")
            whole[plain] = self._matrices[plain].value() if plain in self._matrices else tensor
        return whole

    def tensors(self) -> dict[str, Tensor]:
        """See Trained: the factors, and the bases that jumps have displaced."""
        displaced = {f"{name}|base": one.base for name, one in self._matrices.items() if not one.at_initial}
        return {name: parameter.detach() for name, parameter in self.parameters.items()} | displaced

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor]) -> bool:
        """See Trained."""
        for name, parameter in self.parameters.items():
            parameter.copy_(tensors[name])
        for name, matrix in self._matrices.items():
            matrix.base.copy_(tensors.get(f"{name}|base", matrix.initial))
        return True
