"""A named set made ready: its prompts in a fixed order, as the student and the teacher read them."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from opdboard.domain.budget import Budget
from opdboard.domain.data import Data, RowData
from opdboard.domain.errors import DataProblem
from opdboard.domain.evaluation import EvaluationSet
from opdboard.domain.run_config import RunConfig
from opdboard.model_roots import place
from opdboard.settings import Settings
from opdboard_worker.data.answered import check_judged
from opdboard_worker.data.examples import Example, in_fixed_order, load_examples, load_held_out
from opdboard_worker.data.prompts import PromptBuilder
from opdboard_worker.models.limits import check_length
from opdboard_worker.models.loading import LoadedModel, RunFolder
from opdboard_worker.training.reading import prompt_builder

_OTHER_SUMS = 1
"""Seed of generated sums: those of a run are drawn from 0, and nearly all of these are not among them."""


_TOLD_AND_JUDGED = ("instruction", "instruction_place", "verifier", "verifier_pattern")


@dataclass(frozen=True)
class ReadySet:
    """The prompts of a set. trained_on and too_long: how many were left out, of those that could have been taken.

    judge: digest of the Python file that judges answers, empty where none does.
    """

    asked: EvaluationSet
    examples: Sequence[Example]
    prompts: PromptBuilder
    trained_on: int
    too_long: int
    judge: str = ""

    def longest(self, *, as_teacher: bool = False) -> int:
        """Tokens of the longest prompt and answer together, as the student reads, or the teacher."""
        return self.prompts.longest(self.examples, teacher=as_teacher) + self.asked.max_response_tokens

    @property
    def fingerprint(self) -> str:
        """Of the prompts, how they are told, and how answers are judged, in order: what two sets of weights must have answered alike."""
        told = [self._how, [(one.id, one.before, one.prompt, one.prefix, one.answer) for one in self.examples]]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    @property
    def keys(self) -> list[str]:
        """Of each prompt, in order: the same wherever the same is asked, told and judged in the same way."""
        told = ([self._how, one.before, one.prompt, one.prefix, one.answer] for one in self.examples)
        return [hashlib.blake2b(json.dumps(one).encode(), digest_size=8).hexdigest() for one in told]

    @property
    def _how(self) -> list[str]:
        return [*(getattr(self.asked.data, name, "") for name in _TOLD_AND_JUDGED), self.judge]

    def pass_size(self, budget: Budget, *, as_teacher: bool = False) -> int:
        """Answers sampled at a time: as many as the run samples, or fewer where these are longer than the run's can be."""
        planned = budget.rollout_batch_size or budget.micro_batch_size or budget.batch_size
        room = planned * (budget.max_prompt_tokens + budget.max_response_tokens)
        return max(1, min(planned, room // self.longest(as_teacher=as_teacher)))


def ready_set(
    asked: EvaluationSet,
    config: RunConfig,
    student: LoadedModel,
    settings: Settings,
    run_folder: RunFolder,
    *,
    trained_on: Collection[Example] = (),
    launched: datetime | None = None,
) -> ReadySet:
    """Read the set's data and find its prompts; BadInput and its kin say what does not fit.

    config: of the run whose weights are scored, which tells how prompts are read and how long they may be. trained_on: the
    examples that it trains on. Longer prompts and those that are trained on are left out, and prompts that come twice are
    asked once.
    """
    prompts = prompt_builder(config.model_copy(update={"data": asked.data}), student, settings, run_folder, launched)
    rows = load_held_out(asked.data, settings.root) or load_examples(asked.data, settings.root, seed=_OTHER_SUMS)
    check_judged(asked.data, rows)
    different = list({one.asked: one for one in reversed(in_fixed_order(rows))}.values())[::-1]
    known = {one.asked for one in trained_on}
    unknown = [one for one in different if one.asked not in known]
    limit = config.budget.max_prompt_tokens
    taken: list[Example] = []
    too_long = 0
    for example in unknown:
        if len(taken) == asked.prompts:
            break
        if len(prompts.student_ids(example)) > limit:
            too_long += 1
        else:
            taken.append(example)
    if not taken:
        raise DataProblem(
            f"of the set {asked.name!r} no prompt is left: of {len(different)} the run trains on {len(different) - len(unknown)}, "
            f"and {too_long} are longer than budget.max_prompt_tokens ({limit}); name other data",
            where=f"sets.{asked.name}",
        )
    prompts.check(taken)
    check_length(student, prompts.longest(taken), asked.max_response_tokens, "student")
    return ReadySet(asked, taken, prompts, len(different) - len(unknown), too_long, _judge(asked.data))


def _judge(data: Data) -> str:
    if not isinstance(data, RowData) or data.verifier != "python":
        return ""
    return hashlib.sha256(place(data.verifier_file).read_bytes()).hexdigest()
