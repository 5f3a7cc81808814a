"""Divergences of a student p from a teacher q, with their gradients by the student's logits.

Sources: arXiv:2605.11739 (reverse KL), arXiv:2306.13649, section 3 (generalised Jensen-Shannon), arXiv:2602.12125
(extrapolated teacher). Arguments are normalised log-probabilities (N, V), values are (N,) in nats per token. Where
a distribution is 0 its term is 0, also if a logarithm is infinite there (padded vocabularies are masked with -inf).
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from opdboard_worker.core.token_measures import reverse_kl

Support = Literal["student", "teacher", "union"]
"""Whose k most likely tokens stand alone; the union has up to 2k."""


def reverse_kl_gradient(logp_NV: Tensor, logq_NV: Tensor, reverse_kl_N: Tensor) -> Tensor:
    """d KL(p || q) / d logit_v = p_v (log p_v - log q_v - KL), (N, V)."""
    p_NV = logp_NV.exp()
    difference_NV = (logp_NV - logq_NV).masked_fill_(p_NV == 0, 0.0)
    return p_NV.mul_(difference_NV.sub_(reverse_kl_N[:, None]))


def jensen_shannon(logp_NV: Tensor, logq_NV: Tensor, beta: float) -> tuple[Tensor, Tensor]:
    """JSD_beta = beta KL(q || m) + (1 - beta) KL(p || m), m = beta q + (1 - beta) p, and its gradient (N, V).

    beta = 0 is the forward KL(q || p) and beta = 1 the reverse KL(p || q), as in GKD and its implementations. The values
    in between are not scaled to meet these: JSD_beta / beta tends to the forward KL for beta -> 0, and JSD_beta / (1 -
    beta) to the reverse KL for beta -> 1, so near the ends the gradient is small: (1 - beta) times that of KL(p || m) with
    m held constant. At most -(beta log beta + (1 - beta) log(1 - beta)) nats.
    """
    if beta == 0.0:
        return reverse_kl(logq_NV, logp_NV), logp_NV.exp().sub_(logq_NV.exp())
    inside = beta < 1.0
    logm_NV = torch.logaddexp(logq_NV + math.log(beta), logp_NV + math.log1p(-beta)) if inside else logq_NV
    of_student_N = reverse_kl(logp_NV, logm_NV)
    gradient_NV = reverse_kl_gradient(logp_NV, logm_NV, of_student_N)
    if not inside:
        return of_student_N, gradient_NV
    return beta * reverse_kl(logq_NV, logm_NV) + (1 - beta) * of_student_N, gradient_NV.mul_(1 - beta)


def extrapolated(logq_NV: Tensor, logr_NV: Tensor, reward_scale: float) -> Tensor:
    """log of the teacher that ExOPD implies: q_lambda proportional to r^(1 - lambda) q^lambda, r the reference, (N, V).

    For every p, sum_v p (log p - log r - lambda (log q - log r)) = KL(p || q_lambda) - log sum_v r^(1 - lambda) q^lambda,
    and the last term does not depend on p: ExOPD over the full vocabulary is OPD with this teacher. lambda = 1 is q.
    """
    mixed_NV = logr_NV + reward_scale * (logq_NV - logr_NV)
    return torch.log_softmax(mixed_NV.masked_fill_(logq_NV == -torch.inf, -torch.inf), dim=-1)


def support_mask(logp_NV: Tensor, logq_NV: Tensor, k: int, support: Support) -> Tensor:
    """True at the k most likely tokens, (N, V), capped at V; all the others are one bin.

    Renormalising the k tokens instead would hide the mass that either model puts elsewhere (with k = 1 the divergence would
    always be 0). Merging tokens can only lower a divergence, so this is a lower bound of the full one, and k = V equals it.
    """
    k = min(k, logp_NV.shape[-1])
    mask_NV = torch.zeros_like(logp_NV, dtype=torch.bool)
    for whose, logs_NV in (("student", logp_NV), ("teacher", logq_NV)):
        if support in (whose, "union"):
            mask_NV.scatter_(-1, logs_NV.topk(k).indices, True)
    return mask_NV


def binned_log_ratio(logp_NV: Tensor, logq_NV: Tensor, mask_NV: Tensor) -> Tensor:
    """log P(bin of v) - log Q(bin of v), (N, V): its own ratio where the mask is True, that of the tail elsewhere.

    0 in a bin to which the student gives no probability, since its term is 0 whatever the ratio.
    """
    tail_p_N1, tail_q_N1 = (
        logs.masked_fill(mask_NV, -torch.inf).logsumexp(-1, keepdim=True) for logs in (logp_NV, logq_NV)
    )
    tail_N1 = torch.where(tail_p_N1 == -torch.inf, 0.0, tail_p_N1 - tail_q_N1)
    return torch.where(mask_NV, (logp_NV - logq_NV).masked_fill(logp_NV == -torch.inf, 0.0), tail_N1)
