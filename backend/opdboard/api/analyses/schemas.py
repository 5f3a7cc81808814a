"""Analyses as they travel over HTTP."""

from typing import Any

from pydantic import BaseModel, Field

from opdboard.api.runs.schemas import Labels
from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.domain.finite import Finite
from opdboard.domain.interventions import Purpose
from opdboard.domain.run_state import RunState


class AnalysisCreate(Labels):
    """An analysis to queue."""

    config: AnalysisConfig


class InterventionOut(BaseModel):
    """A kind of analysis."""

    kind: str
    title: str
    description: str
    purpose: Purpose = Field(
        description="How good the weights are, what if they were changed, or a form that others load."
    )
    panel: str | None = Field(description="The picture that shows its result, drawn for the run that it is about.")
    parameters_schema: dict[str, Any] = Field(description="JSON schema of config.parameters; it draws the form.")


class ExportOut(BaseModel):
    """What an export has written."""

    folder: str = Field(description="Relative to the data folder.")
    bytes: int
    missed: float | None = Field(description="Share of ||dW||_F that an adapter misses; null of a whole model.")
    address: str | None = Field(description="Where it was pushed to.")


class AnalysisOut(BaseModel):
    """An analysis and how far it is; as a run it is read under /api/runs."""

    id: str
    name: str
    kind: str
    run_id: str = Field(description="The run that it is about.")
    state: RunState
    step: int = Field(description="Variants done.")
    total_steps: int
    error: dict[str, Any] | None
    created_at: float
    ended_at: float | None
    parameters: dict[str, Any]
    written: ExportOut | None = Field(description="Of an export, once it is on disk.")


class AnalysisList(BaseModel):
    """Analyses, the latest first."""

    analyses: list[AnalysisOut]


class EstimateOut(BaseModel):
    """A mean over prompts (of a KL: of its mean over each response) with its 95% interval; null where it is not defined."""

    value: Finite
    low: Finite
    high: Finite


class ScoreOut(BaseModel):
    """What a variant scored on one measure."""

    measure: str = Field(
        description="accuracy, or reverse_kl [nats/token]; of an evaluation avg, pass@k, maj, truncated, or length [tokens]."
    )
    score: EstimateOut
    over_base: EstimateOut = Field(description="Minus the base weights' score, prompt by prompt.")
    over_final: EstimateOut = Field(description="Minus the trained weights' score, prompt by prompt.")
    recovery: EstimateOut = Field(description="(score - base) / (final - base).")
    per_prompt: list[float]


class VariantOut(BaseModel):
    """One set of changed weights, or another finding."""

    index: int
    family: str
    x: float | None
    label: str
    norm: Finite = Field(description="||W - W_0||_F over all weights.")
    scores: list[ScoreOut]
    details: dict[str, Any]


class AnalysisDetail(AnalysisOut):
    """An analysis with everything it has found so far."""

    variants: list[VariantOut]
