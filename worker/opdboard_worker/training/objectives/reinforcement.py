"""GRPO and DAPO as Learners: a group of responses to each prompt, judged by the data's verifier (core.policy_gradient).

The policy is the distribution that samples: logits divided by budget.temperature, in the loss as in the rollout.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import torch
from torch import Tensor
from typing_extensions import override

from opdboard.domain.objectives import Dapo, Grpo
from opdboard_worker.core.policy_gradient import (
    PolicyMeasures,
    group_advantages,
    mixed_groups,
    overlong_penalty,
    policy_gradient_loss,
    response_weights,
)
from opdboard_worker.core.token_loss import token_logp
from opdboard_worker.data.examples import Example, indices_from
from opdboard_worker.training import reporting
from opdboard_worker.training.objectives.learner import Experience, Learner, learns
from opdboard_worker.training.policy import Policy, Responses
from opdboard_worker.training.probe import Scorer
from opdboard_worker.training.ranks import share, shared_out, total
from opdboard_worker.training.rollout import Rollout, joined

Reward = Callable[[Tensor, Tensor], Tensor]
"""(whether each response is right, as 0 or 1 in float64; its tokens) -> its reward; all (B,)."""


@dataclass(frozen=True)
class _Draw:
    """One rollout of whole groups, of which this rank holds its share; mixed_Q: which of all have right and wrong answers."""

    examples: list[Example]
    rollout: Rollout
    texts: list[str]
    correct: list[bool]
    mixed_Q: list[bool]


class Reinforcement(Learner):
    """Rewards compared within each group (02, RL baselines)."""

    def __init__(
        self,
        settings: Grpo | Dapo,
        scorer: Scorer,
        train: Sequence[Example],
        reference: Policy | None,
        *,
        reward: Reward,
        rounds: int = 1,
        per_token: bool = False,
        kl_coefficient: float = 0.0,
    ) -> None:
        """rounds: draws at most until a batch is full of mixed groups; per_token: see response_weights; else see `learns`."""
        self._settings = settings
        self._reward = reward
        self._rounds = rounds
        self._per_token = per_token
        self._kl_coefficient = kl_coefficient
        self._scorer = scorer
        self._ranks = scorer.ranks
        self._train = train
        self._reference = reference

    @override
    def gather(self, step: int, cursor: int) -> Experience:
        """Whole groups, drawn until the batch is full of mixed ones or the rounds are over.

        A batch that stays short is filled up with groups of equal rewards, from which nothing is learnt. A group stays
        with the rank that drew it, so that ranks may train on different numbers of groups.
        """
        size = self._settings.group_size
        wanted = self._scorer.config.budget.batch_size // size
        draws: list[_Draw] = []
        while len(draws) < self._rounds and sum(sum(draw.mixed_Q) for draw in draws) < wanted:
            draws.append(self._draw(step, len(draws), cursor, wanted))
            cursor += wanted
        mixed = [flag for draw in draws for flag in draw.mixed_Q]
        order = sorted(range(len(mixed)), key=lambda group: not mixed[group])
        chosen = sorted(order[:wanted])
        own = [number * wanted + place for number in range(len(draws)) for place in share(self._ranks, wanted)]
        at = {group: index for index, group in enumerate(own)}
        mine = [place for place, group in enumerate(chosen) if group in at]
        rows = [at[chosen[place]] * size + number for place in mine for number in range(size)]
        everything = [
            (e, t, c) for draw in draws for e, t, c in zip(draw.examples, draw.texts, draw.correct, strict=True)
        ]
        rollout = joined([draw.rollout for draw in draws])
        taken = rollout.take(rows)
        correct = [everything[row][2] for row in rows]
        right_B = torch.tensor(correct, dtype=torch.float64)
        reward_QG = self._reward(right_B, taken.lengths_B.cpu()).view(len(mine), size)
        advantage_QG = group_advantages(reward_QG)
        of_all = self._ranks.gather((reward_QG, advantage_QG))
        reward_all_QG, advantage_all_QG = (torch.cat(parts) for parts in zip(*of_all, strict=True))
        return Experience(
            [everything[row][0] for row in rows],
            taken,
            int(total(self._ranks, int(rollout.lengths_B.sum()))),
            cursor,
            self._minibatches(mine, wanted),
            {
                "reward_mean": float(reward_all_QG.mean()),
                "reward_std": float(reward_all_QG.std(correction=0)),
                "advantage_size": float(advantage_all_QG.abs().mean()),
                "mixed_groups": sum(mixed) / len(mixed),
                "resampled_groups": float(len(mixed) - wanted),
            },
            [everything[row][1] for row in rows],
            correct,
            advantage_QG.flatten(),
        )

    def _minibatches(self, mine: Sequence[int], groups: int) -> list[slice]:
        """Equal shares of the batch's groups, as rows of those among them that are at the places `mine`."""
        size, each = self._settings.group_size, groups // self._settings.updates_per_batch
        bounds = [bisect_left(mine, start) * size for start in range(0, groups + 1, each)]
        return [slice(start, stop) for start, stop in pairwise(bounds)]

    def _draw(self, step: int, number: int, cursor: int, wanted: int) -> _Draw:
        size, seed = self._settings.group_size, self._scorer.config.seed
        prompts = [self._train[index] for index in indices_from(cursor, wanted, len(self._train), seed)]
        batch = [example for example in prompts for _ in range(size)]
        mine = [place * size + one for place in share(self._ranks, wanted) for one in range(size)]
        rollout = self._scorer.roll(batch, "rollout", step, number, places=mine)
        examples, texts = [batch[place] for place in mine], self._scorer.texts(rollout)
        correct = [bool(verdict) for verdict in self._scorer.verdicts(examples, texts)]
        mixed = mixed_groups(torch.tensor(correct, dtype=torch.bool).view(-1, size)).tolist()
        mixed_Q = [False] * wanted
        gathered = [flag for part in self._ranks.gather(mixed) for flag in part]
        for place, flag in zip(shared_out(self._ranks, wanted), gathered, strict=True):
            mixed_Q[place] = flag
        return _Draw(examples, rollout, texts, correct, mixed_Q)

    @override
    def backward(self, experience: Experience, rows: slice) -> tuple[float, dict[str, float]]:
        student, rollout = self._scorer.student, experience.rollout
        assert experience.advantage_B is not None
        advantage_B = experience.advantage_B.to(student.device, torch.float32)
        weight_B = torch.zeros(len(experience.examples), device=student.device)
        length_b = rollout.lengths_B[rows]
        responses, tokens = (int(total(self._ranks, count)) for count in (len(length_b), int(length_b.sum())))
        weights_b = response_weights(length_b, per_token=self._per_token, of_batch=(responses, tokens))
        weight_B[rows] = weights_b.to(weight_B)
        loss_sum = 0.0
        totals_F2 = torch.zeros(len(fields(PolicyMeasures)), 2, dtype=torch.float64)
        for part in self._scorer.microbatches(rows):
            responses = rollout.responses.rows(part.start, part.stop)
            reference_logp_N = None if self._reference is None else self._logp(self._reference, responses)
            hidden_NH = student.hidden(responses)
            with student.autocast():
                loss, measures = policy_gradient_loss(
                    hidden_NH,
                    self._scorer.head(student),
                    responses.token_N,
                    weight_B[part][responses.row_N],
                    advantage_N=advantage_B[part][responses.row_N],
                    old_logp_N=rollout.sampler_logp_BR[part][rollout.responses.mask_BR[part]],
                    clip_low=self._settings.clip_low,
                    clip_high=self._settings.clip_high,
                    reference_logp_N=reference_logp_N,
                    kl_coefficient=self._kl_coefficient,
                    chunk_tokens=self._scorer.chunk_tokens,
                    on_smaller=self._scorer.use_smaller_chunks,
                )
            loss.backward()
            loss_sum += float(loss.detach())
            totals_F2 += measures.totals()
        self._ranks.add_([totals_F2])
        return total(self._ranks, loss_sum), reporting.policy_scalars(PolicyMeasures.means_of(totals_F2))

    @override
    def describe(self, experience: Experience) -> dict[str, float]:
        assert experience.texts is not None and experience.correct is not None
        facts = reporting.facts_of(experience.rollout, experience.texts, experience.correct)
        return reporting.rollout_scalars(self._ranks.gather(facts))

    @torch.no_grad()
    def _logp(self, policy: Policy, responses: Responses) -> Tensor:
        hidden_NH = policy.hidden(responses)
        with policy.autocast():
            logp_N, _ = token_logp(
                hidden_NH,
                self._scorer.head(policy),
                responses.token_N,
                chunk_tokens=self._scorer.chunk_tokens,
                on_smaller=self._scorer.use_smaller_chunks,
            )
        return logp_N


@learns(Grpo)
def grpo(settings: Grpo, scorer: Scorer, train: Sequence[Example], reference: Policy | None) -> Reinforcement:
    """1 for a right answer, else 0."""
    kl = settings.kl_coefficient
    return Reinforcement(settings, scorer, train, reference, reward=lambda right_B, _: right_B, kl_coefficient=kl)


@learns(Dapo)
def dapo(settings: Dapo, scorer: Scorer, train: Sequence[Example], reference: None) -> Reinforcement:
    """1 or -1 (equation 7), less what is overlong (equation 13)."""
    longest = scorer.config.budget.max_response_tokens
    buffer = int(settings.overlong_share * longest)

    def reward(right_B: Tensor, length_B: Tensor) -> Tensor:
        return 2 * right_B - 1 + overlong_penalty(length_B, longest, buffer)

    rounds = settings.sampling_rounds
    return Reinforcement(settings, scorer, train, reference, reward=reward, rounds=rounds, per_token=True)
