"""The evaluation sets of a run while it trains: read before its first step, scored when they are due.

Every set of weights, of every run and of the analysis `evaluate`, answers a prompt with the same random numbers: scores
are compared prompt by prompt, with those of the base and across runs.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from opdboard.domain.check import SetRead
from opdboard.domain.errors import BadInput, DataProblem
from opdboard.domain.evaluation import MOST_SETS
from opdboard.domain.records import VariantRecord
from opdboard.domain.run_config import RunConfig
from opdboard.domain.scalar_measures import set_key
from opdboard.settings import Settings
from opdboard_worker.data.examples import Example
from opdboard_worker.evaluation.ready import ReadySet, ready_set
from opdboard_worker.evaluation.records import variant
from opdboard_worker.evaluation.scoring import Answerer, SetScores, score_in_parts
from opdboard_worker.models.loading import LoadedModel, RunFolder
from opdboard_worker.training.ranks import Ranks

SEED = 0
"""Of all answers, whatever the run's seed; the default of the analysis, too."""


class Scoreboard:
    """Scores the student, as it stands when asked, on every set."""

    def __init__(self, config: RunConfig, sets: Sequence[ReadySet], answerer: Answerer, ranks: Ranks) -> None:
        """answerer: the student; ranks: share the prompts."""
        self._config = config
        self._sets = sets
        self._answerer = answerer
        self._ranks = ranks

    def due(self, step: int, *, last: bool) -> bool:
        """Whether the sets are scored at the step."""
        return bool(self._sets) and (last or step % self._config.evaluation.every == 0)

    def scores(
        self, step: int, base: dict[str, Any], at_work: Callable[[], None]
    ) -> Iterator[tuple[VariantRecord, dict[str, float]]]:
        """Set after set: its record, and the scalars of domain.measures.set_key.

        at_work: called whenever some answers are done. base: what the base weights scored, which those of step 0 are noted in: it goes with the run's progress into checkpoints.
        """
        for place, ready in enumerate(self._sets):
            found = self._scored(ready, at_work)
            name = ready.asked.name
            if step == 0:
                base[name] = {"fingerprint": ready.fingerprint} | {
                    "scores": {measure: score_N.tolist() for measure, score_N in found.per_prompt().items()}
                }
            known = base.get(name, {})
            of_base = known["scores"] if step and known.get("fingerprint") == ready.fingerprint else None
            label = f"step {step}" if step else "base weights"
            family = "checkpoint" if step else "base"
            record = variant(step * MOST_SETS + place + 1, family, float(step), label, found, of_base)
            if step == 0:
                record.details["keys"] = ready.keys
                record.details["unjudged"] = [at for at, one in enumerate(ready.examples) if one.answer is None]
            yield record, _scalars(ready, record)

    def _scored(self, ready: ReadySet, at_work: Callable[[], None]) -> SetScores:
        parts = score_in_parts(ready, self._answerer, seed=SEED, pass_size=self._pass_size(ready), ranks=self._ranks)
        while True:
            try:
                next(parts)
            except StopIteration as done:
                return done.value
            at_work()

    def _pass_size(self, ready: ReadySet) -> int:
        """An engine of its own is given the weights once for every call, and shares its memory out by itself."""
        if self._config.sampler.copy_bytes:
            return len(ready.examples) * ready.asked.samples
        return ready.pass_size(self._config.budget)


def ready_sets(
    config: RunConfig,
    student: LoadedModel,
    settings: Settings,
    run_folder: RunFolder,
    trained_on: Sequence[Example],
    launched: datetime | None,
) -> list[ReadySet]:
    """Those of config.evaluation, in its order; BadInput and its kin name the set."""
    found: list[ReadySet] = []
    for place, asked in enumerate(config.evaluation.sets):
        try:
            found.append(
                ready_set(asked, config, student, settings, run_folder, trained_on=trained_on, launched=launched)
            )
        except BadInput as problem:
            where, own = problem.where or "", f"evaluation.sets.{place}"
            if where == "data" or where.startswith("data."):
                where = f"{own}.{where}"
            elif where.startswith("sets."):
                where = f"{own}.data"
            raise type(problem)(f"evaluation set {asked.name!r}: {problem.detail}", where=where or own) from problem
    best = config.selection.evaluation_set
    if any(one.asked.name == best and all(row.answer is None for row in one.examples) for one in found):
        raise DataProblem(
            f"no prompt of the evaluation set {best!r} has an answer, so that it can tell no best state: choose another, or empty it",
            where="selection.evaluation_set",
        )
    return found


def sets_read(sets: Sequence[ReadySet]) -> list[SetRead]:
    """What a check tells of them."""
    return [
        SetRead(
            name=one.asked.name,
            forgetting=one.asked.forgetting,
            prompts=len(one.examples),
            judged=sum(example.answer is not None for example in one.examples),
            samples=one.asked.samples,
            temperature=one.asked.temperature,
            max_response_tokens=one.asked.max_response_tokens,
            trained_on=one.trained_on,
            too_long=one.too_long,
        )
        for one in sets
    ]


def _scalars(ready: ReadySet, record: VariantRecord) -> dict[str, float]:
    asked = ready.asked
    n = asked.samples
    counted = {"avg": f"avg@{n}", "maj": f"maj@{n}"}
    # pass@1 is avg@n, and with one answer the majority is the answer.
    told = [one for one in record.scores if one.measure != "pass@1" and (n > 1 or one.measure != "maj")]
    return {
        set_key(asked.name, counted.get(one.measure, one.measure), forgetting=asked.forgetting): one.score.value
        for one in told
    }
