"""Checkpoints as they travel over HTTP."""

from pydantic import BaseModel, Field

from opdboard.domain.finite import Finite


class CheckpointOut(BaseModel):
    """One checkpoint folder."""

    step: int
    path: str = Field(description="Relative to the data folder.")
    bytes: int
    reason: str
    created_at: float
    held_out: Finite = Field(description="The measure that tells which is best, evaluated at its step.")
    best: bool = Field(description="The best of those on disk that were evaluated at their step.")
    removed: bool = Field(description="The folder is gone; only the record is left.")


class CheckpointList(BaseModel):
    """All checkpoints ever written, by step."""

    metric: str | None = Field(description="Key of the measure; null for a reported run.")
    heading: str | None = Field(description="The measure's short name, and its unit unless it is a share.")
    checkpoints: list[CheckpointOut]
