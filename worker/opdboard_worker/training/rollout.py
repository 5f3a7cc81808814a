"""Responses sampled from a policy.

Sampling inverts the cumulative distribution at one uniform number per (example, position), given by the caller. So a
response depends on its own row of numbers only: two sets of weights can be compared on common random numbers, and
neither micro-batches nor a resumed run change what is drawn.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from opdboard_worker.training.kv_cache import sampling_cache
from opdboard_worker.training.policy import Policy, Responses, positions


@dataclass(frozen=True)
class Rollout:
    """Sampled responses; sampler_logp_BR in nats under the sampling distribution; ended_B: stopped by EOS."""

    responses: Responses
    sampler_logp_BR: Tensor
    ended_B: Tensor

    @property
    def lengths_B(self) -> Tensor:
        """Response tokens per example, EOS included."""
        return self.responses.mask_BR.sum(1)

    def written(self) -> list[list[int]]:
        """Response tokens of each example, without the one that ended it."""
        lengths = (self.lengths_B - self.ended_B.long()).tolist()
        return [tokens[:length] for tokens, length in zip(self.responses.token_BR.tolist(), lengths, strict=True)]

    def rows_by_length(self) -> list[int]:
        """Examples from the shortest to the longest, prompt and response together."""
        lengths = [len(p) + n for p, n in zip(self.responses.prompts, self.lengths_B.tolist(), strict=True)]
        return sorted(range(len(lengths)), key=lengths.__getitem__)

    def take(self, rows: Sequence[int]) -> "Rollout":
        """These examples, in this order."""
        chosen = torch.tensor(list(rows), dtype=torch.long, device=self.ended_B.device)
        responses = self.responses
        return Rollout(
            Responses([responses.prompts[row] for row in rows], responses.token_BR[chosen], responses.mask_BR[chosen]),
            self.sampler_logp_BR[chosen],
            self.ended_B[chosen],
        )

    def to(self, device: torch.device | str) -> "Rollout":
        """The same on another device."""
        one = self.responses
        responses = Responses(one.prompts, one.token_BR.to(device), one.mask_BR.to(device))
        return Rollout(responses, self.sampler_logp_BR.to(device), self.ended_B.to(device))


def joined(rollouts: Sequence[Rollout]) -> Rollout:
    """Rollouts one after the other, padded to the widest."""
    width = max(rollout.sampler_logp_BR.shape[1] for rollout in rollouts)

    def padded(tensor_BR: Tensor) -> Tensor:
        return torch.nn.functional.pad(tensor_BR, (0, width - tensor_BR.shape[1]))

    responses = [rollout.responses for rollout in rollouts]
    return Rollout(
        Responses(
            [prompt for one in responses for prompt in one.prompts],
            torch.cat([padded(one.token_BR) for one in responses]),
            torch.cat([padded(one.mask_BR) for one in responses]),
        ),
        torch.cat([padded(rollout.sampler_logp_BR) for rollout in rollouts]),
        torch.cat([rollout.ended_B for rollout in rollouts]),
    )


def token_places(order: Sequence[int], lengths_B: Tensor) -> Tensor:
    """Where each token stands (N,) in what was computed response after response in another order.

    order: the responses in that order. values_N[token_places(order, lengths_B)] are in the order of responses.token_N.
    """
    lengths = lengths_B.tolist()
    starts = dict(zip(order, accumulate((lengths[row] for row in order), initial=0), strict=False))
    parts = [torch.arange(starts[row], starts[row] + length) for row, length in enumerate(lengths)]
    return torch.cat([*parts, torch.arange(0)])


def given(policy: Policy, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], longest: int) -> Rollout:
    """Answers that nobody sampled, cut at `longest` tokens; their log-probabilities are unknown (NaN)."""
    answers = [policy.vocabulary.tokens(answer) for answer in answers]
    width = max(1, min(longest, max(len(answer) for answer in answers)))
    token_BR = torch.full((len(answers), width), policy.pad_id)
    mask_BR = torch.zeros((len(answers), width), dtype=torch.bool)
    for row, answer in enumerate(answers):
        kept = list(answer[:width])
        token_BR[row, : len(kept)] = torch.tensor(kept)
        mask_BR[row, : len(kept)] = True
    ended_B = torch.tensor([len(answer) <= width for answer in answers])
    device = policy.device
    return Rollout(
        Responses(prompts, token_BR.to(device), mask_BR.to(device)),
        torch.full((len(answers), width), torch.nan, device=device),
        ended_B.to(device),
    )


def uniforms(rows: int, width: int, *key: object) -> Tensor:
    """Numbers in [0, 1), (rows, width) float64, that depend on the key alone: the run's seed, a purpose, a step."""
    digest = hashlib.sha256(repr(key).encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
    return torch.rand(rows, width, generator=generator, dtype=torch.float64)


@torch.no_grad()
def sample(
    policy: Policy,
    prompts: Sequence[Sequence[int]],
    uniform_BR: Tensor,
    *,
    temperature: float,
    eos: Sequence[int],
    pass_size: int,
) -> Rollout:
    """One response per prompt, at most uniform_BR.shape[1] tokens long, in passes of pass_size examples.

    Prompts of like length go together, and rows that have ended leave their pass: little padding or waiting is computed.
    """
    rows, width = uniform_BR.shape
    device = policy.device
    token_BR = torch.full((rows, width), policy.pad_id, device=device)
    mask_BR = torch.zeros((rows, width), dtype=torch.bool, device=device)
    logp_BR = torch.zeros((rows, width), device=device)
    ended_B = torch.zeros(rows, dtype=torch.bool, device=device)
    by_length = sorted(range(rows), key=lambda row: len(prompts[row]))
    for start in range(0, rows, pass_size):
        together = by_length[start : start + pass_size]
        token_BR[together], mask_BR[together], logp_BR[together], ended_B[together] = _sample_together(
            policy, [prompts[row] for row in together], uniform_BR[together], temperature, eos
        )
    return Rollout(Responses(prompts, token_BR, mask_BR), logp_BR, ended_B)


_LEAVING_SHARE = 1 / 8
"""Ended rows leave once they are this share of a pass: each leaving copies the cache of those that stay."""


def _sample_together(
    policy: Policy, prompts: Sequence[Sequence[int]], uniform_BR: Tensor, temperature: float, eos: Sequence[int]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """B rows in all; b those still in the pass, of which row_b are the indices."""
    rows, width = uniform_BR.shape
    device = policy.device
    uniform_BR = uniform_BR.to(device)
    eos_ids = torch.tensor(list(eos), device=device)
    token_BR = torch.full((rows, width), policy.pad_id, device=device)
    mask_BR = torch.zeros((rows, width), dtype=torch.bool, device=device)
    logp_BR = torch.zeros((rows, width), device=device)
    ended_B = torch.zeros(rows, dtype=torch.bool, device=device)

    row_b = torch.arange(rows, device=device)
    next_bT, mask_bT = policy.pad_left(prompts)
    position_bT = positions(mask_bT)
    cache, keep = sampling_cache(policy.model.config, width) if policy.cached else (None, None)
    for column in range(width):
        with policy.autocast():
            hidden_bTH, _ = policy.forward(next_bT, mask_bT.long(), position_bT, cache)
            logits_bV = policy.head(hidden_bTH[:, -1])
        token_b, logp_b = draw(logits_bV.float() / temperature, uniform_BR[row_b, column])
        active_b = ~ended_B[row_b]
        token_BR[row_b, column] = torch.where(active_b, token_b, token_BR[row_b, column])
        logp_BR[row_b, column] = torch.where(active_b, logp_b, 0.0)
        mask_BR[row_b, column] = active_b
        ended_B[row_b] = ~active_b | torch.isin(token_b, eos_ids)
        staying_b = ~ended_B[row_b]
        ended = len(row_b) - int(staying_b.sum())
        if ended == len(row_b):
            break
        mask_bT = torch.cat([mask_bT, active_b.unsqueeze(1)], 1)
        if cache is None:  # everything anew
            next_bT = torch.cat([next_bT, token_BR[row_b, column : column + 1]], 1)
            if ended:
                row_b, mask_bT, next_bT = row_b[staying_b], mask_bT[staying_b], next_bT[staying_b]
            position_bT = positions(mask_bT)
            continue
        position_bT = position_bT[:, -1:] + 1
        if keep is not None and ended and ended >= _LEAVING_SHARE * len(row_b):
            keep(staying_b.nonzero().squeeze(1))
            row_b, mask_bT, position_bT = row_b[staying_b], mask_bT[staying_b], position_bT[staying_b]
        next_bT = token_BR[row_b, column : column + 1]
    return token_BR, mask_BR, logp_BR, ended_B


def draw(logits_BV: Tensor, uniform_B: Tensor) -> tuple[Tensor, Tensor]:
    """Token ids (B,) at the uniform numbers' place in each row's cumulative distribution, and their log-probabilities."""
    logp_BV = torch.log_softmax(logits_BV, -1)
    cumulative_BV = logp_BV.double().exp().cumsum(-1)
    target_B1 = (uniform_B.unsqueeze(1) * cumulative_BV[:, -1:]).contiguous()
    token_B = torch.searchsorted(cumulative_BV, target_B1, right=True).squeeze(1).clamp_max(logits_BV.shape[1] - 1)
    return token_B, logp_BV.gather(1, token_B.unsqueeze(1)).squeeze(1)
