"""How long and how wide a run is. Part of RunConfig."""

from pydantic import Field

from opdboard.domain.frozen import Frozen


class Budget(Frozen):
    """How long, how wide."""

    steps: int = Field(default=64, ge=1, description="Optimizer steps.", json_schema_extra={"x-first": True})
    batch_size: int = Field(
        default=64,
        ge=1,
        description="Responses per step: one to each prompt; of GRPO and DAPO group_size to each, so fewer prompts.",
    )
    micro_batch_size: int | None = Field(
        default=None,
        ge=1,
        description="Sequences per forward pass; empty = the whole batch. Changes memory, not the result.",
    )
    rollout_batch_size: int | None = Field(
        default=None,
        ge=1,
        description="Responses sampled at a time; empty = as many as micro_batch_size. More are faster while their key-value "
        "cache fits: sampling needs far less memory per sequence than training.",
    )
    gradient_checkpointing: bool = Field(
        default=False,
        description="Keep only each layer's input for the backward pass and compute the rest again: far less memory, for one "
        "more forward pass per update. Gradients stay the same, and sampling is not touched.",
    )
    max_prompt_tokens: int = Field(
        default=512, ge=1, description="Longer prompts are left out, and counted in the log."
    )
    max_response_tokens: int = Field(default=256, ge=1, description="Responses are cut here.")
    temperature: float = Field(
        default=1.0,
        gt=0,
        description="The policy is softmax(logits / temperature), everywhere: what samples, the losses' two sides and reference, "
        "importance weights, evaluation. Only SFT's cross-entropy is at 1. The paper uses 1.",
    )
    checkpoint_every: int = Field(
        default=16, ge=1, description="Steps between checkpoints; the last step always has one."
    )
    keep_checkpoints: int = Field(default=4, ge=1, description="How many checkpoints stay on disk; the newest ones.")
