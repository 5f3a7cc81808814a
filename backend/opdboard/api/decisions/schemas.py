"""Extrapolation decisions as they travel over HTTP; non-finite numbers become null."""

from pydantic import BaseModel, Field

from opdboard.api.parameters import Count, Parameters
from opdboard.domain.finite import Finite


class DecisionQuery(Parameters):
    """Which decisions to read."""

    after: Count = Field(default=0, description="Only decisions written or changed after this sequence number.")


class CandidateOut(BaseModel):
    """One tried factor; its gain in score is over W_t, whatever was accepted before it, KLs are in nats per token."""

    factor: float
    score: Finite
    accuracy: Finite
    reverse_kl: Finite
    gain: Finite = Field(description="Its score minus that of W_t.")
    gain_low: Finite = Field(
        description="Lower end of the gain's 95% interval, paired example by example; null where there is none."
    )
    gain_high: Finite
    kl_to_start: Finite
    accepted: bool
    reason: str
    tokens: int
    seconds: float


class HeldOut(BaseModel):
    """A held-out evaluation."""

    step: int
    reverse_kl: Finite
    accuracy: Finite


class DecisionOut(BaseModel):
    """One trigger of a strategy with every try."""

    step: int
    strategy: str
    trigger: str
    anchor_step: int
    direction_norm: Finite
    validation_size: int
    score_name: str
    accepted_factor: float
    outcome: str
    tokens: int
    seconds: float
    vetoed: bool
    overridden: bool = Field(description="A refused factor was taken because a user asked for it.")
    displacement_norm: Finite = Field(description="Norm of the jump, |factor| times the norm of D; 0 without one.")
    weights_kept: bool = Field(description="Any candidate W_t + f D can be forked; false once the weights are removed.")
    weights_bytes: int | None
    before: HeldOut | None = Field(description="The last evaluation before the trigger.")
    after: HeldOut | None = Field(
        description="The first evaluation at the trigger's step, which comes after it, or later."
    )
    candidates: list[CandidateOut]


class DecisionList(BaseModel):
    """Decisions in step order, with the sequence number to ask from next time."""

    seq: int
    decisions: list[DecisionOut]
    veto_step: int | None = Field(description="Step of the jump that a veto would take back.")
    no_veto: str | None = Field(description="Why there is no jump to take back; null where there is one.")
