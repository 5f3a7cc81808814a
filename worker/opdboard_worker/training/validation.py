"""The candidates W_t + factor D of one look, scored on the validation set D_v by a live student.

Two ways: on answers that each candidate samples itself (what it will be judged by; EffOPD's), or all on the answers of
W_t (one forward pass each and no decoding, and the same contexts for all, so that differences carry hardly any noise).
"""

import time
from collections.abc import Mapping, Sequence

import torch

from opdboard_worker.core.extrapolation import Line, Validation, move_
from opdboard_worker.core.teachers import TeacherScores
from opdboard_worker.core.token_measures import k3
from opdboard_worker.data.examples import Example
from opdboard_worker.training.probe import Answers, Scorer


class Candidates:
    """One look's validations. The student stands at the last candidate that was scored, or at W_t."""

    def __init__(
        self,
        scorer: Scorer,
        examples: Sequence[Example],
        moving: Mapping[str, torch.nn.Parameter],
        step: int,
        *,
        common: bool,
    ) -> None:
        """examples: D_v; common: the same random numbers for all candidates at all steps, else drawn anew for each."""
        self._scorer = scorer
        self._examples = examples
        self._moving = moving
        self._step = step
        self._common = common
        self._answers: Answers | None = None
        self._views: list[TeacherScores] = []

    def start(self) -> Validation:
        """W_t, where the student must stand, on its own answers."""
        began = time.perf_counter()
        self._answers = self._answer(0.0)
        return self._validation(self._answers, 0.0, began)

    def sampled(self, line: Line, factor: float) -> Validation:
        """A candidate on its own answers; kl_to_start is KL(candidate || W_t), k3 estimate."""
        began = time.perf_counter()
        move_(self._moving, line.start, line.direction, factor)
        if factor == 0:
            return self.start()
        answers = self._answer(factor)
        move_(self._moving, line.start, line.direction, 0.0)
        start_logp_N = self._scorer.student_logp(self._examples, answers.rollout)
        kl_to_start = float(
            k3(answers.measures.student_logprob, start_logp_N.to(answers.measures.student_logprob)).mean()
        )
        return self._validation(answers, kl_to_start, began)

    def on_start_answers(self, line: Line, factor: float) -> Validation:
        """A candidate on the answers of W_t, which was scored first; kl_to_start is KL(W_t || candidate), k3 estimate."""
        began = time.perf_counter()
        if factor == 0:
            move_(self._moving, line.start, line.direction, 0.0)
            return self.start()
        if self._answers is None:
            raise RuntimeError("W_t must be scored before its candidates")
        if not self._views:
            self._views = self._scorer.teacher_views(self._examples, self._answers.rollout)
        move_(self._moving, line.start, line.direction, factor)
        answers = self._scorer.rescore(self._examples, self._answers, self._views)
        start_logp_N = self._answers.measures.student_logprob
        return self._validation(answers, float(k3(start_logp_N, answers.measures.student_logprob).mean()), began)

    def _answer(self, factor: float) -> Answers:
        return self._scorer.answer(self._examples, "validation", *(() if self._common else (self._step, factor)))

    def _validation(self, answers: Answers, kl_to_start: float, began: float) -> Validation:
        return Validation(
            accuracy_N=torch.tensor(answers.judged, dtype=torch.float64) if answers.judged else None,
            negative_reverse_kl_N=None
            if not self._scorer.measures_reverse_kl
            else -answers.reverse_kl_by_example().double().cpu(),
            kl_to_start=kl_to_start,
            tokens=answers.tokens,
            seconds=time.perf_counter() - began,
            length_N=answers.rollout.lengths_B.cpu(),
        )
