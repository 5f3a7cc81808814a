"""What is measured of a run, and how often. Part of RunConfig."""

from pydantic import Field

from opdboard.domain.frozen import Frozen


class Monitoring(Frozen):
    """What is measured, and how often."""

    evaluate_every: int = Field(
        default=4, ge=1, description="Steps between held-out evaluations (also at step 0 and at the end)."
    )
    held_out_size: int = Field(
        default=64, ge=1, description="Held-out prompts, never trained on, with fixed random numbers."
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
