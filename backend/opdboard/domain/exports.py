"""What comes out of a run: its weights in a form that other programs load. Asked for as analyses are, by the same forms."""

from typing import Literal

from pydantic import ConfigDict, Field

from opdboard.domain.commands import LARGEST_FACTOR
from opdboard.domain.frozen import Frozen


class Export(Frozen):
    """Which weights, and where they go besides the data folder."""

    step: int | None = Field(default=None, ge=0, description="Checkpoint to take; empty takes the latest.")
    factor: float | None = Field(
        default=None,
        gt=-1,
        le=LARGEST_FACTOR,
        description="Empty takes the checkpoint. A number takes the candidate W_t + factor D that was tried at `step`, taken or refused.",
    )
    push_to: str = Field(
        default="",
        max_length=200,
        pattern=r"^([\w.-]+/[\w.-]+)?$",
        description="Repository of the Hugging Face hub, owner/name, that gets a copy; empty pushes nothing.",
    )
    private: bool = Field(default=True, description="Whether a repository that is made for it is private.")


class ExportModel(Export):
    """The whole model as a folder in Hugging Face format, adapters merged, with a model card."""

    model_config = ConfigDict(title="Export the model")
    precision: Literal["float32", "bf16"] = Field(default="float32", description="Of the weights that are written.")


class ExportAdapter(Export):
    """The update as a LoRA adapter in PEFT's format, with a model card: of each matrix the best approximation of that rank."""

    model_config = ConfigDict(title="Export a low-rank adapter")
    rank: int = Field(
        default=32,
        ge=1,
        le=1024,
        description="Of every matrix' part of the adapter. How much of the update it misses is measured, for lower ranks too.",
    )


GgufPrecision = Literal["f32", "f16", "bf16", "q8_0"]


class ExportGguf(Export):
    """The whole model as one GGUF file for llama.cpp and what is built on it, adapters merged, with a model card; Llama, Qwen2 and Qwen3."""

    model_config = ConfigDict(title="Export to GGUF")
    precision: GgufPrecision = Field(
        default="f16",
        description="Of the matrices; q8_0 rounds to 8 bits with a scale for every 32 numbers. Vectors are float32.",
    )
