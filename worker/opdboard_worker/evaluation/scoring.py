"""One set of weights scored on one named set: n answers to each prompt, judged and counted.

The random numbers of an answer are decided by the seed, its prompt and its number alone (docs/decisions/0002), so that two
sets of weights that answer the same set are compared prompt by prompt, and it does not matter what else is answered.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from opdboard_worker.core.attempts import avg_at_n, pass_at_k
from opdboard_worker.data.judging import judged, majority_right
from opdboard_worker.evaluation.ready import ReadySet
from opdboard_worker.training.policy import Policy
from opdboard_worker.training.ranks import Alone, Ranks, share
from opdboard_worker.training.rollout import sample, uniforms
from opdboard_worker.training.samplers.sampler import Sampler

SHARES = ("avg", "pass", "maj", "truncated")
"""What the measures begin with that are shares of answers or of prompts."""


@dataclass(frozen=True)
class Answerer:
    """Who answers. ends: tokens that end an answer; as_teacher: reads what the teacher reads."""

    sampler: Sampler
    ends: Sequence[int]
    as_teacher: bool = False

    @classmethod
    def of(cls, policy: Policy, ends: Sequence[int], *, as_teacher: bool = False) -> "Answerer":
        """A loaded model's own sampling; it ends at its own end tokens as well."""
        return cls(partial(sample, policy), [*ends, *(one for one in policy.ends if one not in ends)], as_teacher)


@dataclass(frozen=True)
class PromptScore:
    """Of the n answers to one prompt: how many are right, and whether the majority is (1, 0, or between in a tie), both None
    where no answer is known; how many were cut; the tokens of each, the end token included."""

    right: int | None
    majority: float | None
    truncated: int
    tokens: tuple[int, ...]


@dataclass(frozen=True)
class SetScores:
    """What one set of weights made of a set; prompts in the set's order."""

    ready: ReadySet
    prompts: Sequence[PromptScore]

    def per_prompt(self) -> Mapping[str, Tensor]:
        """By measure the score of each prompt, (N,) float64.

        'avg', 'pass@k' and 'maj' of the prompts whose answer is known, left out where none is; 'truncated', the share of its
        answers that were cut, and 'length', their mean in tokens, of all.
        """
        n = self.ready.asked.samples
        scores: dict[str, Tensor] = {}
        right_N = torch.tensor([one.right for one in self.prompts if one.right is not None], dtype=torch.int64)
        if len(right_N):
            scores["avg"] = avg_at_n(right_N, n)
            scores |= {f"pass@{k}": pass_at_k(right_N, n, k) for k in self.ready.asked.ks}
            scores["maj"] = _numbers([one.majority for one in self.prompts if one.majority is not None])
        scores["truncated"] = _numbers([one.truncated / n for one in self.prompts])
        scores["length"] = _numbers([sum(one.tokens) / n for one in self.prompts])
        return scores


def score(ready: ReadySet, answerer: Answerer, *, seed: int, pass_size: int, ranks: Ranks | None = None) -> SetScores:
    """Answer all prompts of a set. ranks: share them; all come to know all scores."""
    parts = score_in_parts(ready, answerer, seed=seed, pass_size=pass_size, ranks=ranks)
    while True:
        try:
            next(parts)
        except StopIteration as done:
            return done.value


@torch.no_grad()
def score_in_parts(
    ready: ReadySet, answerer: Answerer, *, seed: int, pass_size: int, ranks: Ranks | None = None
) -> Generator[None, None, SetScores]:
    """As `score`, which stops after every part that was sampled together: what has to wait or to end can do so there."""
    ranks = ranks or Alone()
    ids = ready.prompts.teacher_ids if answerer.as_teacher else ready.prompts.student_ids
    mine = sorted(share(ranks, len(ready.examples)), key=lambda place: len(ids(ready.examples[place])))
    together = max(1, pass_size // ready.asked.samples)
    found: dict[int, PromptScore] = {}
    for start in range(0, len(mine), together):
        places = mine[start : start + together]
        found |= zip(places, _answered(ready, answerer, places, seed, pass_size), strict=True)
        yield
    everybody = {place: one for part in ranks.gather(found) for place, one in part.items()}
    return SetScores(ready, [everybody[place] for place in range(len(ready.examples))])


def _answered(
    ready: ReadySet, answerer: Answerer, places: Sequence[int], seed: int, pass_size: int
) -> list[PromptScore]:
    asked, prompts = ready.asked, ready.prompts
    n = asked.samples
    examples = [ready.examples[place] for place in places]
    ids = prompts.teacher_ids if answerer.as_teacher else prompts.student_ids
    rollout = answerer.sampler(
        [ids(example) for example in examples for _ in range(n)],
        torch.cat([uniforms(n, asked.max_response_tokens, seed, "evaluation", example.id) for example in examples]),
        temperature=asked.temperature,
        eos=answerer.ends,
        pass_size=pass_size,
    )
    texts = prompts.texts(rollout.written())
    verdicts = judged(asked.data, [example for example in examples for _ in range(n)], texts)
    cut, tokens = (~rollout.ended_B).tolist(), rollout.lengths_B.tolist()
    scores: list[PromptScore] = []
    for place, example in enumerate(examples):
        own = slice(place * n, (place + 1) * n)
        right = [verdict for verdict in verdicts[own] if verdict is not None]
        known = len(right) == n
        scores.append(
            PromptScore(
                sum(right) if known else None,
                majority_right(asked.data, example, texts[own], right) if known else None,
                sum(cut[own]),
                tuple(tokens[own]),
            )
        )
    return scores


def _numbers(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)
