"""EffOPD's settings, and how they are counted."""

from typing import Literal

from pydantic import ConfigDict, Field
from typing_extensions import override

from opdboard.domain.strategies.base import (
    MOVING,
    VALIDATION_SIZE,
    Moving,
    OptimizerAfterJump,
    StrategySettings,
    is_power_of_two,
)


class EffOPD(StrategySettings):
    """Extrapolate along W_t - anchor at steps 1, 2, 4, 8, ... as far as validation accepts (arXiv:2605.11739)."""

    model_config = ConfigDict(title="EffOPD")
    name = "EffOPD"
    without_teacher = "'effopd' with strategy.score 'accuracy'"
    kind: Literal["effopd"] = "effopd"
    candidates: int = Field(
        default=5, ge=1, le=32, description="How many candidates W_t + 2k D are tried at most, k = 1, 2, ..."
    )
    validation_size: int = Field(default=50, ge=1, description=VALIDATION_SIZE)
    score: Literal["accuracy", "negative_reverse_kl", "both"] = Field(
        default="accuracy",
        description="What D_v measures: verified accuracy (paper), negative reverse KL to the teacher "
        "(needs no labels, far less noise; a mean over tokens, as eval/reverse_kl is), or both, which must then both accept.",
    )
    acceptance: Literal[">=", ">", "significant"] = Field(
        default=">=",
        description="Against the last accepted score: >= (paper), > (authors' code), or a paired 95% interval of the gain above 0 (accuracy: "
        "score interval; KL: the wider of Student's and a bootstrap-t).",
    )
    anchor: Literal["accepted_weights", "weights_before_jump"] = Field(
        default="accepted_weights",
        description="Where the next direction starts: the accepted weights (authors' code) or W_t before the jump (paper).",
    )
    parameters: Moving = Field(default="matrices", description=MOVING)
    optimizer_after_jump: OptimizerAfterJump = Field(
        default="keep", description="Optimizer state after an accepted jump; the authors keep it."
    )
    draws: Literal["common", "resampled"] = Field(
        default="common",
        description="Random numbers of the candidates' answers: common (paired comparison) or drawn anew each time.",
    )
    max_kl: float | None = Field(
        default=None,
        gt=0,
        description="Refuse a candidate whose KL to W_t exceeds this many nats per token; empty = no guard.",
    )

    @override
    def looks_at(self, step: int) -> bool:
        """1, 2, 4, 8, ..."""
        return is_power_of_two(step)

    @property
    @override
    def most_candidates(self) -> int:
        return self.candidates

    @property
    @override
    def needs_teacher(self) -> bool:
        return self.score != "accuracy"
