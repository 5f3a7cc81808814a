"""On-policy distillation as a Learner: one response to each prompt, every token compared with the teacher's.

Student, teacher and reference are the distributions at budget.temperature, which the student samples from.
"""

from collections.abc import Sequence

import torch
from typing_extensions import override

from opdboard.domain import objectives as configured
from opdboard.domain.objectives import ObjectiveSettings
from opdboard_worker.core.losses import distillation_loss
from opdboard_worker.core.objectives import FullVocabulary, JensenShannon, Objective, SampledToken, TopK
from opdboard_worker.core.teachers import WholeTeacher
from opdboard_worker.core.token_measures import TokenMeasures
from opdboard_worker.data.examples import Example, batch_indices
from opdboard_worker.training import reporting
from opdboard_worker.training.objectives.learner import Experience, Learner, learns
from opdboard_worker.training.policy import Policy, Responses
from opdboard_worker.training.probe import Scorer
from opdboard_worker.training.ranks import share, total


class Distillation(Learner):
    """The student answers, the teacher scores (02, OPD)."""

    def __init__(
        self, objective: Objective, scorer: Scorer, train: Sequence[Example], reference: Policy | None
    ) -> None:
        """objective: the loss; the others: see `learns`."""
        self._objective = objective
        self._scorer = scorer
        self._ranks = scorer.ranks
        self._train = train
        self._reference = reference

    @override
    def gather(self, step: int, cursor: int) -> Experience:
        config = self._scorer.config
        indices = batch_indices(step, config.budget.batch_size, len(self._train), config.seed)
        batch = [self._train[index] for index in indices]
        mine = share(self._ranks, len(batch))
        rollout = self._scorer.roll(batch, "rollout", step, places=mine)
        # Micro-batches of like lengths hold the least padding.
        by_length = rollout.rows_by_length()
        examples = [batch[mine[row]] for row in by_length]
        sampled = int(total(self._ranks, int(rollout.lengths_B.sum())))
        return Experience(examples, rollout.take(by_length), sampled, cursor, [slice(0, len(examples))])

    @override
    def backward(self, experience: Experience, rows: slice) -> tuple[float, dict[str, float]]:
        scorer, student = self._scorer, self._scorer.student
        rollout = experience.rollout
        tokens = total(self._ranks, int(rollout.lengths_B[rows].sum()))
        loss_sum = 0.0
        totals_F2 = TokenMeasures.empty(0, student.device).totals()
        for part in scorer.microbatches(rows):
            responses = rollout.responses.rows(part.start, part.stop)
            teacher = scorer.teacher_scores(experience.examples[part], responses)
            reference = self._reference_scores(responses)
            student_hidden = student.hidden(responses)
            with student.autocast():
                loss, measured = distillation_loss(
                    self._objective,
                    student_hidden,
                    scorer.head(student),
                    teacher,
                    responses.token_N,
                    torch.full((len(responses.token_N),), 1.0 / tokens, device=student.device),
                    reference=reference,
                    sampler_logp_N=rollout.sampler_logp_BR[part][rollout.responses.mask_BR[part]],
                    chunk_tokens=scorer.chunk_tokens,
                    on_smaller=scorer.use_smaller_chunks,
                )
            loss.backward()
            loss_sum += float(loss.detach())
            totals_F2 += measured.totals()
        self._ranks.add_([totals_F2])
        means = TokenMeasures.means_of(totals_F2)
        return total(self._ranks, loss_sum), reporting.token_scalars(means, complete=scorer.measures_reverse_kl)

    @override
    def describe(self, experience: Experience) -> dict[str, float]:
        texts = self._scorer.texts(experience.rollout)
        verdicts = self._scorer.verdicts(experience.examples, texts)
        facts = reporting.facts_of(experience.rollout, texts, verdicts)
        return reporting.rollout_scalars(self._ranks.gather(facts))

    def _reference_scores(self, responses: Responses) -> WholeTeacher | None:
        if self._reference is None:
            return None
        with torch.no_grad():
            return WholeTeacher(self._reference.hidden(responses), self._scorer.head(self._reference))


_LOSSES: dict[type[ObjectiveSettings], type[Objective]] = {
    configured.FullVocabulary: FullVocabulary,
    configured.SampledToken: SampledToken,
    configured.TopK: TopK,
    configured.JensenShannon: JensenShannon,
}


@learns(*_LOSSES)
def distillation(
    settings: ObjectiveSettings, scorer: Scorer, train: Sequence[Example], reference: Policy | None
) -> Distillation:
    """By the loss of the same name, whose parameters are the settings."""
    loss = _LOSSES[type(settings)](**settings.model_dump(exclude={"kind", "chunk_tokens"}))
    return Distillation(loss, scorer, train, reference)
