"""Extrapolation decisions as they travel over HTTP; non-finite numbers become null."""

from pydantic import BaseModel, Field

from opdboard.api.parameters import Count, Parameters


class DecisionQuery(Parameters):
    """Which decisions to read."""

    after: Count = Field(default=0, description="Only decisions written or changed after this sequence number.")


class CandidateOut(BaseModel):
    """One tried factor; gain and its 95% interval are paired, KLs in nats per token."""

    factor: float
    score: float | None
    accuracy: float | None
    reverse_kl: float | None
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    kl_to_start: float | None
    accepted: bool
    reason: str
    tokens: int
    seconds: float


class DecisionOut(BaseModel):
    """One trigger of a strategy with every try."""

    step: int
    strategy: str
    trigger: str
    anchor_step: int
    direction_norm: float | None
    validation_size: int
    score_name: str
    accepted_factor: float
    outcome: str
    tokens: int
    seconds: float
    vetoed: bool
    candidates: list[CandidateOut]


class DecisionList(BaseModel):
    """Decisions in step order, with the sequence number to ask from next time."""

    seq: int
    decisions: list[DecisionOut]
