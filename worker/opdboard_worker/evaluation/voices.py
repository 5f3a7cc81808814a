"""Whose answers are asked for: a run's student at its base weights and at checkpoints, and its teachers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from opdboard.domain.errors import BadInput, ModelProblem
from opdboard.domain.evaluation import Evaluate
from opdboard.domain.objectives import FullVocabulary
from opdboard.domain.optimizer import AllWeights
from opdboard.domain.run_config import RunConfig
from opdboard.domain.teachers import ModelTeacher, NoTeacher, SeveralTeachers
from opdboard.settings import Settings
from opdboard_worker.analysis.subject import Subject, check_base
from opdboard_worker.checksums import check_weights
from opdboard_worker.core.interventions import whole_norm
from opdboard_worker.data.answered import check_read_by
from opdboard_worker.evaluation.ready import ReadySet, ready_set
from opdboard_worker.evaluation.scoring import Answerer
from opdboard_worker.models.loading import LoadedModel, load, weights_like
from opdboard_worker.models.matrices import matrices_of
from opdboard_worker.models.pair import eos_token_ids
from opdboard_worker.training.agreement import tried_policy
from opdboard_worker.training.assembly import device_of, fitting_examples, load_weights
from opdboard_worker.training.policy import Policy
from opdboard_worker.training.ranks import Alone
from opdboard_worker.training.reading import prompt_builder
from opdboard_worker.training.teaching import teacher_and_reference

BASE, TEACHER, CHECKPOINT = "base", "teacher", "checkpoint"


@dataclass(frozen=True)
class Voice:
    """One set of weights. x: the step of a checkpoint; speak: puts the weights in place; sets: as it reads them."""

    family: str
    x: float | None
    label: str
    speak: Callable[[], Answerer]
    sets: Sequence[ReadySet]


class Pair:
    """A run's student and, where they are wanted, its teachers, in the memory that the run itself needs at least."""

    def __init__(self, subject: Subject, asked: Evaluate, device: str, settings: Settings) -> None:
        """Reads models and sets; BadInput and its kin say what does not fit."""
        # Nothing is minimised here: no reference model is made, and LoRA's checkpoints hold whole weights.
        objective = FullVocabulary(chunk_tokens=subject.config.objective.chunk_tokens)
        changes = {"objective": objective, "adapter": AllWeights(), "device": device}
        self._config = subject.config.model_copy(update=changes)
        self._subject = subject
        self._asked = asked
        self._settings = settings
        self.device = device_of(self._config, Alone())
        loaded = load(self._config.student, settings=settings, run_folder=subject.run_folder)
        prompts = prompt_builder(self._config, loaded, settings, subject.run_folder, subject.launched)
        self._train, _, _ = fitting_examples(self._config, prompts, settings.root)
        self.sets = self._read(loaded, self._config)
        self._of_teachers = {name: self._read(loaded, config) for name, config in self._teachers().items()}
        for sets in self._of_teachers.values():
            check_read_by(self._config.teacher, [example for one in sets for example in one.examples])
        longest = max(
            [one.longest() for one in self.sets]
            + [one.longest(as_teacher=True) for sets in self._of_teachers.values() for one in sets]
        )
        ends = eos_token_ids(loaded, self._config.reading.student.end_tokens)
        # What ends a text is one event in training where the run says so, and it is here: a teacher's end tokens may be needed.
        heard = asked.teacher or self._config.reading.ends == "map"
        room = self._config.budget.model_copy(update={"max_response_tokens": longest})
        config = self._config.model_copy(
            update={"budget": room, "teacher": self._config.teacher if heard else NoTeacher()}
        )
        teaching = teacher_and_reference(
            config, loaded, ends, prompts, self.device, settings, subject.run_folder, examples=()
        )
        loaded.model.requires_grad_(False)
        self._student = tried_policy(loaded, self.device, self._config.precision, longest)
        self._student.vocabulary, self._student.ends = teaching.vocabulary, ends
        self._models: Mapping[str, Policy] = teaching.teacher.models if asked.teacher and teaching.teacher else {}

    def voices(self) -> list[Voice]:
        """Base, teachers, then checkpoints from the first on: weights are put into one model, one after the other."""
        steps = sorted(self._asked.steps)
        if steps:
            self._check_base(steps[-1])
        found = [Voice(BASE, 0.0, "base weights", self._as_it_is, self.sets)] if self._asked.base else []
        for name, policy in self._models.items():
            label = f"teacher: {policy.label}" if len(self._models) == 1 else f"teacher {name}: {policy.label}"
            found.append(Voice(TEACHER, None, label, lambda policy=policy: self._of(policy), self._of_teachers[name]))
        for step in steps:
            speak = lambda step=step: self._at(step)  # noqa: E731
            found.append(Voice(CHECKPOINT, float(step), f"checkpoint of step {step}", speak, self.sets))
        return found

    def _read(self, student: LoadedModel, config: RunConfig) -> list[ReadySet]:
        subject = self._subject
        return [
            ready_set(
                one, config, student, self._settings, subject.run_folder,
                trained_on=self._train, launched=subject.launched,
            )
            for one in self._asked.sets
        ]  # fmt: skip

    def _teachers(self) -> dict[str, RunConfig]:
        """The run as it would be with one of the teachers alone, by their names: each reads through its own template."""
        teacher = self._config.teacher
        if not self._asked.teacher:
            return {}
        if isinstance(teacher, SeveralTeachers):
            alone = {one.name: ModelTeacher(source=one.source) for one in teacher.teachers}
            return {name: self._config.model_copy(update={"teacher": one}) for name, one in alone.items()}
        if not teacher.scores or not teacher.loaded:
            raise BadInput(
                f"teacher.kind '{teacher.kind}' cannot be asked to answer; evaluate without the teacher",
                where="teacher",
            )
        return {"teacher": self._config}

    def _as_it_is(self) -> Answerer:
        return Answerer.of(self._student, self._student.ends)

    def _at(self, step: int) -> Answerer:
        load_weights(self._student, self._folder(step))
        return self._as_it_is()

    def _of(self, teacher: Policy) -> Answerer:
        return Answerer.of(teacher, [*self._student.ends, *teacher.ends], as_teacher=True)

    def _folder(self, step: int) -> Path:
        folder = self._subject.checkpoints.get(step)
        if folder is None or not folder.exists():
            raise ModelProblem(f"the checkpoint of step {step} is no longer on disk", where=f"step {step}")
        check_weights(folder)
        return folder

    def _check_base(self, step: int) -> None:
        live = dict(self._student.model.named_parameters())
        stored = weights_like(self._student.model, self._folder(step))
        matrices = matrices_of(self._student.model)
        update = {name: stored[name].to(live[name].device).float() - live[name].float() for name in matrices}
        check_base(step, whole_norm(update), self._subject.norms.get(step))
