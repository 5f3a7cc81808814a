"""What is trained of the student, and by which steps. Part of RunConfig."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from opdboard.domain.frozen import Frozen


class Optimizer(Frozen):
    """AdamW and its learning rate."""

    learning_rate: float = Field(
        default=1e-6,
        gt=0,
        le=1,
        description="Peak learning rate; the paper uses 1e-6.",
        json_schema_extra={"x-first": True},
    )
    schedule: Literal["constant", "linear", "cosine"] = Field(
        default="constant", description="Course of the rate after warm-up."
    )
    warmup_steps: int = Field(default=0, ge=0, description="Steps of linear warm-up.")
    weight_decay: float = Field(default=0.0, ge=0, description="Decoupled weight decay.")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="Decay of the first moment.")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="Decay of the second moment.")
    gradient_clip: float | None = Field(
        default=1.0, gt=0, description="Largest norm of the whole gradient; empty = no clipping."
    )


class AllWeights(Frozen):
    """Every weight is trained."""

    model_config = ConfigDict(title="All weights")
    kind: Literal["all"] = "all"


class Lora(Frozen):
    """Low-rank factors of every attention and MLP matrix are trained, dW = scaling B A; the rest is frozen (peft)."""

    model_config = ConfigDict(title="LoRA")
    kind: Literal["lora"] = "lora"
    rank: int = Field(default=16, ge=1, description="Columns of B and rows of A: the rank of dW at most.")
    alpha: int = Field(default=32, ge=1, description="dW is scaled by alpha / rank.")


Adapter = Annotated[AllWeights | Lora, Field(discriminator="kind")]
