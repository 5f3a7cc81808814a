"""Supervised training as a Learner: cross-entropy on the data's worked answers. It makes base models."""

from collections.abc import Sequence

import torch
from typing_extensions import override

from opdboard.domain.objectives import Sft
from opdboard_worker.core.token_loss import token_loss
from opdboard_worker.data.examples import Example, batch_indices
from opdboard_worker.training import reporting
from opdboard_worker.training.objectives.learner import Experience, Learner, learns
from opdboard_worker.training.probe import Scorer
from opdboard_worker.training.ranks import share, total
from opdboard_worker.training.rollout import given


@learns(Sft)
class Supervised(Learner):
    """The worked solution, or the answer where there is none, with the end token behind it."""

    def __init__(self, _settings: Sft, scorer: Scorer, train: Sequence[Example], _reference: None) -> None:
        self._scorer = scorer
        self._ranks = scorer.ranks
        self._train = train

    @override
    def gather(self, step: int, cursor: int) -> Experience:
        """Nothing is sampled, the data's answers are the responses; cut at budget.max_response_tokens."""
        config, prompts = self._scorer.config, self._scorer.prompts
        indices = batch_indices(step, config.budget.batch_size, len(self._train), config.seed)
        examples = [self._train[indices[place]] for place in share(self._ranks, len(indices))]
        rollout = given(
            self._scorer.student,
            [prompts.student_ids(example) for example in examples],
            [prompts.solution_ids(example, self._scorer.end) for example in examples],
            config.budget.max_response_tokens,
        )
        read = int(total(self._ranks, int(rollout.lengths_B.sum())))
        return Experience(examples, rollout, read, cursor, [slice(0, len(examples))])

    @override
    def backward(self, experience: Experience, rows: slice) -> tuple[float, dict[str, float]]:
        """The mean over all tokens of the batch."""
        student, rollout = self._scorer.student, experience.rollout
        tokens = total(self._ranks, int(rollout.lengths_B[rows].sum()))
        loss_sum = entropy_sum = 0.0
        for part in self._scorer.microbatches(rows):
            responses = rollout.responses.rows(part.start, part.stop)
            hidden_NH = student.hidden(responses)
            with student.autocast():
                loss, _, entropy_N = token_loss(
                    hidden_NH,
                    student.head,
                    responses.token_N,
                    torch.full((len(responses.token_N),), 1.0 / tokens, device=student.device),
                    lambda logp_n, _: (-logp_n, -torch.ones_like(logp_n)),
                    chunk_tokens=self._scorer.chunk_tokens,
                    on_smaller=self._scorer.use_smaller_chunks,
                )
            loss.backward()
            loss_sum += float(loss.detach())
            entropy_sum += float(entropy_N.double().sum())
        return total(self._ranks, loss_sum), {"entropy_student": total(self._ranks, entropy_sum) / tokens}

    @override
    def describe(self, experience: Experience) -> dict[str, float]:
        """Lengths of the answers learnt from."""
        return reporting.length_scalars(self._ranks.gather(reporting.facts_of(experience.rollout)))
