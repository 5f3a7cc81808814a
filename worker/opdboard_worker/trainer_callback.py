"""Reports a training of transformers' Trainer, and of the trainers built on it (TRL's), to opdboard while it runs.

with Client().report("gkd on math", method="trl-gkd", total_steps=500) as run:
    GKDTrainer(..., callbacks=[OpdboardCallback(run)]).train()
"""

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

log = logging.getLogger(__name__)
_NO_SCALARS = ("step", "epoch", "total_flos")  # every line has an epoch, also a second one at the same step


class Run(Protocol):
    """What `opdboard.client.Client.report` gives."""

    @property
    def stopped(self) -> bool:
        """Whether nobody listens any more."""
        ...

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        """Keep one point per key."""
        ...


class OpdboardCallback(TrainerCallback):
    """Sends every number that the trainer logs; a stop in opdboard ends the training after its present step."""

    def __init__(self, run: Run) -> None:
        """run: from client.report(...)."""
        self._run = run

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
        for name, value in logs.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or name in _NO_SCALARS:
                continue
            key = name.replace("eval_", "eval/", 1) if name.startswith("eval_") else name
            try:
                self._run.log(state.global_step, {key: float(value)})
            except ValueError as problem:  # a second line at one step must not end a training
                log.warning("not reported: %s", problem)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Obey a stop."""
        if self._run.stopped:
            control.should_training_stop = True
