"""Who scores the student's samples. Part of RunConfig."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from typing_extensions import override

from opdboard.domain.budget import Budget
from opdboard.domain.frozen import Frozen
from opdboard.domain.model_sources import DemoModel, FolderModel, GgufModel, HubModel, ModelSource, RunModel
from opdboard.domain.objectives import Grpo, TeacherFree
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.patterns import ADDRESS, VARIABLE


class TeacherSettings(Frozen):
    """A teacher's settings, and what is known of it before anything is loaded."""

    scores: ClassVar[bool] = True
    """Whether anybody does."""
    partial: ClassVar[bool] = False
    """Whether it tells only a part of its distribution."""
    loaded: ClassVar[bool] = True
    """Whether it is held in the memory of each device."""

    kind: Any  # a Literal of its own in each

    @property
    def label(self) -> str:
        """What rows call it; empty where nobody scores."""
        return ""

    @property
    def sources(self) -> dict[str, ModelSource]:
        """The models that it is made of, by the path of the field that names each; the student's own is none of them."""
        return {}

    @property
    def reads(self) -> str | None:
        """Its prompt, with {prompt} and {solution} to be filled in; None where it reads what the student reads."""
        return getattr(self, "context", None)

    @property
    def routed_by(self) -> str:
        """Field of each row of the data that names who scores it; empty where none does."""
        return getattr(self, "route_by", "")

    def starts_as(self, student: ModelSource) -> bool:
        """Whether its weights are those that this student starts with."""
        return False


class ModelTeacher(TeacherSettings):
    """Another model with the same tokenizer."""

    model_config = ConfigDict(title="Another model")
    kind: Literal["model"] = "model"
    source: ModelSource = Field(description="The frozen model that scores the student's tokens.")

    @property
    @override
    def label(self) -> str:
        return self.source.label

    @property
    @override
    def sources(self) -> dict[str, ModelSource]:
        return {"teacher.source": self.source}

    @override
    def starts_as(self, student: ModelSource) -> bool:
        return self.source == student


class PrivilegedTeacher(TeacherSettings):
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

    @property
    @override
    def label(self) -> str:
        return "itself, knowing the answer"

    @override
    def starts_as(self, student: ModelSource) -> bool:
        return True


class NoTeacher(TeacherSettings):
    """Nobody scores; for methods that learn from rewards or worked answers."""

    model_config = ConfigDict(title="None (GRPO, DAPO, SFT)")
    scores = loaded = False
    kind: Literal["none"] = "none"


class NoWeights(Frozen):
    """Nothing is compared."""

    model_config = ConfigDict(title="None named")
    kind: Literal["none"] = "none"


class RemoteTeacher(TeacherSettings):
    """A model behind an OpenAI-compatible server that returns log-probabilities of a prompt; only its scores are fetched."""

    model_config = ConfigDict(title="A server (vLLM, SGLang)")
    partial, loaded = True, False
    kind: Literal["remote"] = "remote"
    url: str = Field(pattern=ADDRESS, description="Base address, for example http://gpu1:8000/v1.")
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
        pattern=VARIABLE,
        description="Environment variable of the worker that holds the server's key, one of those that OPDBOARD_TEACHER_KEYS allows "
        "for this address; empty sends none.",
    )
    weights: Annotated[
        NoWeights | DemoModel | FolderModel | HubModel | RunModel | GgufModel, Field(discriminator="kind")
    ] = Field(
        default=NoWeights(),
        description="The same weights where a worker can load them: before the first step they score what the server scores, and the "
        "check tells how far apart the two are. Training does without them.",
    )

    @model_validator(mode="after")
    def _echo_has_no_ids(self) -> "RemoteTeacher":
        if self.api == "echo" and self.top_logprobs:
            raise ValueError(
                "api 'echo' names the likeliest tokens by their text, which is ambiguous: set top_logprobs to 0, or choose "
                "'prompt_logprobs'"
            )
        return self

    @property
    @override
    def label(self) -> str:
        return f"{self.model} (remote)"

    @property
    @override
    def sources(self) -> dict[str, ModelSource]:
        return {} if isinstance(self.weights, NoWeights) else {"teacher.weights": self.weights}


class OneOfSeveral(Frozen):
    """A teacher among several."""

    model_config = ConfigDict(title="Teacher")
    name: str = Field(min_length=1, max_length=40, description="What rows call it.")
    source: ModelSource = Field(description="The frozen model that scores its examples.")
    weight: float = Field(
        default=1.0, gt=0, description="Its share where teachers are drawn, against the others' weights."
    )


class SeveralTeachers(TeacherSettings):
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

    @property
    @override
    def label(self) -> str:
        return ", ".join(one.name for one in self.teachers)

    @property
    @override
    def sources(self) -> dict[str, ModelSource]:
        return {f"teacher.teachers.{place}.source": one.source for place, one in enumerate(self.teachers)}


class TrainedTeacher(TeacherSettings):
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
