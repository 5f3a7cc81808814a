"""Checkpoints as they travel over HTTP."""

from pydantic import BaseModel, Field


class CheckpointOut(BaseModel):
    """One checkpoint folder."""

    step: int
    path: str = Field(description="Relative to the data folder.")
    bytes: int
    reason: str
    created_at: float
    removed: bool = Field(description="The folder is gone; only the record is left.")


class CheckpointList(BaseModel):
    """All checkpoints ever written, by step."""

    checkpoints: list[CheckpointOut]
