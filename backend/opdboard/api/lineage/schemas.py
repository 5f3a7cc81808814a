"""Lineage as it travels over HTTP."""

from typing import Literal

from pydantic import BaseModel, Field, computed_field

from opdboard.domain.methods import method_name
from opdboard.domain.run_state import RunState


class LineageRun(BaseModel):
    """A run of the family."""

    id: str
    name: str
    method: str
    state: RunState
    color: int
    step: int
    total_steps: int

    @computed_field
    @property
    def method_name(self) -> str:
        """The method in words, as in 'GRPO + EffOPD'."""
        return method_name(self.method)


class LineageLink(BaseModel):
    """One run comes from another."""

    run: str
    source: str = Field(description="May have been deleted since; then it is not among the runs.")
    relation: Literal["student", "teacher", "copy", "subject"] = Field(
        description="Its student or its teacher has the source's weights, it copied the source's configuration, or it is about the source's checkpoints."
    )
    step: int | None = Field(description="Of the weights; null for the latest checkpoint, and for a copy.")
    factor: float | None = Field(description="Set for a candidate of the extrapolation tried at that step.")


class LineageOut(BaseModel):
    """The run's sources and theirs, and what was made from it."""

    runs: list[LineageRun]
    links: list[LineageLink]
