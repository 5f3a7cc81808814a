"""What an analysis run does."""

from typing import Any, Literal

from pydantic import Field

from opdboard.domain.frozen import Frozen


class AnalysisConfig(Frozen):
    """One analysis of a run's checkpoints; the worker finds by `kind` what to do."""

    kind: str = Field(min_length=1, max_length=32, pattern=r"^[a-z0-9_]+$", description="Which analysis.")
    run_id: str = Field(min_length=1, max_length=32, description="The run whose checkpoints are looked at.")
    name: str = Field(default="", max_length=200, description="Empty: what it does, and the run.")
    parameters: dict[str, Any] = Field(default={}, description="What the analysis asks for.")
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto takes a GPU where the worker has one."
    )
