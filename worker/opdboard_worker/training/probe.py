"""A fixed set of examples answered by the student on fixed random numbers and scored against the teacher.

The held-out evaluation and a strategy's validation set D_v are both probes.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from opdboard.domain.run_config import RunConfig
from opdboard_worker.core.losses import measures_only
from opdboard_worker.core.teachers import Head, TeacherScores
from opdboard_worker.core.temperature import TemperedTeacher, tempered
from opdboard_worker.core.token_loss import token_logp
from opdboard_worker.core.token_measures import TokenMeasures
from opdboard_worker.data.examples import Example
from opdboard_worker.data.judging import judged
from opdboard_worker.data.prompts import PromptBuilder
from opdboard_worker.training.policy import Policy, Responses
from opdboard_worker.training.ranks import Ranks, share, shared_out, total
from opdboard_worker.training.rollout import Rollout, joined, sample, token_places, uniforms
from opdboard_worker.training.samplers.sampler import Sampler
from opdboard_worker.training.teacher import Teacher

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answers:
    """A probe's outcome: the rollout, its texts, and per-token measures in responses.token_N order.

    correct: whether each is right, None where the data has no answer to judge it by.
    """

    rollout: Rollout
    texts: list[str]
    correct: list[bool | None]
    measures: TokenMeasures

    @property
    def judged(self) -> list[bool]:
        """The verdicts there are."""
        return [verdict for verdict in self.correct if verdict is not None]

    @property
    def accuracy(self) -> float | None:
        """Share of right answers among those that are judged; None where none is."""
        return sum(self.judged) / len(self.judged) if self.judged else None

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


@dataclass(frozen=True)
class TeacherAnswers:
    """How good a teacher's own answers are, and what they cost."""

    accuracy: float
    tokens: int


class Scorer:
    """Student and teacher together: answers prompts with one and scores the answers with the other."""

    def __init__(
        self,
        config: RunConfig,
        student: Policy,
        teacher: Teacher | None,
        prompts: PromptBuilder,
        eos: Sequence[int],
        ranks: Ranks,
        sampler: Sampler | None = None,
    ) -> None:
        """teacher: None for methods without one; prompts: builds what each of the two reads; ranks: share the work.

        eos: what ends a response, the token for given answers first. sampler: answers for the student; it itself, if not given.
        """
        self.config = config
        self.chunk_tokens = config.objective.chunk_tokens
        self.student = student
        self.teacher = teacher
        self.prompts = prompts
        self.ranks = ranks
        self.sampler = sampler or partial(sample, student)
        self.ends = eos

    @property
    def end(self) -> int:
        """The token that a given answer ends with; of an event, the one that stands for it."""
        return self.ends[0]

    def head(self, policy: Policy) -> Head:
        """Logits of the distribution that a policy samples from: at budget.temperature."""
        return tempered(policy.head, self.config.budget.temperature)

    def teacher_scores(self, examples: Sequence[Example], responses: Responses) -> TeacherScores:
        """The teacher's, at the student's temperature."""
        scores, temperature = self.required_teacher.scores(examples, responses), self.config.budget.temperature
        return scores if temperature == 1.0 else TemperedTeacher(scores, temperature)

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
        self,
        examples: Sequence[Example],
        *key: object,
        places: Sequence[int] | None = None,
        policy: Policy | None = None,
        privileged: bool = False,
    ) -> Rollout:
        """Sampled answers of the student (or another policy), random numbers decided by the run's seed and the key.

        They end at the student's end tokens, another policy's also at its own.
        places: which of the examples are answered; all, if not given. Each keeps the numbers of its own place.
        """
        budget = self.config.budget
        ids = self.prompts.teacher_ids if privileged else self.prompts.student_ids
        answered = list(range(len(examples)) if places is None else places)
        sampler = self.sampler if policy is None else partial(sample, policy)
        return sampler(
            [ids(examples[place]) for place in answered],
            uniforms(len(examples), budget.max_response_tokens, self.config.seed, *key)[answered],
            temperature=budget.temperature,
            eos=self.ends if policy is None else [*self.ends, *policy.ends],
            pass_size=budget.rollout_batch_size or self.micro_batch_size,
        )

    def texts(self, rollout: Rollout) -> list[str]:
        """Responses as text, without special tokens and without the token that ended them."""
        return self.prompts.texts(rollout.written())

    def verdicts(self, examples: Sequence[Example], texts: Sequence[str]) -> list[bool | None]:
        """Whether each text answers its example; None where no answer is known."""
        return judged(self.config.data, examples, texts)

    def teacher_answers(self, examples: Sequence[Example], *key: object) -> TeacherAnswers | None:
        """The teacher's on the same random numbers, of the examples whose answer is known.

        None where there is no such example, or the teacher cannot be asked to answer.
        """
        groups: dict[Policy, list[Example]] = {}
        known = [example for example in examples if example.answer is not None]
        for example in known:
            policy = None if self.teacher is None else self.teacher.policy_of(example)
            if policy is None:
                return None
            groups.setdefault(policy, []).append(example)
        right = tokens = 0
        for policy, group in groups.items():
            mine = share(self.ranks, len(group))
            rollout = self.roll(group, *key, places=mine, policy=policy, privileged=True)
            right += sum(map(bool, self.verdicts([group[place] for place in mine], self.texts(rollout))))
            tokens += int(rollout.lengths_B.sum())
        return TeacherAnswers(total(self.ranks, right) / len(known), int(total(self.ranks, tokens))) if known else None

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
        """Roll out and score without gradients, each rank its share of the examples; all ranks know all answers."""
        mine = share(self.ranks, len(examples))
        asked = [examples[place] for place in mine]
        rollout = self.roll(examples, *key, places=mine)
        texts = self.texts(rollout)
        correct = self.verdicts(asked, texts)
        measures = [self.measures(*part) for part in self._parts(asked, rollout)]
        if self.ranks.size > 1:
            order = shared_out(self.ranks, len(examples))
            back = sorted(range(len(order)), key=order.__getitem__)
            of_all = self.ranks.gather((rollout.to("cpu"), texts, correct))
            rollout = joined([part for part, _, _ in of_all]).take(back).to(self.student.device)
            told = [pair for _, said, right in of_all for pair in zip(said, right, strict=True)]
            texts, correct = (list(column) for column in zip(*(told[place] for place in back), strict=True))
        return Answers(rollout, texts, correct, self._of_all(measures, rollout))

    @torch.no_grad()
    def teacher_views(self, examples: Sequence[Example], rollout: Rollout) -> list[TeacherScores]:
        """What the teacher makes of this rank's share of a rollout: kept where several weights are scored on it."""
        return [self.teacher_scores(*part) for part in self._parts(*self._share_of(examples, rollout))]

    @torch.no_grad()
    def rescore(self, examples: Sequence[Example], answers: Answers, views: Sequence[TeacherScores]) -> Answers:
        """The same answers scored by the student's present weights: one forward pass, nothing is sampled or verified."""
        parts = self._parts(*self._share_of(examples, answers.rollout))
        measures = [self.measures(*part, view) for part, view in zip(parts, views, strict=True)]
        return replace(answers, measures=self._of_all(measures, answers.rollout))

    def _share_of(self, examples: Sequence[Example], rollout: Rollout) -> tuple[list[Example], Rollout]:
        mine = share(self.ranks, len(examples))
        return [examples[place] for place in mine], rollout.take(mine)

    def _parts(self, examples: Sequence[Example], rollout: Rollout) -> Iterator[tuple[list[Example], Responses]]:
        """Micro-batches of like lengths, which hold the least padding."""
        by_length = rollout.rows_by_length()
        for rows in self.microbatches(slice(0, len(by_length))):
            together = by_length[rows]
            yield [examples[row] for row in together], rollout.responses.of_rows(together)

    def _of_all(self, parts: Sequence[TokenMeasures], rollout: Rollout) -> TokenMeasures:
        """Measures of a whole rollout's tokens, from those that each rank has made, part by part, of its share."""
        device, ranks = self.student.device, self.ranks
        made = TokenMeasures.cat([*parts, TokenMeasures.empty(0, device)])
        if ranks.size > 1:
            made = TokenMeasures.cat([one.to(device) for one in ranks.gather(made.to("cpu"))])
        order: list[int] = []
        for rank in range(ranks.size):
            places = share(ranks, len(rollout.ended_B), of=rank)
            order += [places[row] for row in rollout.take(places).rows_by_length()]
        return made.at(token_places(order, rollout.lengths_B).to(device))

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
        scores = self.teacher_scores(examples, responses) if teacher is None else teacher
        with self.student.autocast():
            return measures_only(
                hidden_NH,
                self.head(self.student),
                scores,
                token_N,
                chunk_tokens=self.chunk_tokens,
                on_smaller=self.use_smaller_chunks,
            )

    @torch.no_grad()
    def student_logp(self, examples: Sequence[Example], rollout: Rollout) -> Tensor:
        """log pi(y_t) (N,) of the student's present weights on a rollout's tokens, at the temperature that sampled."""
        parts = [
            TokenMeasures.of_student_alone(
                *self._logp_and_entropy(self.student.hidden(responses), responses.token_N),
            )
            for _, responses in self._parts(*self._share_of(examples, rollout))
        ]
        return self._of_all(parts, rollout).student_logprob

    def _logp_and_entropy(self, hidden_NH: Tensor, token_N: Tensor) -> tuple[Tensor, Tensor]:
        with self.student.autocast():
            return token_logp(
                hidden_NH,
                self.head(self.student),
                token_N,
                chunk_tokens=self.chunk_tokens,
                on_smaller=self.use_smaller_chunks,
            )
