"""What a step minimises: a distance to a teacher, the negative of a verifiable reward, or the surprise at worked answers.

Each is a class of settings that tells all there is to know of its objective before anything runs; the worker finds who
learns by it by that class.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BeforeValidator, ConfigDict, Field
from typing_extensions import override

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
    """What every objective tells of itself. Settings that several have go by one name; here stands what holds without them."""

    method: ClassVar[str]
    """Its part of what a run's method is called."""
    name: ClassVar[str]
    """That part in words."""
    needs_teacher: ClassVar[bool] = False
    needs_answers: ClassVar[bool] = False
    """Whether responses are rewarded by the data's answers."""
    needs_solutions: ClassVar[bool] = False
    """Whether the data's worked solutions, or else its answers, are learnt."""
    from_a_part: ClassVar[str] = ""
    """What to choose for a teacher to do that tells a part of its distribution, as a refusal says it."""

    kind: Any  # a Literal of its own in each

    @property
    def responses_per_prompt(self) -> int:
        """How many are drawn (or read) for each prompt of a batch, which is full of them."""
        return getattr(self, "group_size", 1)

    @property
    def updates_per_step(self) -> int:
        """Optimizer steps that a training step makes, each on its share of the batch's prompts."""
        return getattr(self, "updates_per_batch", 1)

    @property
    def needs_reference(self) -> bool:
        """Whether tokens are compared with the initial student too, so that a frozen copy of it is kept."""
        return False

    def learns_from(self, known_tokens: int) -> bool:
        """Whether the teacher's log-probabilities of the sampled and of its `known_tokens` likeliest tokens suffice."""
        return not self.needs_teacher


class Distillation(ObjectiveSettings):
    """A distance to the teacher on the student's own samples."""

    method, name = "opd", "OPD"
    needs_teacher = True

    @property
    @override
    def needs_reference(self) -> bool:
        """For ExOPD with a lambda other than 1."""
        return getattr(self, "reward_scale", 1.0) != 1.0


class FullVocabulary(Distillation):
    """Reverse KL to the teacher on the student's own samples, summed over the whole vocabulary (low noise)."""

    model_config = ConfigDict(title="OPD, full vocabulary")
    kind: Literal["full_vocabulary"] = "full_vocabulary"
    reward_scale: float = Field(default=1.0, gt=0, description=_REWARD_SCALE)
    chunk_tokens: int = Field(default=1024, ge=1, description=_CHUNK)


class SampledToken(Distillation):
    """The paper's policy gradient: each sampled token's advantage is log teacher - log student, detached."""

    model_config = ConfigDict(title="OPD, sampled token")
    from_a_part = "'sampled_token'"
    kind: Literal["sampled_token"] = "sampled_token"
    importance_cap: float = Field(
        default=5.0, gt=0, description="Truncation of the weight of trainer against sampler probabilities."
    )
    reward_scale: float = Field(default=1.0, gt=0, description=_REWARD_SCALE)
    chunk_tokens: int = Field(default=1024, ge=1, description=_CHUNK)

    @override
    def learns_from(self, known_tokens: int) -> bool:
        return True


class TopK(Distillation):
    """Reverse KL over the k likeliest tokens, with the probability of all others as one more bin."""

    model_config = ConfigDict(title="OPD, top k")
    from_a_part = "'top_k' with support 'teacher' and k at most teacher.top_logprobs"
    kind: Literal["top_k"] = "top_k"
    k: int = Field(default=16, ge=1, description="Tokens that are told apart; all others are one bin.")
    support: Literal["student", "teacher", "union"] = Field(
        default="student", description="Whose k likeliest tokens: the student's, the teacher's, or both together."
    )
    chunk_tokens: int = Field(default=1024, ge=1, description=_CHUNK)

    @override
    def learns_from(self, known_tokens: int) -> bool:
        return self.support == "teacher" and self.k <= known_tokens


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
    needs_answers = True
    kind: Literal["grpo"] = "grpo"
    group_size: int = Field(default=8, ge=2, description=_GROUP)
    clip_low: float = Field(default=0.2, gt=0, lt=1, description="Ratios of probabilities below 1 - this are clipped.")
    clip_high: float = Field(default=0.2, gt=0, description="Ratios of probabilities above 1 + this are clipped.")
    kl_coefficient: float = Field(
        default=1e-3, ge=0, description="Weight of the KL to the initial student; 0 keeps no copy of it."
    )
    updates_per_batch: int = Field(default=1, ge=1, description=_UPDATES)
    chunk_tokens: int = Field(default=1024, ge=1, description=_CHUNK)

    @property
    @override
    def needs_reference(self) -> bool:
        return self.kl_coefficient > 0


class Dapo(ObjectiveSettings):
    """GRPO with a higher upper clip, token-level loss, no KL, and only groups with mixed rewards (arXiv:2503.14476)."""

    model_config = ConfigDict(title="DAPO (verifiable reward)")
    method, name = "dapo", "DAPO"
    needs_answers = True
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
    needs_solutions = True
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


_TeacherFree = Grpo | Dapo | Sft
_Any = FullVocabulary | SampledToken | TopK | JensenShannon | _TeacherFree
OBJECTIVES: tuple[type[ObjectiveSettings], ...] = get_args(_Any)
TeacherFree = Annotated[_TeacherFree, Field(discriminator="kind")]
Objective = Annotated[Annotated[_Any, Field(discriminator="kind")], BeforeValidator(_checked)]
