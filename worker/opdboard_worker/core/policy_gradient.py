"""Policy gradients with a verifiable reward: GRPO and DAPO.

Sources: GRPO, arXiv:2402.03300 (equations 3 and 4, outcome supervision of section 4.1.2); DAPO, arXiv:2503.14476
(equations 8 to 13). Shapes: Q prompts with G responses each, B = Q G responses, N flat response tokens. Rewards and
advantages have no unit; log-probabilities and KL are in nats.

Where the papers leave holes: the standard deviation is the population's (the papers do not say), and a group of equal
rewards has advantage 0, not 0/0. The advantage of a response is that of each of its tokens. GRPO's pi_old is the
policy that sampled; with one update per batch the ratio is 1 up to numerics and nothing is clipped.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from opdboard_worker.core.chunks import OnSmaller
from opdboard_worker.core.teachers import Head
from opdboard_worker.core.token_loss import token_loss
from opdboard_worker.core.token_measures import k3


def group_advantages(reward_QG: Tensor) -> Tensor:
    """(r - mean) / std within each prompt's group, (Q, G); 0 throughout a group of equal rewards."""
    centred_QG = reward_QG - reward_QG.mean(1, keepdim=True)
    deviation_Q1 = reward_QG.std(1, correction=0, keepdim=True)
    equal_Q1 = (reward_QG == reward_QG[:, :1]).all(1, keepdim=True)
    return torch.where(equal_Q1, torch.zeros_like(reward_QG), centred_QG / deviation_Q1.masked_fill(equal_Q1, 1.0))


def mixed_groups(correct_QG: Tensor) -> Tensor:
    """Whether a group has right and wrong answers, (Q,): 0 < number right < G (DAPO, equation 11)."""
    return correct_QG.any(1) & ~correct_QG.all(1)


def overlong_penalty(length_B: Tensor, longest: int, buffer: int) -> Tensor:
    """Soft overlong punishment (B,), DAPO equation 13: 0 up to longest - buffer tokens, then linear to -1 at longest."""
    if buffer == 0:
        return torch.zeros(length_B.shape, dtype=torch.float64)
    return ((longest - buffer - length_B.double()) / buffer).clamp(-1.0, 0.0)


def response_weights(length_B: Tensor, *, per_token: bool, of_batch: tuple[int, int] | None = None) -> Tensor:
    """Weight of each token of each response (B,): GRPO 1 / (B |o|), a mean of means; DAPO 1 / all tokens (per_token).

    of_batch: responses and tokens of the batch that these are a part of; without, they are all of it.
    """
    responses, tokens = (len(length_B), int(length_B.sum())) if of_batch is None else of_batch
    if per_token:
        return torch.full(length_B.shape, 1.0) / tokens
    return 1.0 / (responses * length_B.float())


def clipped_surrogate(
    logp_N: Tensor, old_logp_N: Tensor, advantage_N: Tensor, clip_low: float, clip_high: float
) -> Tensor:
    """-min(r A, clip(r, 1 - clip_low, 1 + clip_high) A), (N,), r = pi / pi_old; GRPO equation 3, DAPO equation 8."""
    ratio_N = (logp_N - old_logp_N).exp()
    bounded_N = ratio_N.clamp(1 - clip_low, 1 + clip_high)
    return -torch.minimum(ratio_N * advantage_N, bounded_N * advantage_N)


@dataclass(frozen=True)
class PolicyMeasures:
    """One value per response token, detached, (N,): nats but for `clipped`; kl is NaN without a reference."""

    logprob: Tensor
    entropy: Tensor
    clipped: Tensor
    """1 where the clip takes the gradient away."""
    kl: Tensor
    """k3 estimate of KL(pi || pi_ref)."""

    def totals(self) -> Tensor:
        """(measures, 2), float64, CPU: sum and number of tokens of each; those of two parts add up to those of both."""
        values_FN = torch.stack([values.double() for values in vars(self).values()])
        return torch.stack([values_FN.sum(1), torch.ones_like(values_FN).sum(1)], 1).cpu()

    @classmethod
    def means_of(cls, totals_F2: Tensor) -> dict[str, float]:
        """Mean over the tokens per measure; NaN without any."""
        means = (totals_F2[:, 0] / totals_F2[:, 1]).tolist()
        return {field.name: mean for field, mean in zip(fields(cls), means, strict=True)}


def policy_gradient_loss(
    hidden_NH: Tensor,
    head: Head,
    token_N: Tensor,
    weight_N: Tensor,
    *,
    advantage_N: Tensor,
    old_logp_N: Tensor,
    clip_low: float,
    clip_high: float,
    reference_logp_N: Tensor | None = None,
    kl_coefficient: float = 0.0,
    chunk_tokens: int = 1024,
    on_smaller: OnSmaller | None = None,
) -> tuple[Tensor, PolicyMeasures]:
    """sum_n weight_n (clipped surrogate + kl_coefficient k3), and the measures of every token.

    Equal to the plain formulas above to rounding, value and gradient; memory and gradients as `token_loss`. The head
    gives the logits of the distribution that sampled (divided by its temperature).
    """
    clipped = torch.zeros(len(token_N), device=token_N.device)
    kl_N = torch.full((len(token_N),), torch.nan, device=token_N.device)

    def loss_of(logp_n: Tensor, tokens: slice) -> tuple[Tensor, Tensor]:
        advantage_n, old_n = advantage_N[tokens], old_logp_N[tokens]
        ratio_n = (logp_n - old_n).exp()
        outside_n = torch.where(advantage_n > 0, ratio_n > 1 + clip_high, ratio_n < 1 - clip_low) & (advantage_n != 0)
        clipped[tokens] = outside_n.float()
        loss_n = clipped_surrogate(logp_n, old_n, advantage_n, clip_low, clip_high)
        slope_n = (-advantage_n * ratio_n).masked_fill(outside_n, 0.0)
        if reference_logp_N is not None:
            kl_N[tokens] = k3(logp_n, reference_logp_N[tokens])  # GRPO equation 4
            loss_n = loss_n + kl_coefficient * kl_N[tokens]
            slope_n = slope_n - kl_coefficient * torch.expm1(reference_logp_N[tokens] - logp_n)
        return loss_n, slope_n

    total, logp_N, entropy_N = token_loss(
        hidden_NH, head, token_N, weight_N, loss_of, chunk_tokens=chunk_tokens, on_smaller=on_smaller
    )
    return total, PolicyMeasures(logp_N, entropy_N, clipped, kl_N)
