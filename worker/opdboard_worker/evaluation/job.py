"""The evaluation of a run's weights as a job: one set of weights on one set of prompts after the other, each stored at once."""

import logging
from collections.abc import Iterator

from opdboard.db import analyses
from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.domain.errors import DataProblem
from opdboard.domain.evaluation import Evaluate
from opdboard.domain.provenance import Provenance
from opdboard.domain.records import Batch, VariantRecord
from opdboard_worker.analysis.job import Job
from opdboard_worker.analysis.subject import subject_of
from opdboard_worker.evaluation.ready import ReadySet
from opdboard_worker.evaluation.records import PerPrompt, variant
from opdboard_worker.evaluation.scoring import score_in_parts
from opdboard_worker.evaluation.voices import BASE, Pair
from opdboard_worker.models.provenance import files_read, software
from opdboard_worker.process import Attempt

log = logging.getLogger(__name__)


def evaluate_job(attempt: Attempt, config: AnalysisConfig) -> Job:
    """A step per set of weights and set of prompts, in `Pair.voices`' order, from 1."""
    asked = Evaluate.model_validate(config.parameters)
    subject = subject_of(attempt, config.run_id)
    pair = Pair(subject, asked, config.device, attempt.settings)
    voices = pair.voices()
    with attempt.database.read() as session:
        stored = [analyses.record_of(row) for row in analyses.variants_of(session, attempt.run_id)]
    files = {path: digest for one in asked.sets for path, digest in files_read(one.data, attempt.settings.root).items()}

    def steps(after: int) -> Iterator[Batch | None]:
        base = {one.details["set"]: one for one in stored if one.family == BASE}
        for place, voice in enumerate(voices):
            first = place * len(voice.sets) + 1
            if first + len(voice.sets) <= after + 1:
                continue
            answerer = voice.speak()
            for index, ready in enumerate(voice.sets, first):
                if index <= after:
                    continue
                pass_size = ready.pass_size(subject.config.budget, as_teacher=answerer.as_teacher)
                scores = yield from score_in_parts(ready, answerer, seed=asked.seed, pass_size=pass_size)
                of_base = _scores_of_base(ready, base.get(ready.asked.name))
                record = variant(index, voice.family, voice.x, voice.label, scores, of_base)
                if voice.family == BASE:
                    base[ready.asked.name] = record
                _tell(record, len(voices) * len(voice.sets))
                yield Batch(step=index, at=0.0, variants=[record])

    total = sum(len(voice.sets) for voice in voices)
    return Job(steps, total, device=str(pair.device), made_with=Provenance(software=software(), models={}, files=files))


def _scores_of_base(ready: ReadySet, base: VariantRecord | None) -> PerPrompt | None:
    """None where the base has not answered the set."""
    if base is None:
        return None
    if base.details["fingerprint"] != ready.fingerprint:
        raise DataProblem(
            f"the prompts of the set {ready.asked.name!r} are others than those that the base weights have answered: its data have "
            "changed since; ask for the evaluation anew",
            where=f"sets.{ready.asked.name}",
        )
    return {one.measure: one.per_prompt for one in base.scores}


def _tell(record: VariantRecord, total: int) -> None:
    told = [f"{one.measure} {one.score.value:.4g}" for one in record.scores]
    log.info("%d/%d  %s on %s  %s", record.index, total, record.label, record.details["set"], "  ".join(told))
