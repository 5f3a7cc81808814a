"""Divergences of a student p from a teacher q over the whole vocabulary, each with its gradient by the logits.

Sources: arXiv:2605.11739 (reverse KL), arXiv:2306.13649, section 3 (generalised Jensen-Shannon), arXiv:2602.12125
(extrapolated teacher). Arguments are normalised log-probabilities (N, V), values are (N,) in nats per token. Where
a distribution is 0 its term is 0, also if a logarithm is infinite there (padded vocabularies are masked with -inf).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from opdboard_worker.core.token_measures import reverse_kl


def reverse_kl_gradient(logp_NV: Tensor, logq_NV: Tensor, reverse_kl_N: Tensor) -> Tensor:
    """d KL(p || q) / d logit_v = p_v (log p_v - log q_v - KL), (N, V)."""
    p_NV = logp_NV.exp()
    difference_NV = (logp_NV - logq_NV).masked_fill_(p_NV == 0, 0.0)
    return p_NV.mul_(difference_NV.sub_(reverse_kl_N[:, None]))


def jensen_shannon(logp_NV: Tensor, logq_NV: Tensor, beta: float) -> Tensor:
    """JSD_beta = beta KL(q || m) + (1 - beta) KL(p || m), m = beta q + (1 - beta) p; differentiable in p.

    beta = 0 is the forward KL(q || p) and beta = 1 the reverse KL(p || q), as in GKD and its implementations. The values
    in between are not scaled to meet these: JSD_beta / beta tends to the forward KL for beta -> 0, and JSD_beta / (1 -
    beta) to the reverse KL for beta -> 1, so near the ends the gradient is small. At most -(beta log beta + (1 - beta)
    log(1 - beta)) nats.
    """
    if beta == 0.0:
        return reverse_kl(logq_NV, logp_NV)
    if beta == 1.0:
        return reverse_kl(logp_NV, logq_NV)
    logm_NV = _mixture(logp_NV, logq_NV, beta)
    return beta * reverse_kl(logq_NV, logm_NV) + (1 - beta) * reverse_kl(logp_NV, logm_NV)


def jensen_shannon_gradient(logp_NV: Tensor, logq_NV: Tensor, beta: float) -> Tensor:
    """d JSD_beta / d logit_v, (N, V): (1 - beta) times that of KL(p || m) with m held constant; p_v - q_v for beta = 0."""
    if beta == 0.0:
        return logp_NV.exp().sub_(logq_NV.exp())
    logm_NV = logq_NV if beta == 1.0 else _mixture(logp_NV, logq_NV, beta)
    gradient_NV = reverse_kl_gradient(logp_NV, logm_NV, reverse_kl(logp_NV, logm_NV))
    return gradient_NV if beta == 1.0 else gradient_NV.mul_(1 - beta)


def extrapolated(logq_NV: Tensor, logr_NV: Tensor, reward_scale: float) -> Tensor:
    """log of the teacher that ExOPD implies: q_lambda proportional to r^(1 - lambda) q^lambda, r the reference, (N, V).

    For every p, sum_v p (log p - log r - lambda (log q - log r)) = KL(p || q_lambda) - log sum_v r^(1 - lambda) q^lambda,
    and the last term does not depend on p: ExOPD over the full vocabulary is OPD with this teacher. lambda = 1 is q.
    """
    mixed_NV = logr_NV + reward_scale * (logq_NV - logr_NV)
    return torch.log_softmax(mixed_NV.masked_fill_(logq_NV == -torch.inf, -torch.inf), dim=-1)


def _mixture(logp_NV: Tensor, logq_NV: Tensor, beta: float) -> Tensor:
    return torch.logaddexp(logq_NV + math.log(beta), logp_NV + math.log1p(-beta))
