"""A fixed set of examples answered by the student on fixed random numbers and scored against the teacher.

The held-out evaluation and a strategy's validation set D_v are both probes.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from opdboard.domain.run_config import RunConfig
from opdboard_worker.core.losses import TeacherScores, TokenMeasures, measures_only
from opdboard_worker.core.token_loss import token_logp
from opdboard_worker.data.examples import Example
from opdboard_worker.data.prompts import PromptBuilder
from opdboard_worker.data.verifiers import verify
from opdboard_worker.training.policy import Policy, Responses
from opdboard_worker.training.rollout import Rollout, sample, uniforms
from opdboard_worker.training.teacher import Teacher

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answers:
    """A probe's outcome: the rollout, its texts, whether each is right, and per-token measures in responses.token_N order."""

    rollout: Rollout
    texts: list[str]
    correct: list[bool]
    measures: TokenMeasures

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return sum(self.correct) / len(self.correct)

    @property
    def reverse_kl(self) -> float:
        """Mean over tokens, nats per token."""
        return float(self.measures.reverse_kl.mean())

    def reverse_kl_by_example(self) -> Tensor:
        """Mean over each response's tokens (B,), nats per token."""
        responses = self.rollout.responses
        rows = responses.token_BR.shape[0]
        values_N = self.measures.reverse_kl
        total_B = torch.zeros(rows, device=values_N.device).index_add(0, responses.row_N.to(values_N.device), values_N)
        return total_B / self.rollout.lengths_B.to(values_N.device)

    @property
    def tokens(self) -> int:
        """Response tokens."""
        return int(self.rollout.lengths_B.sum())


class Scorer:
    """Student and teacher together: answers prompts with one and scores the answers with the other."""

    def __init__(
        self, config: RunConfig, student: Policy, teacher: Teacher | None, prompts: PromptBuilder, eos: Sequence[int]
    ) -> None:
        """teacher: None for methods without one; prompts: builds what each of the two reads."""
        self.config = config
        self.chunk_tokens = config.objective.chunk_tokens
        self.student = student
        self.teacher = teacher
        self.prompts = prompts
        self._eos = eos

    @property
    def micro_batch_size(self) -> int:
        """Sequences per forward pass."""
        return self.config.budget.micro_batch_size or self.config.budget.batch_size

    @property
    def measures_reverse_kl(self) -> bool:
        """Whether there is a teacher that knows whole distributions."""
        return self.teacher is not None and self.teacher.complete

    @property
    def required_teacher(self) -> Teacher:
        """The teacher of a method that has one."""
        assert self.teacher is not None, "only distillation asks, which is refused without a teacher"
        return self.teacher

    def microbatches(self, rows: slice) -> list[slice]:
        """Rows in parts of at most micro_batch_size."""
        size = self.micro_batch_size
        return [slice(start, min(start + size, rows.stop)) for start in range(rows.start, rows.stop, size)]

    def roll(
        self, examples: Sequence[Example], *key: object, policy: Policy | None = None, privileged: bool = False
    ) -> Rollout:
        """Sampled answers of the student (or another policy), random numbers decided by the run's seed and the key."""
        budget = self.config.budget
        ids = self.prompts.teacher_ids if privileged else self.prompts.student_ids
        return sample(
            policy or self.student,
            [ids(example) for example in examples],
            uniforms(len(examples), budget.max_response_tokens, self.config.seed, *key),
            temperature=budget.temperature,
            eos=self._eos,
            pass_size=budget.rollout_batch_size or self.micro_batch_size,
        )

    def texts(self, rollout: Rollout) -> list[str]:
        """Responses as text, without special tokens."""
        responses = rollout.responses
        lengths = rollout.lengths_B.tolist()
        rows = [tokens[:length] for tokens, length in zip(responses.token_BR.tolist(), lengths, strict=True)]
        return self.prompts.tokenizer.batch_decode(rows, skip_special_tokens=True)

    def verdicts(self, examples: Sequence[Example], texts: Sequence[str]) -> list[bool]:
        """Whether each text answers its example."""
        kind = getattr(self.config.data, "verifier", "exact")
        return [verify(kind, text, example.answer) for example, text in zip(examples, texts, strict=True)]

    def teacher_accuracy(self, examples: Sequence[Example], *key: object) -> float | None:
        """Share that the teacher answers rightly on the same random numbers; None where it cannot be asked to answer."""
        groups: dict[Policy, list[Example]] = {}
        for example in examples:
            policy = None if self.teacher is None else self.teacher.policy_of(example)
            if policy is None:
                return None
            groups.setdefault(policy, []).append(example)
        right = 0
        for policy, group in groups.items():
            rollout = self.roll(group, *key, policy=policy, privileged=True)
            right += sum(self.verdicts(group, self.texts(rollout)))
        return right / len(examples)

    def use_smaller_chunks(self, tokens: int) -> None:
        """From now on: the loss ran out of memory with more."""
        log.warning(
            "out of memory in the loss: going on with chunks of %d tokens; objective.chunk_tokens is %d",
            tokens,
            self.config.objective.chunk_tokens,
        )
        self.chunk_tokens = tokens

    @torch.no_grad()
    def answer(self, examples: Sequence[Example], *key: object) -> Answers:
        """Roll out and score without gradients, in micro-batches."""
        rollout = self.roll(examples, *key)
        parts = [
            self.measures(examples[rows], rollout.responses.rows(rows.start, rows.stop))
            for rows in self.microbatches(slice(0, len(examples)))
        ]
        texts = self.texts(rollout)
        return Answers(rollout, texts, self.verdicts(examples, texts), TokenMeasures.cat(parts))

    @torch.no_grad()
    def teacher_views(self, examples: Sequence[Example], rollout: Rollout) -> list[TeacherScores]:
        """What the teacher makes of a rollout, per micro-batch: kept where several weights are scored on it."""
        return [
            self.required_teacher.scores(examples[rows], rollout.responses.rows(rows.start, rows.stop))
            for rows in self.microbatches(slice(0, len(examples)))
        ]

    @torch.no_grad()
    def rescore(self, examples: Sequence[Example], answers: Answers, views: Sequence[TeacherScores]) -> Answers:
        """The same answers scored by the student's present weights: one forward pass, nothing is sampled or verified."""
        parts = [
            self.measures(examples[rows], answers.rollout.responses.rows(rows.start, rows.stop), view)
            for rows, view in zip(self.microbatches(slice(0, len(examples))), views, strict=True)
        ]
        return replace(answers, measures=TokenMeasures.cat(parts))

    @torch.no_grad()
    def measures(
        self, examples: Sequence[Example], responses: Responses, teacher: TeacherScores | None = None
    ) -> TokenMeasures:
        """Student against teacher on the student's tokens, without gradient; without teacher, the student alone.

        teacher: its scores of these responses, made here if not given.
        """
        hidden_NH, token_N = self.student.hidden(responses), responses.token_N
        if self.teacher is None:
            return TokenMeasures.of_student_alone(*self._logp_and_entropy(hidden_NH, token_N))
        scores = self.teacher.scores(examples, responses) if teacher is None else teacher
        with self.student.autocast():
            return measures_only(
                hidden_NH,
                self.student.head,
                scores,
                token_N,
                chunk_tokens=self.chunk_tokens,
                on_smaller=self.use_smaller_chunks,
            )

    @torch.no_grad()
    def student_logp(self, rollout: Rollout) -> Tensor:
        """log pi(y_t) (N,) of the student's present weights on a rollout's tokens."""
        parts = []
        for rows in self.microbatches(slice(0, rollout.responses.token_BR.shape[0])):
            responses = rollout.responses.rows(rows.start, rows.stop)
            parts.append(self._logp_and_entropy(self.student.hidden(responses), responses.token_N)[0])
        return torch.cat(parts)

    def _logp_and_entropy(self, hidden_NH: Tensor, token_N: Tensor) -> tuple[Tensor, Tensor]:
        with self.student.autocast():
            return token_logp(
                hidden_NH,
                self.student.head,
                token_N,
                chunk_tokens=self.chunk_tokens,
                on_smaller=self.use_smaller_chunks,
            )
