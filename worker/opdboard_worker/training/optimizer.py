"""AdamW with its learning-rate schedule, and what a jump of the weights does to them."""

import warnings
from typing import Any

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR
from transformers import get_scheduler

from opdboard.domain.run_config import RunConfig

_SCHEDULES = {"constant": "constant_with_warmup", "linear": "linear", "cosine": "cosine"}


class Updater:
    """One optimizer step at a time on named parameters."""

    def __init__(self, parameters: dict[str, torch.nn.Parameter], config: RunConfig) -> None:
        """parameters: everything that is trained, by name, in a fixed order."""
        settings = config.optimizer
        self.parameters = parameters
        self._clip = settings.gradient_clip
        self._optimizer = torch.optim.AdamW(
            list(parameters.values()),
            lr=settings.learning_rate,
            betas=(settings.beta1, settings.beta2),
            weight_decay=settings.weight_decay,
            fused=True,
        )
        each = config.objective.updates_per_step
        scheduler = get_scheduler(
            _SCHEDULES[settings.schedule], self._optimizer, settings.warmup_steps * each, config.budget.steps * each
        )
        assert isinstance(scheduler, LambdaLR), "every schedule here is a course that the base rate is multiplied by"
        self._scheduler = scheduler

    @property
    def learning_rate(self) -> float:
        """The rate that the next step uses."""
        return float(self._optimizer.param_groups[0]["lr"])

    def gradient_norm(self) -> Tensor:
        """Norm of the whole gradient (a scalar), before clipping."""
        return torch.nn.utils.get_total_norm([p.grad for p in self.parameters.values() if p.grad is not None])

    def step(self, norm: Tensor) -> None:
        """Clip, update, advance the schedule; norm: gradient_norm(), which must be finite."""
        if self._clip is not None:
            torch.nn.utils.clip_grads_with_norm_(list(self.parameters.values()), self._clip, norm)
        self._optimizer.step()
        self._scheduler.step()

    def skip(self) -> None:
        """Leave weights and moments as they are; the schedule goes on, since it follows the run's steps."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"Detected call of `lr_scheduler.step\(\)` before")
            self._scheduler.step()

    def zero_grad(self) -> None:
        """Forget the gradients."""
        self._optimizer.zero_grad(set_to_none=True)

    def after_jump(self, treatment: str) -> None:
        """Apply a strategy's optimizer_after_jump: 'keep', 'reset_moments' or 'halve_learning_rate'."""
        if treatment == "reset_moments":
            self._optimizer.state.clear()
        elif treatment == "halve_learning_rate":
            self.scale_learning_rate(0.5)

    def scale_learning_rate(self, factor: float) -> None:
        """Multiply the rate from now on, the schedule's course included. A checkpoint's schedule() carries it."""
        self.base_rate *= factor

    @property
    def base_rate(self) -> float:
        """The rate that the schedule's course is a multiple of: the configured one until something scales it."""
        return float(self._scheduler.base_lrs[0])

    @base_rate.setter
    def base_rate(self, rate: float) -> None:
        """The next step's rate is exactly what the schedule would have come to with this base."""
        course = self._scheduler.lr_lambdas[0](self._scheduler.last_epoch)
        self._scheduler.base_lrs = [rate]
        self._scheduler._last_lr = [rate * course]
        self._optimizer.param_groups[0]["lr"] = rate * course

    def first_non_finite(self) -> str | None:
        """The first parameter whose gradient is not finite; None when each is, also if their common norm overflows."""
        for name, parameter in self.parameters.items():
            if parameter.grad is not None and not bool(torch.isfinite(parameter.grad).all()):
                return name
        return None

    def tensors(self) -> dict[str, Tensor]:
        """Moments and step counts as 'exp_avg|name', 'exp_avg_sq|name', 'step|name'."""
        return {
            f"{kind}|{name}": value
            for name, parameter in self.parameters.items()
            for kind, value in self._optimizer.state.get(parameter, {}).items()
        }

    def schedule(self) -> dict[str, Any]:
        """What the schedule needs to go on, as JSON."""
        state = self._scheduler.state_dict()
        return {key: state[key] for key in ("base_lrs", "last_epoch", "_step_count", "_last_lr") if key in state}

    def restore(self, tensors: dict[str, Tensor], schedule: dict[str, Any]) -> None:
        """Continue from tensors() and schedule() of a checkpoint."""
        self._optimizer.state.clear()
        for key, value in tensors.items():
            kind, name = key.split("|", 1)
            parameter = self.parameters[name]
            self._optimizer.state[parameter][kind] = value if kind == "step" else value.to(parameter.device)
        self._scheduler.load_state_dict({**self._scheduler.state_dict(), **schedule})
        self.base_rate = float(schedule["base_lrs"][0])
