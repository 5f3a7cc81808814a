"""Strategies: what happens to the weights beyond the optimizer's steps, and at which steps.

The launch form is drawn from these models: each field carries the sentence a user reads beside it.
"""

from typing import Annotated, Literal, assert_never

from pydantic import ConfigDict, Field

from opdboard.domain.commands import LARGEST_FACTOR
from opdboard.domain.frozen import Frozen

Moving = Literal["matrices", "authors_filter", "all"]
OptimizerAfterJump = Literal["keep", "reset_moments", "halve_learning_rate"]
ScoreChoice = Literal["accuracy", "negative_reverse_kl"]

MOST_BRACKETING_TRIES = 8
"""Of a line search: one try forward, five backward, the vertex of a parabola, and the confirmation on own answers."""

_MOVING = (
    "What moves: attention and MLP matrices; the authors' name filter (also q/k norms, biases, post-attention norm; on models "
    "with other names, whatever lies in the same parts of a block); all parameters."
)
_VALIDATION_SIZE = "Training examples in the fixed validation set D_v."
_FOR_THE_RECORD = (
    "Examples on which W_t and the candidate are scored for the record; only a score that is not finite refuses."
)
_AFTER_JUMP = "Optimizer state after a jump."


class NoStrategy(Frozen):
    """Plain OPD: every step is the optimizer's."""

    model_config = ConfigDict(title="None (plain OPD)")
    kind: Literal["none"] = "none"


class EffOPD(Frozen):
    """Extrapolate along W_t - anchor at steps 1, 2, 4, 8, ... as far as validation accepts (arXiv:2605.11739)."""

    model_config = ConfigDict(title="EffOPD")
    kind: Literal["effopd"] = "effopd"
    candidates: int = Field(
        default=5, ge=1, le=32, description="How many candidates W_t + 2k D are tried at most, k = 1, 2, ..."
    )
    validation_size: int = Field(default=50, ge=1, description=_VALIDATION_SIZE)
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
    parameters: Moving = Field(default="matrices", description=_MOVING)
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


class FixedExtrapolation(Frozen):
    """W_t + alpha (W_t - anchor) every few steps, whatever validation says: the control for EffOPD's search."""

    model_config = ConfigDict(title="Fixed extrapolation (control)")
    kind: Literal["fixed"] = "fixed"
    every: int = Field(default=8, ge=1, description="Steps between jumps.")
    alpha: float = Field(
        default=1.0,
        gt=0,
        le=LARGEST_FACTOR,
        description="Length of a jump, in units of the way made since the last one.",
    )
    parameters: Moving = Field(default="matrices", description=_MOVING)
    optimizer_after_jump: OptimizerAfterJump = Field(default="keep", description=_AFTER_JUMP)
    validation_size: int = Field(
        default=16,
        ge=1,
        description=_FOR_THE_RECORD,
    )


class AlphaRL(Frozen):
    """Predict the final update from the leading singular direction of the updates so far (our reading of arXiv:2510.00553)."""

    model_config = ConfigDict(title="AlphaRL-style prediction (our reading)")
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
    validation_size: int = Field(default=64, ge=2, description=_VALIDATION_SIZE)
    optimizer_after_jump: OptimizerAfterJump = Field(default="keep", description=_AFTER_JUMP)


class Relex(Frozen):
    """Continue each tensor's leading direction over time, whose coefficient grows linearly (RELEX, arXiv:2605.21468)."""

    model_config = ConfigDict(title="RELEX")
    kind: Literal["relex"] = "relex"
    every: int = Field(default=4, ge=1, description="Steps between the checkpoints it looks at.")
    checkpoints: int = Field(
        default=4, ge=2, le=64, description="Checkpoints from which it predicts; it keeps so many copies of what moves."
    )
    horizon: float = Field(
        default=2.0, gt=1, le=1000, description="How far it predicts: to step horizon x t when it looks at step t."
    )
    parameters: Moving = Field(default="matrices", description=_MOVING)
    optimizer_after_jump: OptimizerAfterJump = Field(default="keep", description=_AFTER_JUMP)
    validation_size: int = Field(
        default=16,
        ge=1,
        description=_FOR_THE_RECORD,
    )


class LineSearch(Frozen):
    """Search the update's line on the teacher KL, both ways, and let the learning rate follow what was found (ours)."""

    model_config = ConfigDict(title="Line-searched OPD (ours)")
    kind: Literal["linesearch"] = "linesearch"
    validation_size: int = Field(
        default=64, ge=2, description="Training examples in the fixed validation set D_v, apart from the held-out set."
    )
    adapt_rate: bool = Field(
        default=True,
        description="Whenever a factor f is kept, multiply the learning rate by 1 + f (f > 0) or by its square root (f < 0), so "
        "that the next steps have the length that this one should have had; off leaves a plain line search.",
    )
    parameters: Moving = Field(default="all", description=_MOVING)
    max_kl: float | None = Field(
        default=1.0,
        gt=0,
        description="Trust region: refuse a candidate ahead whose KL to W_t exceeds this many nats per token; empty = none.",
    )


Strategy = Annotated[
    NoStrategy | EffOPD | LineSearch | FixedExtrapolation | AlphaRL | Relex, Field(discriminator="kind")
]

STRATEGY_NAMES: dict[str, str] = {
    "none": "OPD",
    "effopd": "EffOPD",
    "linesearch": "Line-searched OPD",
    "fixed": "Fixed extrapolation",
    "alpharl": "AlphaRL",
    "relex": "RELEX",
}
"""What each kind is called in names of runs."""


def is_power_of_two(step: int) -> bool:
    """1, 2, 4, 8, ..."""
    return step >= 1 and step & (step - 1) == 0


def looks_at(strategy: Strategy, step: int) -> bool:
    """Whether the strategy looks ahead after this optimizer step (counted from 1) by its own schedule.

    EffOPD at 1, 2, 4, 8, ..., a line search also half-way between these (3, 6, 12, ...), the others every few steps.
    """
    match strategy:
        case NoStrategy():
            return False
        case EffOPD():
            return is_power_of_two(step)
        case LineSearch():
            return is_power_of_two(step) or (step % 3 == 0 and is_power_of_two(step // 3))
        case FixedExtrapolation() | AlphaRL() | Relex():
            return step >= 1 and step % strategy.every == 0
        case _:
            assert_never(strategy)


def most_candidates(strategy: Strategy) -> int:
    """Candidates tried at one look, at most, W_t not among them."""
    match strategy:
        case NoStrategy():
            return 0
        case EffOPD():
            return strategy.candidates
        case LineSearch():
            return MOST_BRACKETING_TRIES
        case FixedExtrapolation() | AlphaRL() | Relex():
            return 1
        case _:
            assert_never(strategy)


def answers_of_teacher(strategy: Strategy, looks: int) -> int:
    """How often the teacher answers D_v itself during so many looks: once its accuracy is needed."""
    asks = isinstance(strategy, AlphaRL) and strategy.score == "accuracy" and looks >= strategy.checkpoints
    return 1 if asks else 0


def needs_teacher(strategy: Strategy) -> bool:
    """Whether candidates are scored by their KL to the teacher."""
    match strategy:
        case NoStrategy():
            return False
        case EffOPD():
            return strategy.score != "accuracy"
        case _:
            return True
