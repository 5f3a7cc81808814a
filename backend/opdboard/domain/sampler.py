"""Who samples the student's responses: the trainer itself, or an inference engine that is given its weights."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from opdboard.domain.frozen import Frozen


class SamplerSettings(Frozen):
    """A sampler's settings, and what is known of it before it is made."""

    one_gpu: ClassVar[bool] = False
    """Whether it samples on one CUDA device and nowhere else."""
    copy_bytes: ClassVar[int] = 0
    """What its own copy of the student's weights takes, per number."""

    kind: Any  # a Literal of its own in each


class OwnSampler(SamplerSettings):
    """The trainer's own model and numbers: what samples is what is trained, to the last bit on CPU."""

    model_config = ConfigDict(title="The trainer")
    kind: Literal["own"] = "own"


class VllmSampler(SamplerSettings):
    """A vLLM engine in the trainer's process, given the student's weights before each sampling (pip install 'opdboard[vllm]')."""

    model_config = ConfigDict(title="vLLM (one GPU)")
    one_gpu = True
    copy_bytes = 2
    kind: Literal["vllm"] = "vllm"
    memory_share: float = Field(
        default=0.3,
        gt=0,
        lt=1,
        description="Share of the GPU's memory for the engine: its bf16 copy of the weights and its key-value cache.",
    )


Sampler = Annotated[OwnSampler | VllmSampler, Field(discriminator="kind")]
