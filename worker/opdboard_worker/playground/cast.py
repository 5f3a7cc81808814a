"""The weights that answer, each a model of its own, loaded when they are first asked and kept while they fit into memory.

A copy per voice is what lets voices answer at the same time and lets each judge what the others say. All are float32 (or
under the run's autocast), as the run itself was: a candidate is then bit for bit the one that was tried.
"""

import gc
import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import psutil
import torch

from opdboard.domain.errors import ModelProblem, OpdboardError, OutOfMemory
from opdboard.domain.model_sources import RunModel
from opdboard.domain.objectives import FullVocabulary
from opdboard.domain.optimizer import AllWeights
from opdboard.domain.playground import Voice
from opdboard.domain.run_config import RunConfig
from opdboard.settings import Settings
from opdboard_worker.data.examples import Example
from opdboard_worker.data.prompts import PromptBuilder
from opdboard_worker.models.limits import positions_of
from opdboard_worker.models.loading import LoadedModel, RunFolder, load
from opdboard_worker.models.pair import eos_token_ids, vocabulary_of
from opdboard_worker.training.agreement import tried_policy
from opdboard_worker.training.assembly import device_of, fitting_examples
from opdboard_worker.training.policy import Policy
from opdboard_worker.training.ranks import Alone
from opdboard_worker.training.reading import prompt_builder
from opdboard_worker.training.teacher import Teacher
from opdboard_worker.training.teaching import teacher_and_reference

TRIED_LENGTH = 4096
"""Tokens up to which a model's windows are gone beyond when it is tried."""
_SPARE = 1.1
"""Times the size of a copy that must be free before another is loaded."""
OUT_OF_MEMORY = "ask fewer voices, or open the playground on a machine with more"

log = logging.getLogger(__name__)


@dataclass
class Cast:
    """A run's base, its teacher if there is one, what both read, and the voices that have been asked so far."""

    run_id: str
    config: RunConfig
    base: Policy
    prompts: PromptBuilder
    held_out: list[Example]
    no_held_out: str
    teacher: Teacher | None
    no_teacher: str
    _load: "_Loader"
    _kept: dict[Voice, Policy] = field(default_factory=dict)

    def policy(self, voice: Voice, example: Example, wanted: Collection[Voice]) -> Policy:
        """What answers an example for the voice. Raises OpdboardError with a sentence where it cannot be asked.

        wanted: voices that must stay in memory; the others go where that makes room.
        """
        if voice.kind == "base":
            return self.base
        if voice.kind == "teacher":
            return self.teacher_policy(example)
        if voice not in self._kept:
            try:
                self._kept[voice] = self._made(voice)
            except (torch.OutOfMemoryError, MemoryError, OutOfMemory):
                unwanted = [one for one in self._kept if one not in wanted]
                if not unwanted:
                    raise
                log.info("letting go of %d voices that nobody asks now", len(unwanted))
                for one in unwanted:
                    del self._kept[one]
                _collect()
                self._kept[voice] = self._made(voice)
        return self._kept[voice]

    def teacher_policy(self, example: Example) -> Policy:
        """The teacher of the example. ModelProblem says why it cannot answer."""
        if self.teacher is None:
            raise ModelProblem(self.no_teacher, where="teacher")
        policy = self.teacher.policy_of(example)
        if policy is None:
            raise ModelProblem(
                "the teacher is behind a server, which is asked for scores alone: it cannot answer here",
                where="teacher",
            )
        return policy

    def ends_of(self, voice: Voice, policy: Policy) -> list[int]:
        """Tokens that end an answer: the student's, and a teacher's own too."""
        return [*self.base.ends, *(policy.ends if voice.kind == "teacher" else ())]

    def _made(self, voice: Voice) -> Policy:
        _check_room(self.base)
        loaded = self._load(RunModel(run_id=self.run_id, step=voice.step, factor=voice.factor))
        loaded.model.requires_grad_(False)
        policy = Policy(loaded, self.base.device, self.config.precision)
        policy.vocabulary, policy.ends, policy.cached = self.base.vocabulary, self.base.ends, self.base.cached
        return policy


@dataclass(frozen=True)
class _Loader:
    settings: Settings
    run_folder: RunFolder

    def __call__(self, source: RunModel) -> LoadedModel:
        return load(source, settings=self.settings, run_folder=self.run_folder)


def make_cast(
    run_id: str, config: RunConfig, device: str, settings: Settings, run_folder: RunFolder, launched: datetime
) -> Cast:
    """Base, prompts and teacher of a run's configuration, BadInput and its kin where the base cannot be had.

    Without its teacher or its data the others can still be talked to, and why is told. launched: see PromptBuilder.
    """
    # Nothing is minimised here: no reference model is made, and LoRA's checkpoints hold whole weights.
    objective = FullVocabulary(chunk_tokens=config.objective.chunk_tokens)
    config = config.model_copy(update={"objective": objective, "adapter": AllWeights(), "device": device})
    where = device_of(config, Alone())
    loaded = load(config.student, settings=settings, run_folder=run_folder)
    loaded.model.requires_grad_(False)
    prompts = prompt_builder(config, loaded, settings, run_folder, launched)
    ends = eos_token_ids(loaded, config.reading.student.end_tokens)
    held_out, no_held_out = _held_out(config, prompts, settings)
    base = tried_policy(
        loaded, where, config.precision, min(positions_of(loaded.model.config) or TRIED_LENGTH, TRIED_LENGTH)
    )
    vocabulary, teacher, no_teacher = vocabulary_of(loaded), None, "this run has no teacher"
    try:
        teaching = teacher_and_reference(config, loaded, ends, prompts, where, settings, run_folder, held_out)
        vocabulary, teacher = teaching.vocabulary, teaching.teacher
    except (torch.OutOfMemoryError, MemoryError):
        no_teacher = "memory does not suffice for the teacher beside the student"
        _collect()
    except OpdboardError as problem:
        no_teacher = f"the teacher cannot be used: {problem.detail}"
    if teacher is None:
        log.warning("%s", no_teacher)
    base.vocabulary, base.ends = vocabulary, ends
    load_more = _Loader(settings, run_folder)
    return Cast(run_id, config, base, prompts, held_out, no_held_out, teacher, no_teacher, load_more)


def estimator_of(cast: Cast) -> Literal["reverse_kl", "k3", ""]:
    """See domain.playground.About.kl."""
    if cast.teacher is None:
        return ""
    return "reverse_kl" if cast.teacher.complete else "k3"


def _held_out(config: RunConfig, prompts: PromptBuilder, settings: Settings) -> tuple[list[Example], str]:
    try:
        return fitting_examples(config, prompts, settings.root)[1], ""
    except OpdboardError as problem:
        return [], f"the held-out prompts cannot be read: {problem.detail}"


def _check_room(like: Policy) -> None:
    """OutOfMemory where the host has no room for another copy: Linux would end the process without a word."""
    size = sum(one.numel() * one.element_size() for one in like.model.parameters())
    if psutil.virtual_memory().available < _SPARE * size:
        raise OutOfMemory(
            f"memory does not suffice for another copy of the model ({size / 2**30:.1f} GiB); {OUT_OF_MEMORY}"
        )


def _collect() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
