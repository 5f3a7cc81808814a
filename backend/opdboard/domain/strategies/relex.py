"""RELEX's settings, and how they are counted."""

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field
from typing_extensions import override

from opdboard.domain.model_shape import ModelShape
from opdboard.domain.strategies.base import (
    AFTER_JUMP,
    FOR_THE_RECORD,
    MOVING,
    Anchor,
    Moving,
    OptimizerAfterJump,
    StrategySettings,
)


class Relex(StrategySettings):
    """Continue each tensor's leading direction over time, whose coefficient grows linearly (RELEX, arXiv:2605.21468)."""

    model_config = ConfigDict(title="RELEX")
    name = "RELEX"
    anchor: ClassVar[Anchor] = "initial_weights"
    kind: Literal["relex"] = "relex"
    every: int = Field(default=4, ge=1, description="Steps between the checkpoints it looks at.")
    checkpoints: int = Field(
        default=4, ge=2, le=64, description="Checkpoints from which it predicts; it keeps so many copies of what moves."
    )
    horizon: float = Field(
        default=2.0, gt=1, le=1000, description="How far it predicts: to step horizon x t when it looks at step t."
    )
    parameters: Moving = Field(default="matrices", description=MOVING)
    optimizer_after_jump: OptimizerAfterJump = Field(default="keep", description=AFTER_JUMP)
    validation_size: int = Field(
        default=16,
        ge=1,
        description=FOR_THE_RECORD,
    )

    @override
    def looks_at(self, step: int) -> bool:
        return step >= 1 and step % self.every == 0

    @override
    def history(self, moved: int, student: ModelShape) -> int:
        """Copies of what moves."""
        return self.checkpoints * moved
