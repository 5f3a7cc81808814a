"""What an import does: measure a series of checkpoints against the weights that training began from."""

from typing import Annotated, Literal

from pydantic import Field

from opdboard.domain.frozen import Frozen

Place = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[^\x00]+$")]


class ImportConfig(Frozen):
    """A series of checkpoints, written by any trainer. Places are those of the worker's machine."""

    base: Place = Field(
        description="W_0: a folder of the weights that training began from, a model of the Hugging Face hub, or a run of "
        "opdboard (ID@STEP)."
    )
    checkpoints: list[Place] = Field(
        min_length=1,
        max_length=10_000,
        description="Checkpoint folders, output folders that hold several, or runs of opdboard (ID, or ID@STEP for one of its "
        "checkpoints). Steps are read from the names; where none tells one they are 1, 2, ... in this order.",
    )
    name: str = Field(
        default="", max_length=200, pattern=r"^[^\x00]*$", description="Empty: after the first checkpoint."
    )
    k: int = Field(default=20, ge=1, le=32, description="Leading singular directions kept per module (the paper's k).")
    exact: bool = Field(
        default=False,
        description="All singular values from float64 eigenvalues; otherwise by the cheapest estimator that is within 0.1% "
        "of the effective rank.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto takes a GPU where the worker has one."
    )
