"""RunConfig: everything that decides what a run computes, checked before anything starts.

The launch form is drawn from this model's JSON schema, so every field carries the sentence a user
reads beside it. Nothing here imports more than pydantic.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, ValidationError, model_validator

from opdboard.domain.frozen import Frozen
from opdboard.domain.model_sources import DemoModel, FolderModel, ModelSource, RunModel
from opdboard.domain.objectives import (
    Distillation,
    FullVocabulary,
    Grpo,
    Objective,
    Reinforcement,
    TeacherFree,
    prompts_per_step,
)
from opdboard.domain.sampler import OwnSampler, Sampler, VllmSampler
from opdboard.domain.selection import Selection
from opdboard.domain.strategies import EffOPD as EffOPD
from opdboard.domain.strategies import NoStrategy, Strategy, needs_teacher
from opdboard.domain.teachers import RemoteTeacher, SeveralTeachers

# --- who scores --------------------------------------------------------------------------------


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


# --- data --------------------------------------------------------------------------------------


class ArithmeticData(Frozen):
    """Generated sums 'ddd+ddd=' whose answer is the reversed sum; the demo models know these characters only."""

    model_config = ConfigDict(title="Generated arithmetic (demo)")
    kind: Literal["arithmetic"] = "arithmetic"
    digits: int = Field(default=3, ge=1, le=3, description="Digits of each summand.")


class FileData(Frozen):
    """Prompts from a JSONL or Parquet file."""

    model_config = ConfigDict(title="JSONL or Parquet file")
    kind: Literal["file"] = "file"
    path: str = Field(
        min_length=1,
        description="A .jsonl or .parquet file on the worker; each row has prompt (or problem) and answer.",
    )
    prompt_format: Literal["chat", "plain"] = Field(
        default="chat", description="chat wraps each prompt in the tokenizer's chat template, plain uses it as it is."
    )
    instruction: str = Field(
        default="Reason briefly, then give the final answer within \\boxed{}.",
        description="Appended to every prompt; may be empty.",
    )
    verifier: Literal["math", "exact"] = Field(
        default="math", description="How an answer is judged: mathematical equality (math-verify) or exact text match."
    )


Data = Annotated[ArithmeticData | FileData, Field(discriminator="kind")]


# --- method ------------------------------------------------------------------------------------


class Optimizer(Frozen):
    """AdamW and its learning rate."""

    learning_rate: float = Field(default=1e-6, gt=0, le=1, description="Peak learning rate; the paper uses 1e-6.")
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


class Budget(Frozen):
    """How long, how wide."""

    steps: int = Field(default=64, ge=1, description="Optimizer steps.")
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


Copies = Literal["device", "cpu", "bf16"]


class Monitoring(Frozen):
    """What is measured, and how often."""

    evaluate_every: int = Field(
        default=4, ge=1, description="Steps between held-out evaluations (also at step 0 and at the end)."
    )
    held_out_size: int = Field(
        default=64, ge=1, description="Held-out prompts, never trained on, with fixed random numbers."
    )
    modules_every: int = Field(default=1, ge=1, description="Steps between per-module norms.")
    spectral_every: int = Field(
        default=16, ge=1, description="Steps between spectral measures and subspaces, besides the powers of two."
    )
    subspace_rank: int = Field(
        default=20, ge=1, le=32, description="Leading singular directions kept per module (the paper's k)."
    )
    samples_count: int = Field(
        default=4, ge=0, le=64, description="Held-out responses stored at each evaluation, with their per-token KL."
    )


_SECTIONS = [
    {"title": "Model and teacher", "fields": ["student", "teacher"]},
    {"title": "Data", "fields": ["data"]},
    {"title": "Objective", "fields": ["objective"]},
    {"title": "Strategy", "fields": ["strategy"]},
    {"title": "Optimizer", "fields": ["adapter", "optimizer"]},
    {"title": "Budget", "fields": ["budget"]},
    {"title": "Monitoring", "fields": ["monitoring"]},
    {"title": "Best state and early stop", "fields": ["selection"]},
    {"title": "Run", "fields": ["name", "seed", "device", "devices", "precision", "copies", "sampler"]},
]


class RunConfig(Frozen):
    """One training run."""

    # Sections of the launch form; a field that none of them names comes last.
    model_config = ConfigDict(json_schema_extra={"sections": _SECTIONS})  # pyright: ignore[reportArgumentType]

    name: str = Field(default="", max_length=200, description="Shown everywhere; empty makes one from the method.")
    student: ModelSource = Field(default=DemoModel(role="base"), description="The model that is trained.")
    teacher: Teacher = Field(
        default=ModelTeacher(source=DemoModel(role="teacher")),
        description="The frozen model that scores the student's own samples. GRPO, DAPO and SFT need none; one that is "
        "named all the same is compared with at each evaluation.",
    )
    data: Data = Field(default=ArithmeticData(), description="Prompts, their answers, and how an answer is judged.")
    objective: Objective = Field(default=FullVocabulary(), description="What a step minimises.")
    strategy: Strategy = Field(
        default=NoStrategy(), description="What happens to the weights beyond the optimizer's steps."
    )
    optimizer: Optimizer = Field(default=Optimizer(), description="AdamW and its learning rate.")
    adapter: Adapter = Field(default=AllWeights(), description="What is trained of the student.")
    budget: Budget = Field(default=Budget(), description="How long, how wide.")
    monitoring: Monitoring = Field(default=Monitoring(), description="What is measured, and how often.")
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
        base = "opd" if isinstance(self.objective, Distillation) else self.objective.kind
        if isinstance(self.strategy, NoStrategy):
            return base
        return self.strategy.kind if base == "opd" else f"{base}-{self.strategy.kind}"

    @property
    def selection_metric(self) -> str:
        """The held-out measure that tells which state is best."""
        if self.selection.metric != "auto":
            return self.selection.metric
        if not isinstance(self.objective, Distillation):
            return "eval/accuracy"
        return "eval/reverse_kl_k3" if isinstance(self.teacher, RemoteTeacher) else "eval/reverse_kl"

    @model_validator(mode="after")
    def _fields_agree(self) -> "RunConfig":
        if self.optimizer.warmup_steps >= self.budget.steps:
            raise ValueError(
                f"optimizer.warmup_steps ({self.optimizer.warmup_steps}) must be below budget.steps ({self.budget.steps})"
            )
        micro = self.budget.micro_batch_size
        if micro is not None and micro > self.budget.batch_size:
            raise ValueError(
                f"budget.micro_batch_size ({micro}) must not exceed budget.batch_size ({self.budget.batch_size})"
            )
        prompts = prompts_per_step(self.objective, self.budget.batch_size)
        if self.devices > max(1, prompts):
            raise ValueError(
                f"devices ({self.devices}) must not exceed the prompts of a step ({prompts}): each needs its own"
            )
        if isinstance(self.sampler, VllmSampler) and (self.devices > 1 or self.device == "cpu"):
            raise ValueError("sampler.kind 'vllm' needs device 'cuda' or 'auto', and devices 1")
        self._objective_fits()
        on_demo_data = isinstance(self.data, ArithmeticData)
        if on_demo_data != isinstance(self.student, DemoModel) and not isinstance(self.student, RunModel | FolderModel):
            raise ValueError(
                "data.kind 'arithmetic' and student.kind 'demo' belong together: the demo models know only sums"
            )
        if isinstance(self.teacher, SeveralTeachers) and self.teacher.route_by and on_demo_data:
            raise ValueError(
                "teacher.route_by must be empty with data.kind 'arithmetic': generated sums name no teacher"
            )
        if isinstance(self.teacher, PrivilegedTeacher) and on_demo_data:
            raise ValueError(
                "teacher.kind 'privileged' needs a model that can read a solution; arithmetic data has none"
            )
        return self

    @model_validator(mode="after")
    def _teacher_run_is_valid(self) -> "RunConfig":
        if isinstance(self.teacher, TrainedTeacher):
            try:
                RunConfig(
                    teacher=NoTeacher(),
                    objective=self.teacher.objective,
                    optimizer=self.teacher.optimizer,
                    budget=self.teacher.budget,
                    devices=self.devices,
                )
            except ValidationError as error:
                told = "; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors())
                raise ValueError(f"of the teacher's run: {told}") from None
        return self

    def _objective_fits(self) -> None:
        """Of teacher, strategy and batch with the objective; ValueError names the fields."""
        objective, budget = self.objective, self.budget
        alone = isinstance(self.teacher, NoTeacher)
        if alone and isinstance(objective, Distillation):
            raise ValueError(
                f"teacher.kind 'none' leaves objective.kind '{objective.kind}' nobody to learn from: name a teacher, "
                "or choose 'grpo', 'dapo' or 'sft'"
            )
        if alone and needs_teacher(self.strategy):
            raise ValueError(
                f"strategy.kind '{self.strategy.kind}' with these settings scores by the KL to a teacher: name one to compare "
                "with, or choose 'none', or 'effopd' with strategy.score 'accuracy'"
            )
        if isinstance(self.adapter, Lora) and getattr(self.strategy, "parameters", "matrices") != "matrices":
            raise ValueError("strategy.parameters must be 'matrices' with adapter.kind 'lora': nothing else is trained")
        if alone and self.selection.metric == "eval/reverse_kl":
            raise ValueError("selection.metric 'eval/reverse_kl' needs a teacher: choose 'eval/accuracy', or name one")
        if isinstance(self.teacher, RemoteTeacher):
            if budget.temperature != 1.0:
                raise ValueError(
                    f"budget.temperature is {budget.temperature:g}, but teacher.kind 'remote' tells its log-probabilities at 1, and a few "
                    "of them do not tell the others: set it to 1, or load the teacher"
                )
            if isinstance(objective, Distillation):
                self.teacher.check(objective)
            if needs_teacher(self.strategy):
                raise ValueError(
                    f"strategy.kind '{self.strategy.kind}' with these settings scores by the KL to the teacher, for which "
                    "teacher.kind 'remote' tells too little: choose 'none', or 'effopd' with strategy.score 'accuracy'"
                )
            if self.selection.metric == "eval/reverse_kl":
                raise ValueError(
                    "teacher.kind 'remote' tells too little for selection.metric 'eval/reverse_kl': choose 'auto' (an estimate of "
                    "it) or 'eval/accuracy'"
                )
        if isinstance(objective, Reinforcement):
            unit = objective.group_size * objective.updates_per_batch
            if budget.batch_size % unit:
                raise ValueError(
                    f"budget.batch_size ({budget.batch_size}) must be a multiple of objective.group_size x "
                    f"objective.updates_per_batch ({objective.group_size} x {objective.updates_per_batch} = {unit})"
                )
