"""The sampled-token objective: a policy gradient whose reward is the teacher's log-ratio at the token that was drawn.

Source: arXiv:2605.11739, preliminaries, with the truncated importance weights of trainer against sampler; the reward
scale is the lambda of ExOPD (arXiv:2602.12125). N flat response tokens, V vocabulary; log-probabilities in nats.
"""

from __future__ import annotations

import torch
from torch import Tensor


def importance_weight(trainer_logp_N: Tensor, sampler_logp_N: Tensor, cap: float = 5.0) -> Tensor:
    """w_t = min(pi_trainer(y_t) / pi_sampler(y_t), cap) per token, (N,), detached; no unit.

    Corrects for a sampler whose numerics, or whose weights by a few updates, are not the trainer's. The cap bounds
    the variance that a single token unlikely under the sampler can bring in.
    """
    return (trainer_logp_N - sampler_logp_N).exp().clamp(max=cap).detach()


def advantage(
    student_logp_N: Tensor,
    teacher_logp_N: Tensor,
    reference_logp_N: Tensor | None = None,
    reward_scale: float = 1.0,
) -> Tensor:
    """A_t = lambda (log pi* - log pi_ref) - (log pi_theta - log pi_ref) at the sampled token, (N,), nats, detached.

    lambda = 1 is OPD's log pi* - log pi_theta, in which pi_ref cancels; only then may the reference be left out. Source:
    arXiv:2602.12125 (ExOPD), pi_ref the initial student. Raises ValueError without a reference where one is needed.
    """
    if reward_scale == 1.0:
        return (teacher_logp_N - student_logp_N).detach()
    if reference_logp_N is None:
        raise ValueError(f"a reward scale of {reward_scale} needs the reference's log-probabilities")
    reward_N = reward_scale * (teacher_logp_N - reference_logp_N)
    return (reward_N - (student_logp_N - reference_logp_N)).detach()


def weighted_advantage(
    student_logp_N: Tensor,
    teacher_logp_N: Tensor,
    sampler_logp_N: Tensor | None,
    cap: float,
    reference_logp_N: Tensor | None = None,
    reward_scale: float = 1.0,
) -> Tensor:
    """w_t A_t, (N,), detached, with A_t of `advantage`; w_t = 1 without sampler_logp_N. The loss is -w_t A_t log pi_theta(y_t).

    A policy gradient: over y_t ~ pi_theta its expected gradient is that of KL(pi_theta || pi*), or for lambda != 1 that
    to `divergences.extrapolated` teacher. Its value is no divergence (watch `k1` or `reverse_kl` for that), and k1 =
    -A_t cannot take its place: the teacher drops out of the gradient of k1.
    """
    advantage_N = advantage(student_logp_N, teacher_logp_N, reference_logp_N, reward_scale)
    if sampler_logp_N is None:
        return advantage_N
    return importance_weight(student_logp_N, sampler_logp_N, cap) * advantage_N


def sampled_token_gradient(logp_NV: Tensor, token_N: Tensor, advantage_N: Tensor) -> Tensor:
    """d(-c log p_y) / d logit_v = c (p_v - [v = y]), (N, V), for a constant c."""
    gradient_NV = logp_NV.exp()
    gradient_NV[torch.arange(len(token_N), device=token_N.device), token_N] -= 1.0
    return gradient_NV.mul_(advantage_N[:, None])
