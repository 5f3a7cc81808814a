"""What is measured of a run, and how often. Part of RunConfig."""

from typing import Self

from pydantic import Field, model_validator

from opdboard.domain.frozen import Frozen


class Monitoring(Frozen):
    """What is measured, and how often."""

    evaluate_every: int = Field(
        default=4, ge=1, description="Steps between held-out evaluations (also at step 0 and at the end)."
    )
    held_out_size: int | None = Field(
        default=64,
        ge=1,
        description="Held-out prompts, never trained on, with fixed random numbers; empty where held_out_share tells how many. "
        "Of a held-out file (data.held_out) at most so many rows, drawn once.",
    )
    held_out_share: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Share of the prompts that is held out, where held_out_size is empty; 1 is all of a held-out file.",
    )
    modules_every: int = Field(default=1, ge=1, description="Steps between per-module norms.")
    spectral_every: int = Field(
        default=16, ge=1, description="Steps between spectral measures and subspaces, besides the powers of two."
    )
    subspace_rank: int = Field(
        default=20, ge=1, le=32, description="Leading singular directions kept per module (the paper's k)."
    )
    samples_count: int = Field(
        default=4, ge=0, le=64, description="Held-out responses stored at each evaluation, with their per-token KL."
    )

    @model_validator(mode="after")
    def _size_or_share(self) -> Self:
        if (self.held_out_size is None) == (self.held_out_share is None):
            raise ValueError(
                "set one of monitoring.held_out_size and monitoring.held_out_share, and leave the other empty"
            )
        return self

    def held_out_of(self, prompts: int) -> int:
        """How many of so many prompts are held out; at least one."""
        if self.held_out_size is not None:
            return self.held_out_size
        return max(1, round((self.held_out_share or 0) * prompts))
