"""How far a training run is: what its loop carries from step to step, and through a checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opdboard.domain.run_config import RunConfig
from opdboard.domain.selection import is_gain


@dataclass
class Progress:
    """Counts and references; cursor: see Experience; base_scores: see Scoreboard.scores."""

    step: int = 0
    tokens: int = 0
    search_tokens: int = 0
    cursor: int = 0
    skipped_updates: int = 0
    skipped_in_a_row: int = 0
    start_accuracy: float | None = None
    teacher_accuracy: float | None = None
    checkpoints: list[int] = field(default_factory=list)
    base_scores: dict[str, Any] = field(default_factory=dict)
    best_value: float | None = None
    best_step: int = 0
    evaluations_without_gain: int = 0

    def note_best(self, step: int, scalars: Mapping[str, float], config: RunConfig) -> None:
        """Where the measure that tells what is best is among the step's scalars: whether it is the best so far."""
        metric = next((name for name in config.selection_metrics if name in scalars), None)
        if metric is None:
            return
        if is_gain(metric, scalars[metric], self.best_value, config.selection.least_gain):
            self.best_value, self.best_step, self.evaluations_without_gain = scalars[metric], step, 0
        else:
            self.evaluations_without_gain += 1
