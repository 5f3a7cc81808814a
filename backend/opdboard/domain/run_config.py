"""RunConfig: everything that decides what a run computes, checked before anything starts.

The launch form is drawn from this model's JSON schema, so every field carries the sentence a user
reads beside it. Nothing here imports more than pydantic.
"""

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from opdboard.domain import agreement
from opdboard.domain.budget import Budget
from opdboard.domain.cadence import Cadence
from opdboard.domain.data import ArithmeticData, Data
from opdboard.domain.frozen import Frozen
from opdboard.domain.methods import method_of
from opdboard.domain.model_sources import DemoModel, ModelSource, RunModel
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.objectives import FullVocabulary, Objective
from opdboard.domain.optimizer import Adapter, AllWeights, Optimizer
from opdboard.domain.reading import Reading
from opdboard.domain.sampler import OwnSampler, Sampler
from opdboard.domain.scalar_measures import set_key
from opdboard.domain.selection import Selection
from opdboard.domain.strategies import Strategy
from opdboard.domain.strategies.none import NoStrategy
from opdboard.domain.teachers import ModelTeacher, Teacher

Copies = Literal["device", "cpu", "bf16"]

_BASICS = [
    "name",
    "student",
    "teacher",
    "data",
    "strategy",
    "budget.steps",
    "optimizer.learning_rate",
    "budget.batch_size",
    "budget.max_response_tokens",
    "seed",
    "devices",
]
_SECTIONS = [
    {"title": "Basics", "fields": _BASICS},
    {"title": "Optimizer", "fields": ["optimizer"], "folded": True},
    {"title": "Batches, lengths and checkpoints", "fields": ["budget"], "folded": True},
    {"title": "What each side reads", "fields": ["reading"], "folded": True},
    {"title": "Objective and adapter", "fields": ["objective", "adapter"], "folded": True},
    {"title": "Monitoring", "fields": ["monitoring"], "folded": True},
    {"title": "Evaluation sets", "fields": ["evaluation"], "folded": True},
    {"title": "Best state and early stop", "fields": ["selection"], "folded": True},
    {"title": "Device and precision", "fields": ["device", "precision", "copies", "sampler"], "folded": True},
]


class RunConfig(Frozen):
    """One training run."""

    # Sections of the launch form, some of which start folded; a path takes one field out of its object. What none names comes last.
    model_config = ConfigDict(json_schema_extra={"sections": _SECTIONS})  # pyright: ignore[reportArgumentType]

    name: str = Field(default="", max_length=200, description="Shown everywhere; empty makes one from the method.")
    student: ModelSource = Field(default=DemoModel(role="base"), description="The model that is trained.")
    teacher: Teacher = Field(
        default=ModelTeacher(source=DemoModel(role="teacher")),
        description="The frozen model that scores the student's own samples. GRPO, DAPO and SFT need none; one that is "
        "named all the same is compared with at each evaluation.",
    )
    data: Data = Field(default=ArithmeticData(), description="Prompts, their answers, and how an answer is judged.")
    reading: Reading = Field(default=Reading(), description="What student and teacher read before a response.")
    objective: Objective = Field(default=FullVocabulary(), description="What a step minimises.")
    strategy: Strategy = Field(
        default=NoStrategy(), description="What happens to the weights beyond the optimizer's steps."
    )
    optimizer: Optimizer = Field(default=Optimizer(), description="AdamW and its learning rate.")
    adapter: Adapter = Field(default=AllWeights(), description="What is trained of the student.")
    budget: Budget = Field(default=Budget(), description="How long, how wide.")
    monitoring: Monitoring = Field(default=Monitoring(), description="What is measured, and how often.")
    evaluation: Cadence = Field(default=Cadence(), description="Named sets that are scored as training goes.")
    selection: Selection = Field(default=Selection(), description="The best state, and when to stop early.")
    seed: int = Field(default=0, ge=0, lt=2**31, description="Decides data order and every random draw.")
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto takes a GPU where the worker has one."
    )
    devices: int = Field(
        default=1,
        ge=1,
        le=64,
        description="GPUs of one machine (or CPU processes) that share each batch, D_v and the held-out set. Each holds the whole "
        "model, optimizer included (data parallel, not sharded): more are faster, not roomier. micro_batch_size is of each.",
    )
    precision: Literal["float32", "bf16"] = Field(
        default="float32", description="float32, or bf16 autocast with float32 master weights."
    )
    copies: Copies = Field(
        default="device",
        description="How W_0 and the anchor of directions are kept. device: float32 beside the model. cpu: float32 in host memory, "
        "exact, sent over whenever it is measured. bf16: half the room; W_0 stays exact (a matrix that bf16 cannot hold stays "
        "float32), a direction is off by up to 0.4% of the way from W_0 to its anchor.",
    )

    sampler: Sampler = Field(
        default=OwnSampler(), description="Who samples the student's responses, in training, search and evaluation."
    )

    @property
    def method(self) -> str:
        """The name a reader of the paper would give this configuration."""
        return method_of(self.objective, self.strategy)

    @property
    def selection_metrics(self) -> tuple[str, ...]:
        """The held-out measures that tell which state is best: the first of them that is measured does."""
        chosen = self.evaluation.named(self.selection.evaluation_set)
        if chosen is not None:
            return (set_key(chosen.name, f"avg@{chosen.samples}", forgetting=chosen.forgetting),)
        if self.selection.metric != "auto":
            return (self.selection.metric,)
        kl = "eval/reverse_kl_k3" if self.teacher.partial else "eval/reverse_kl"
        return (kl,) if self.objective.needs_teacher else ("eval/accuracy", kl)

    @property
    def longest_response(self) -> int:
        """Tokens of the longest response that the student is asked for, in training or on an evaluation set."""
        return max([self.budget.max_response_tokens, *(one.max_response_tokens for one in self.evaluation.sets)])

    @property
    def sources(self) -> dict[str, ModelSource]:
        """The models that are loaded, by the path of the field that names each."""
        return {"student": self.student} | self.teacher.sources

    @property
    def runs_loaded(self) -> list[tuple[str, RunModel]]:
        """Those that are other runs', each with its relation: 'student' or 'teacher'."""
        return [(path.split(".")[0], source) for path, source in self.sources.items() if isinstance(source, RunModel)]

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        agreement.check_batch(self.optimizer, self.budget, self.objective, self.devices)
        agreement.check_sampler(self.sampler, self.device, self.devices)
        agreement.check_teacher(self.teacher, self.objective, self.budget, self.devices)
        agreement.check_scoring(self.teacher, self.strategy, self.selection)
        agreement.check_sets(self.evaluation, self.selection, self.student)
        agreement.check_moving(self.strategy, self.adapter)
        agreement.check_data(self.data, self.student, self.teacher)
        agreement.check_reading(self.reading, self.data, self.teacher)
        agreement.check_ends(self.reading, self.teacher, self.objective, self.sampler, self.budget)
        return self
