"""Reverse KL over the k most likely tokens, with all the others as one bin.

Renormalising the k tokens instead would hide the mass that either model puts elsewhere (with k = 1 the divergence would
always be 0). Merging tokens can only lower a divergence, so this is a lower bound of the full reverse KL, and k = V
equals it. p is the student's and q the teacher's distribution; N flat response tokens, V vocabulary; nats per token.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Support = Literal["student", "teacher", "union"]
"""Whose k most likely tokens stand alone; the union has up to 2k."""


def support_mask(logp_NV: Tensor, logq_NV: Tensor, k: int, support: Support) -> Tensor:
    """True at the tokens that stand alone, (N, V); k is capped at V."""
    k = min(k, logp_NV.shape[-1])
    mask_NV = torch.zeros_like(logp_NV, dtype=torch.bool)
    if support in ("student", "union"):
        mask_NV.scatter_(-1, logp_NV.topk(k).indices, True)
    if support in ("teacher", "union"):
        mask_NV.scatter_(-1, logq_NV.topk(k).indices, True)
    return mask_NV


def binned_log_ratio(logp_NV: Tensor, logq_NV: Tensor, mask_NV: Tensor) -> Tensor:
    """log P(bin of v) - log Q(bin of v), (N, V): its own ratio where the mask is True, that of the tail elsewhere.

    Differentiable in p. 0 in a bin to which the student gives no probability, since its term is 0 whatever the ratio.
    """
    tail_p_N1, tail_q_N1 = (
        logs.masked_fill(mask_NV, -torch.inf).logsumexp(-1, keepdim=True) for logs in (logp_NV, logq_NV)
    )
    tail_N1 = torch.where(tail_p_N1 == -torch.inf, 0.0, tail_p_N1 - tail_q_N1)
    return torch.where(mask_NV, (logp_NV - logq_NV).masked_fill(logp_NV == -torch.inf, 0.0), tail_N1)


def top_k_gradient(logp_NV: Tensor, log_ratio_NV: Tensor, kl_N: Tensor) -> Tensor:
    """d KL / d logit_v = p_v (log_ratio_v - KL), (N, V): every token of the tail is pulled by the tail's ratio."""
    return logp_NV.exp().mul_(log_ratio_NV - kl_N[:, None])
