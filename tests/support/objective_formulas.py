"""The objectives by the formulas of the papers over all tokens at once, for autograd: what the chunked ones are held against."""

import torch
from torch import Tensor

from opdboard_worker.core.objectives import FullVocabulary, JensenShannon, Objective, SampledToken, TopK


def losses(
    objective: Objective, logp: Tensor, logq: Tensor, logr: Tensor, token: Tensor, sampler_logp: Tensor | None = None
) -> Tensor:
    """Of each token (N,), from log-probabilities (N, V) of student, teacher and reference."""
    p, q = logp.exp(), logq.exp()
    match objective:
        case FullVocabulary(reward_scale=scale):
            return _kl(p, (scale * logq + (1 - scale) * logr).softmax(-1))
        case JensenShannon(beta=beta) if 0 < beta < 1:
            mixture = beta * q + (1 - beta) * p
            return beta * _kl(q, mixture) + (1 - beta) * _kl(p, mixture)
        case JensenShannon(beta=beta):
            return _kl(p, q) if beta else _kl(q, p)
        case TopK(k=k, support=support):
            return torch.stack([_binned_kl(*row, k, support) for row in zip(p, q, strict=True)])
        case SampledToken(importance_cap=cap, reward_scale=scale):
            of_student, of_teacher, of_reference = (
                logs[torch.arange(len(token)), token] for logs in (logp, logq, logr)
            )
            advantage = (scale * (of_teacher - of_reference) - (of_student - of_reference)).detach()
            ratio = 1.0 if sampler_logp is None else (of_student.detach() - sampler_logp).exp().clamp(max=cap)
            return -ratio * advantage * of_student
        case _:
            raise AssertionError(objective)


def _kl(p: Tensor, q: Tensor) -> Tensor:
    return (p * (p / q).log()).sum(-1)


def _binned_kl(p: Tensor, q: Tensor, k: int, support: str) -> Tensor:
    """One token's KL over a set of tokens and one bin of all others, the set chosen by sorting."""
    of = {"student": [p], "teacher": [q], "union": [p, q]}[support]
    inside = sorted({int(token) for one in of for token in one.argsort(descending=True)[:k]})
    outside = [token for token in range(len(p)) if token not in inside]
    return _kl(*(torch.cat([one[inside], one[outside].sum()[None]]) for one in (p, q)))
