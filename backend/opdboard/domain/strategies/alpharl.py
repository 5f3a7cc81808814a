"""AlphaRL's settings, and how they are counted."""

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field
from typing_extensions import override

from opdboard.domain.model_shape import ModelShape
from opdboard.domain.strategies.base import (
    AFTER_JUMP,
    VALIDATION_SIZE,
    Anchor,
    OptimizerAfterJump,
    ScoreChoice,
    StrategySettings,
)


class AlphaRL(StrategySettings):
    """Predict the final update from the leading singular direction of the updates so far (our reading of arXiv:2510.00553)."""

    model_config = ConfigDict(title="AlphaRL-style prediction (our reading)")
    name = "AlphaRL"
    anchor: ClassVar[Anchor] = "initial_weights"
    kind: Literal["alpharl"] = "alpharl"
    every: int = Field(default=8, ge=1, description="Steps between the checkpoints it looks at, and between jumps.")
    checkpoints: int = Field(
        default=3, ge=2, le=64, description="How many checkpoints it needs before it first predicts; W_0 is not one."
    )
    score: ScoreChoice = Field(
        default="negative_reverse_kl",
        description="What is extrapolated to 1: accuracy relative to W_0 and the teacher (paper), or the share of W_0's "
        "reverse KL that is gone (needs no labels, far less noise).",
    )
    scaling: Literal["unit_variance", "none"] = Field(
        default="unit_variance",
        description="What the regression sees of each coordinate: at unit variance over the checkpoints (authors' code), or as "
        "it is, so that those that move far decide.",
    )
    validation_size: int = Field(default=64, ge=2, description=VALIDATION_SIZE)
    optimizer_after_jump: OptimizerAfterJump = Field(default="keep", description=AFTER_JUMP)

    @override
    def looks_at(self, step: int) -> bool:
        return step >= 1 and step % self.every == 0

    @override
    def history(self, moved: int, student: ModelShape) -> int:
        """One pair of singular vectors per matrix and checkpoint."""
        return self.checkpoints * sum(sum(module.shape) for module in student.modules)

    @override
    def teacher_answers(self, looks: int) -> int:
        """Once, when it first predicts accuracies: the teacher's stands for 1."""
        return 1 if self.score == "accuracy" and looks >= self.checkpoints else 0
