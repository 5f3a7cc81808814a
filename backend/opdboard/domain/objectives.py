"""What a step minimises: a distance to a teacher, the negative of a verifiable reward, or the surprise at worked answers."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from opdboard.domain.frozen import Frozen

_CHUNK = "Tokens whose logits exist at one time in the loss; smaller needs less memory. Halved by itself when a GPU has no more."
_REWARD_SCALE = (
    "ExOPD's lambda (arXiv:2602.12125): how far the teacher's difference from the initial student is followed. 1 is OPD; above "
    "1 goes beyond the teacher (the paper: 1.25). Other than 1 keeps a copy of the initial student."
)
_GROUP = "Responses to each prompt, whose rewards are compared with one another."
_UPDATES = (
    "Optimizer steps on each batch of responses, each on its share of the groups. At 1 the policy is the one that sampled, "
    "and the clip does nothing."
)


class ObjectiveSettings(Frozen):
    """What every objective tells of itself."""

    method: ClassVar[str]
    """Its part of what a run's method is called."""
    name: ClassVar[str]
    """That part in words."""


class Distillation(ObjectiveSettings):
    """A distance to the teacher on the student's own samples."""

    method, name = "opd", "OPD"


class FullVocabulary(Distillation):
    """Reverse KL to the teacher on the student's own samples, summed over the whole vocabulary (low noise)."""

    model_config = ConfigDict(title="OPD, full vocabulary")
    kind: Literal["full_vocabulary"] = "full_vocabulary"
    reward_scale: float = Field(default=1.0, gt=0, description=_REWARD_SCALE)
    chunk_tokens: int = Field(default=1024, ge=1, description=_CHUNK)


class SampledToken(Distillation):
    """The paper's policy gradient: each sampled token's advantage is log teacher - log student, detached."""

    model_config = ConfigDict(title="OPD, sampled token")
    kind: Literal["sampled_token"] = "sampled_token"
    importance_cap: float = Field(
        default=5.0, gt=0, description="Truncation of the weight of trainer against sampler probabilities."
    )
    reward_scale: float = Field(default=1.0, gt=0, description=_REWARD_SCALE)
    chunk_tokens: int = Field(default=1024, ge=1, description=_CHUNK)


class TopK(Distillation):
    """Reverse KL over the k likeliest tokens, with the probability of all others as one more bin."""

    model_config = ConfigDict(title="OPD, top k")
    kind: Literal["top_k"] = "top_k"
    k: int = Field(default=16, ge=1, description="Tokens that are told apart; all others are one bin.")
    support: Literal["student", "teacher", "union"] = Field(
        default="student", description="Whose k likeliest tokens: the student's, the teacher's, or both together."
    )
    chunk_tokens: int = Field(default=1024, ge=1, description=_CHUNK)


class JensenShannon(Distillation):
    """Generalised Jensen-Shannon divergence between student and teacher (GKD, arXiv:2306.13649)."""

    model_config = ConfigDict(title="OPD, Jensen-Shannon")
    kind: Literal["jensen_shannon"] = "jensen_shannon"
    beta: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="0 is the forward KL, 1 the reverse KL, 0.5 the usual Jensen-Shannon divergence. Near the ends, but not "
        "at them, gradients are small.",
    )
    chunk_tokens: int = Field(default=1024, ge=1, description=_CHUNK)


class Grpo(ObjectiveSettings):
    """Reinforcement by the data's verifier: rewards normalised within the answers to one prompt (arXiv:2402.03300)."""

    model_config = ConfigDict(title="GRPO (verifiable reward)")
    method, name = "grpo", "GRPO"
    kind: Literal["grpo"] = "grpo"
    group_size: int = Field(default=8, ge=2, description=_GROUP)
    clip_low: float = Field(default=0.2, gt=0, lt=1, description="Ratios of probabilities below 1 - this are clipped.")
    clip_high: float = Field(default=0.2, gt=0, description="Ratios of probabilities above 1 + this are clipped.")
    kl_coefficient: float = Field(
        default=1e-3, ge=0, description="Weight of the KL to the initial student; 0 keeps no copy of it."
    )
    updates_per_batch: int = Field(default=1, ge=1, description=_UPDATES)
    chunk_tokens: int = Field(default=1024, ge=1, description=_CHUNK)


class Dapo(ObjectiveSettings):
    """GRPO with a higher upper clip, token-level loss, no KL, and only groups with mixed rewards (arXiv:2503.14476)."""

    model_config = ConfigDict(title="DAPO (verifiable reward)")
    method, name = "dapo", "DAPO"
    kind: Literal["dapo"] = "dapo"
    group_size: int = Field(default=8, ge=2, description=_GROUP)
    clip_low: float = Field(default=0.2, gt=0, lt=1, description="Ratios of probabilities below 1 - this are clipped.")
    clip_high: float = Field(default=0.28, gt=0, description="Ratios of probabilities above 1 + this are clipped.")
    sampling_rounds: int = Field(
        default=10,
        ge=1,
        description="How often prompts are drawn at most until the batch is full of groups with right and wrong answers; "
        "1 is no dynamic sampling.",
    )
    overlong_share: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="Last part of budget.max_response_tokens within which length is penalised, down to -1 at the limit; "
        "0 = no penalty.",
    )
    updates_per_batch: int = Field(default=4, ge=1, description=_UPDATES)
    chunk_tokens: int = Field(default=1024, ge=1, description=_CHUNK)


class Sft(ObjectiveSettings):
    """Supervised: cross-entropy on the data's worked solution, or its answer. Nothing is sampled while training."""

    model_config = ConfigDict(title="SFT (worked answers)")
    method, name = "sft", "SFT"
    kind: Literal["sft"] = "sft"
    chunk_tokens: int = Field(default=1024, ge=1, description=_CHUNK)


def _checked(value: object) -> object:
    """Refuse k1 with its reason; read what earlier versions stored, one class for both supports."""
    if not isinstance(value, Mapping):
        return value
    kind = value.get("kind", "full_vocabulary")
    if kind == "k1":
        raise ValueError(
            "k1 cannot be trained on: the gradient of log p - log q at the sampled token does not contain the teacher; "
            "choose 'sampled_token' (its advantage is k1, detached) or 'full_vocabulary'"
        )
    dropped = {"importance_cap"} if kind == "full_vocabulary" else set()
    return {"kind": kind} | {key: inner for key, inner in value.items() if key not in dropped}


Reinforcement = Grpo | Dapo
TeacherFree = Annotated[Grpo | Dapo | Sft, Field(discriminator="kind")]
Objective = Annotated[
    Annotated[FullVocabulary | SampledToken | TopK | JensenShannon | Grpo | Dapo | Sft, Field(discriminator="kind")],
    BeforeValidator(_checked),
]


def prompts_per_step(objective: Objective, batch_size: int) -> int:
    """How many prompts a batch of that many responses answers."""
    return batch_size // objective.group_size if isinstance(objective, Reinforcement) else batch_size


def updates_per_step(objective: Objective) -> int:
    """Optimizer steps that a training step makes."""
    return objective.updates_per_batch if isinstance(objective, Reinforcement) else 1


def needs_reference(objective: Objective) -> bool:
    """Whether the initial student is kept: for ExOPD with a lambda other than 1, and for GRPO's KL."""
    if isinstance(objective, FullVocabulary | SampledToken):
        return objective.reward_scale != 1.0
    return isinstance(objective, Grpo) and objective.kl_coefficient > 0
