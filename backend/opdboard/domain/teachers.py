"""Who scores the student's samples. Part of RunConfig."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from opdboard.domain.budget import Budget
from opdboard.domain.frozen import Frozen
from opdboard.domain.model_sources import ModelSource
from opdboard.domain.objectives import Grpo, Objective, SampledToken, TeacherFree, TopK
from opdboard.domain.optimizer import Optimizer


class ModelTeacher(Frozen):
    """Another model with the same tokenizer."""

    model_config = ConfigDict(title="Another model")
    kind: Literal["model"] = "model"
    source: ModelSource = Field(description="The frozen model that scores the student's tokens.")


class PrivilegedTeacher(Frozen):
    """The student's own initial weights, shown the worked answer (OPSD, arXiv:2601.18734)."""

    model_config = ConfigDict(title="Itself, knowing the answer")
    kind: Literal["privileged"] = "privileged"
    context: str = Field(
        default="{prompt}\n\nA correct solution, for your reference:\n{solution}\n\nAnswer in your own words.",
        description="The teacher's prompt; {prompt} is the student's, {solution} the worked solution or else the answer.",
    )

    @model_validator(mode="after")
    def _context_shows_the_answer(self) -> "PrivilegedTeacher":
        missing = [slot for slot in ("{prompt}", "{solution}") if slot not in self.context]
        if missing:
            raise ValueError(
                f"context must contain {' and '.join(missing)}: without it the teacher knows no more than the student"
            )
        return self


class NoTeacher(Frozen):
    """Nobody scores; for methods that learn from rewards or worked answers."""

    model_config = ConfigDict(title="None (GRPO, DAPO, SFT)")
    kind: Literal["none"] = "none"


class RemoteTeacher(Frozen):
    """A model behind an OpenAI-compatible server that returns log-probabilities of a prompt; only its scores are fetched."""

    model_config = ConfigDict(title="A server (vLLM, SGLang)")
    kind: Literal["remote"] = "remote"
    url: str = Field(pattern=r"^https?://\S+$", description="Base address, for example http://gpu1:8000/v1.")
    model: str = Field(min_length=1, description="Name under which the server has the model.")
    api: Literal["prompt_logprobs", "echo"] = Field(
        default="prompt_logprobs",
        description="How it is asked: prompt_logprobs (vLLM), or echo with logprobs (vLLM, SGLang and others).",
    )
    top_logprobs: int = Field(
        default=0,
        ge=0,
        le=1024,
        description="Likeliest tokens fetched at each place, for the teacher's top k; vLLM allows --max-logprobs of them.",
    )
    parallel_requests: int = Field(default=8, ge=1, le=256, description="Responses that are scored at the same time.")
    timeout_seconds: float = Field(default=120.0, gt=0, description="Longest wait for one answer.")
    patience_seconds: float = Field(
        default=300.0,
        ge=0,
        description="How long a server that is down or busy is asked again, with growing pauses, before the run fails.",
    )
    key_variable: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_]*$",
        description="Environment variable of the worker that holds the server's key, one of those that OPDBOARD_TEACHER_KEYS allows "
        "for this address; empty sends none.",
    )

    @model_validator(mode="after")
    def _echo_has_no_ids(self) -> "RemoteTeacher":
        if self.api == "echo" and self.top_logprobs:
            raise ValueError(
                "api 'echo' names the likeliest tokens by their text, which is ambiguous: set top_logprobs to 0, or choose "
                "'prompt_logprobs'"
            )
        return self

    def check(self, objective: Objective) -> None:
        """ValueError where an objective needs more than the server tells."""
        known = self.top_logprobs
        if isinstance(objective, SampledToken):
            return
        if isinstance(objective, TopK) and objective.support == "teacher" and objective.k <= known:
            return
        raise ValueError(
            f"teacher.kind 'remote' tells the log-probabilities of the sampled and of the {known} likeliest tokens, too little "
            f"for objective.kind '{objective.kind}': choose 'sampled_token', or 'top_k' with support 'teacher' and k at most "
            "teacher.top_logprobs"
        )


class OneOfSeveral(Frozen):
    """A teacher among several."""

    model_config = ConfigDict(title="Teacher")
    name: str = Field(min_length=1, max_length=40, description="What rows call it.")
    source: ModelSource = Field(description="The frozen model that scores its examples.")
    weight: float = Field(
        default=1.0, gt=0, description="Its share where teachers are drawn, against the others' weights."
    )


class SeveralTeachers(Frozen):
    """Several models with the student's tokenizer, of which one scores each example; all are kept in memory."""

    model_config = ConfigDict(title="Several models, one per example")
    kind: Literal["several"] = "several"
    route_by: str = Field(
        default="",
        description="Field of each row of the data that names its teacher, such as data_source; empty draws one per example by "
        "weight, the same one in every run.",
    )
    teachers: list[OneOfSeveral] = Field(min_length=2, max_length=8, description="Who there is to choose from.")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [one.name for one in self.teachers]
        if len(set(names)) < len(names):
            raise ValueError(f"each teacher needs a name of its own, not {', '.join(names)}")
        return self


class TrainedTeacher(Frozen):
    """Made first, by a run of its own from the same student, data and seed; this run waits until that one has finished."""

    model_config = ConfigDict(title="Trained first, from this student")
    kind: Literal["trained"] = "trained"
    objective: TeacherFree = Field(default=Grpo(), description="What the teacher's run minimises.")
    optimizer: Optimizer = Field(default=Optimizer(), description="AdamW and its learning rate, of the teacher's run.")
    budget: Budget = Field(default=Budget(), description="How long and how wide the teacher's run is.")


Teacher = Annotated[
    ModelTeacher | PrivilegedTeacher | SeveralTeachers | RemoteTeacher | TrainedTeacher | NoTeacher,
    Field(discriminator="kind"),
]
