"""Which settings of a run fit together. Each check takes what it is about, and its ValueError names the fields to change."""

from collections.abc import Iterable

from opdboard.domain.budget import Budget
from opdboard.domain.cadence import Cadence
from opdboard.domain.data import ArithmeticData, Data
from opdboard.domain.model_sources import DemoModel, FolderModel, ModelSource, RunModel
from opdboard.domain.objectives import OBJECTIVES, Objective, ObjectiveSettings
from opdboard.domain.optimizer import Adapter, Lora, Optimizer
from opdboard.domain.reading import Reading, TeacherReading
from opdboard.domain.sampler import Sampler
from opdboard.domain.selection import Selection
from opdboard.domain.strategies import STRATEGIES, Strategy
from opdboard.domain.teachers import ModelTeacher, NoTeacher, RemoteTeacher, Teacher, TrainedTeacher


def check_batch(optimizer: Optimizer, budget: Budget, objective: Objective, devices: int) -> None:
    """Steps and batches: the warm-up ends, and a batch can be cut as it is asked to be."""
    if optimizer.warmup_steps >= budget.steps:
        raise ValueError(
            f"optimizer.warmup_steps ({optimizer.warmup_steps}) must be below budget.steps ({budget.steps})"
        )
    micro = budget.micro_batch_size
    if micro is not None and micro > budget.batch_size:
        raise ValueError(f"budget.micro_batch_size ({micro}) must not exceed budget.batch_size ({budget.batch_size})")
    group, updates = objective.responses_per_prompt, objective.updates_per_step
    prompts = budget.batch_size // group
    if devices > max(1, prompts):
        raise ValueError(f"devices ({devices}) must not exceed the prompts of a step ({prompts}): each needs its own")
    if budget.batch_size % (group * updates):
        raise ValueError(
            f"budget.batch_size ({budget.batch_size}) must be a multiple of objective.group_size x "
            f"objective.updates_per_batch ({group} x {updates} = {group * updates})"
        )


def check_sampler(sampler: Sampler, device: str, devices: int) -> None:
    """What samples has the device that it needs."""
    if sampler.one_gpu and (devices > 1 or device == "cpu"):
        raise ValueError(f"sampler.kind '{sampler.kind}' needs device 'cuda' or 'auto', and devices 1")


def check_teacher(teacher: Teacher, objective: Objective, budget: Budget, devices: int) -> None:
    """The teacher tells what the objective learns from; one that is trained first can be."""
    if objective.needs_teacher and not teacher.scores:
        raise ValueError(
            f"teacher.kind '{teacher.kind}' leaves objective.kind '{objective.kind}' nobody to learn from: name a teacher, "
            f"or choose {_either(_quoted(one) for one in OBJECTIVES if not one.needs_teacher)}"
        )
    if teacher.partial:
        if budget.temperature != 1.0:
            raise ValueError(
                f"budget.temperature is {budget.temperature:g}, but teacher.kind '{teacher.kind}' tells its log-probabilities at 1, "
                "and a few of them do not tell the others: set it to 1, or load the teacher"
            )
        known = getattr(teacher, "top_logprobs", 0)
        if not objective.learns_from(known):
            raise ValueError(
                f"teacher.kind '{teacher.kind}' tells the log-probabilities of the sampled and of the {known} likeliest tokens, too "
                f"little for objective.kind '{objective.kind}': choose {_either(one.from_a_part for one in OBJECTIVES)}"
            )
    if isinstance(teacher, TrainedTeacher):
        try:
            check_batch(teacher.optimizer, teacher.budget, teacher.objective, devices)
        except ValueError as error:
            raise ValueError(f"of the teacher's run: {error}") from None


def check_scoring(teacher: Teacher, strategy: Strategy, selection: Selection) -> None:
    """The teacher tells what candidates and states are scored by."""
    alone = not teacher.scores
    if strategy.needs_teacher and (alone or teacher.partial):
        lack = (
            "a teacher: name one to compare with,"
            if alone
            else f"the teacher, for which teacher.kind '{teacher.kind}' tells too little:"
        )
        raise ValueError(
            f"strategy.kind '{strategy.kind}' with these settings scores by the KL to {lack} "
            f"{'or ' if alone else ''}choose {_either(one.without_teacher for one in STRATEGIES.values())}"
        )
    if selection.metric == "eval/reverse_kl":
        if alone:
            raise ValueError("selection.metric 'eval/reverse_kl' needs a teacher: choose 'eval/accuracy', or name one")
        if teacher.partial:
            raise ValueError(
                f"teacher.kind '{teacher.kind}' tells too little for selection.metric 'eval/reverse_kl': choose 'auto' (an estimate of "
                "it) or 'eval/accuracy'"
            )


def check_sets(evaluation: Cadence, selection: Selection, student: ModelSource) -> None:
    """The student can read every set, and the one that tells the best state is there."""
    for place, one in enumerate(evaluation.sets):
        check_readable(one.data, student, f"evaluation.sets.{place}.data")
    if not selection.evaluation_set:
        return
    if evaluation.named(selection.evaluation_set) is None:
        names = _either(f"'{one.name}'" for one in evaluation.sets)
        raise ValueError(
            f"selection.evaluation_set '{selection.evaluation_set}' is none of evaluation.sets: "
            f"{f'choose {names}, or empty it' if names else 'there are none; add one, or empty it'}"
        )
    if selection.metric != "auto":
        raise ValueError(
            f"selection.metric '{selection.metric}' and selection.evaluation_set exclude one another: set the one to 'auto', or "
            "empty the other"
        )


def check_readable(data: Data, student: ModelSource, where: str) -> None:
    """The student can read a set's data. where: the path of their field."""
    if not _can_read(student, data):
        raise ValueError(
            f"{where}.kind '{data.kind}' does not go with student.kind '{student.kind}': the demo models know only sums, and "
            "nobody else is asked for them"
        )


def check_moving(strategy: Strategy, adapter: Adapter) -> None:
    """A strategy moves nothing that is not trained."""
    if isinstance(adapter, Lora) and strategy.moves != "matrices":
        raise ValueError("strategy.parameters must be 'matrices' with adapter.kind 'lora': nothing else is trained")


def check_data(data: Data, student: ModelSource, teacher: Teacher) -> None:
    """The models can read the data, and the data have what the teacher wants."""
    on_demo_data = isinstance(data, ArithmeticData)
    if not _can_read(student, data):
        raise ValueError(
            "data.kind 'arithmetic' and student.kind 'demo' belong together: the demo models know only sums"
        )
    if teacher.routed_by and on_demo_data:
        raise ValueError("teacher.route_by must be empty with data.kind 'arithmetic': generated sums name no teacher")
    if teacher.reads is not None and on_demo_data:
        raise ValueError(
            f"teacher.kind '{teacher.kind}' needs a model that can read a solution; arithmetic data has none"
        )


def check_reading(reading: Reading, data: Data, teacher: Teacher) -> None:
    """Each side can have the template that it is to read through, and nothing is set that nobody would read."""
    student, own = reading.student.template, reading.teacher.template
    if isinstance(teacher, NoTeacher) and (reading.teacher != TeacherReading() or reading.ends == "map"):
        raise ValueError(
            f"reading.{'teacher' if reading.ends == 'leave' else 'ends'} has no effect with teacher.kind 'none': leave it as it was, "
            "or choose a teacher"
        )
    if isinstance(data, ArithmeticData):
        if student == "teacher" or own == "own" or reading.system_prompt:
            raise ValueError(
                "reading.student.template is of no use with data.kind 'arithmetic': sums are read as they are, without template "
                "and system prompt; leave the fields of reading as they were"
            )
        return
    if student == "teacher" and not isinstance(teacher, ModelTeacher):
        raise ValueError(
            f"reading.student.template 'teacher' needs one loaded teacher with a tokenizer of its own, not teacher.kind '{teacher.kind}': "
            "choose 'own' or 'plain'"
        )
    if own == "own" and isinstance(teacher, RemoteTeacher):
        raise ValueError(
            "reading.teacher.template 'own' needs the teacher's tokenizer, which teacher.kind 'remote' does not give: choose "
            "'student' or 'plain', or load the teacher"
        )
    if own != "own" and reading.teacher.template_arguments:
        raise ValueError(
            f"reading.teacher.template_arguments has no effect with reading.teacher.template '{own}': empty it, or choose 'own'"
        )
    if student == "plain" and reading.student.template_arguments:
        raise ValueError(
            "reading.student.template_arguments has no effect with reading.student.template 'plain': empty it, or choose 'own'"
        )


def check_ends(reading: Reading, teacher: Teacher, objective: Objective, sampler: Sampler, budget: Budget) -> None:
    """End tokens that are counted as one can be, by whoever scores and whoever samples."""
    if reading.ends != "map":
        return
    if isinstance(teacher, RemoteTeacher):
        if not reading.teacher.end_tokens:
            raise ValueError(
                "reading.ends 'map' needs reading.teacher.end_tokens with teacher.kind 'remote': a server does not tell them"
            )
        if not objective.learns_from(0):
            raise ValueError(
                f"reading.ends 'map' sums what the teacher gives to every end token, which teacher.kind 'remote' tells of the sampled "
                f"token alone, too little for objective.kind '{objective.kind}': choose 'sampled_token', or load the teacher"
            )
    if sampler.copy_bytes and budget.temperature != 1.0:
        raise ValueError(
            f"budget.temperature is {budget.temperature:g}, at which sampler.kind '{sampler.kind}' cannot sample what reading.ends "
            "'map' makes one event: set it to 1, or choose sampler.kind 'own'"
        )


def _can_read(student: ModelSource, data: Data) -> bool:
    """As far as is known before anything is loaded: another run's model, or one in a folder, may be a demo model."""
    on_demo_data = isinstance(data, ArithmeticData)
    return on_demo_data == isinstance(student, DemoModel) or isinstance(student, RunModel | FolderModel)


def _quoted(objective: type[ObjectiveSettings]) -> str:
    return f"'{objective.model_fields['kind'].default}'"


def _either(choices: Iterable[str]) -> str:
    return ", or ".join(filter(None, choices))
