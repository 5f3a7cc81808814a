"""Reports a training of transformers' Trainer, and of the trainers built on it (TRL's), to opdboard while it runs.

with Client().report("gkd on math", method="trl-gkd", total_steps=500) as run:
    GKDTrainer(..., callbacks=[OpdboardCallback(run)]).train()

Under torchrun each rank does the same; rank 0 reports.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import distributed
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from typing_extensions import override

_NO_SCALARS = ("step", "epoch", "total_flos")  # every line has an epoch, also a second one at the same step


class Run(Protocol):
    """What `opdboard.client.Client.report` gives."""

    @property
    def stopped(self) -> bool:
        """Whether nobody listens any more."""
        ...

    def log(self, step: int, scalars: Mapping[str, Any]) -> None:
        """Keep one point per key; what is no number is left out."""
        ...


class OpdboardCallback(TrainerCallback):
    """Sends every number that the trainer logs; a stop in opdboard ends the training after its present step."""

    def __init__(self, run: Run) -> None:
        """run: from client.report(...)."""
        self._run = run

    @override
    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Keep the numbers of one line; "eval_loss" becomes "eval/loss"."""
        if not state.is_world_process_zero or logs is None:
            return
        named = {name: value for name, value in logs.items() if name not in _NO_SCALARS}
        self._run.log(state.global_step, {_key(name): value for name, value in named.items()})

    @override
    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Obey a stop, on all ranks at the same step: one that went on alone would wait for the others for ever."""
        stopped = self._run.stopped
        if args.world_size > 1 and distributed.is_available() and distributed.is_initialized():
            told = torch.tensor(int(stopped), device=args.device)
            distributed.broadcast(told, src=0)
            stopped = bool(told.item())
        if stopped:
            control.should_training_stop = True


def _key(name: Any) -> Any:
    """ "eval_loss" becomes "eval/loss"."""
    return f"eval/{name.removeprefix('eval_')}" if isinstance(name, str) and name.startswith("eval_") else name
