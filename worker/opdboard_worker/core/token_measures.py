"""Per-token measures of a student against its teacher, on contexts that the student visited.

Throughout, p is the student's and q the teacher's next-token distribution. Sources: the divergence estimators are
Schulman's ("Approximating KL divergence"); the overlap measures are those of arXiv:2604.13016. Logarithms are natural
(nats per token). Shapes: N flat response tokens, V vocabulary, K the k most likely tokens. Where p(v) = 0 the term of
v in a sum over the vocabulary is 0, also if a logarithm is infinite there (padded vocabularies are masked with -inf);
a NaN is never hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True)
class TokenMeasures:
    """One value per response token and measure: detached float32 tensors of shape (N,).

    The first seven are nats, overlap_ratio and overlap_mass are shares in [0, 1], overlap_advantage is in nats and <=
    0. Where student and teacher share none of their k leading tokens overlap_advantage has no meaning and is NaN. So are
    reverse_kl, entropy_teacher and the overlaps of a teacher of which only some log-probabilities are known.
    """

    reverse_kl: Tensor
    """KL(p || q) over the whole vocabulary."""
    k1: Tensor
    """log p - log q at the sampled token: unbiased for reverse_kl, signed, noisy."""
    k3: Tensor
    """e^d - d - 1 with d = log q - log p at the sampled token: unbiased, never negative."""
    entropy_student: Tensor
    entropy_teacher: Tensor
    student_logprob: Tensor
    """log p of the sampled token."""
    teacher_logprob: Tensor
    """log q of the sampled token."""
    overlap_ratio: Tensor
    """|topk(p) and topk(q)| / k."""
    overlap_mass: Tensor
    """Probability that the student gives to the shared tokens."""
    overlap_advantage: Tensor
    """Mean over the shared tokens of p~ (log q~ - log p~), p~ and q~ renormalised on them; 0 when they agree there."""

    @classmethod
    def cat(cls, parts: Sequence[TokenMeasures]) -> TokenMeasures:
        """The parts one after the other, detached, in float32. At least one part."""
        return cls(
            **{
                field.name: torch.cat([getattr(part, field.name) for part in parts]).detach().float()
                for field in fields(cls)
            }
        )

    @classmethod
    def empty(cls, count: int, device: torch.device) -> TokenMeasures:
        """Room for `count` tokens, to be filled by `put`.

        Made at once: many small results that stay, taken between large temporaries, leave these no room to be reused.
        """
        return cls(**{field.name: torch.empty(count, device=device) for field in fields(cls)})

    def put(self, tokens: slice, part: TokenMeasures) -> None:
        """Write the measures of some of the tokens."""
        for field in fields(self):
            getattr(self, field.name)[tokens] = getattr(part, field.name)

    @classmethod
    def of_student_alone(cls, student_logprob_N: Tensor, entropy_N: Tensor) -> TokenMeasures:
        """What is known without a teacher; the rest is NaN."""
        unknown_N = torch.full_like(student_logprob_N, torch.nan)
        known = {"student_logprob": student_logprob_N, "entropy_student": entropy_N}
        return cls(**{field.name: known.get(field.name, unknown_N) for field in fields(cls)})

    def at(self, index_M: Tensor) -> TokenMeasures:
        """Those of some tokens, in this order."""
        return TokenMeasures(**{field.name: getattr(self, field.name)[index_M] for field in fields(self)})

    def to(self, device: torch.device | str) -> TokenMeasures:
        """The same on another device."""
        return TokenMeasures(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})

    def totals(self) -> Tensor:
        """(measures, 2), float64, CPU: sum and number of tokens of each; those of two parts add up to those of both."""
        values_FN = torch.stack([getattr(self, field.name).double() for field in fields(self)])
        counted_FN = torch.ones_like(values_FN, dtype=torch.bool)
        counted_FN[-1] = ~self.overlap_advantage.isnan()
        return torch.stack([values_FN.where(counted_FN, 0.0).sum(1), counted_FN.sum(1).double()], 1).cpu()

    @classmethod
    def means_of(cls, totals_F2: Tensor) -> dict[str, float]:
        """Mean over the tokens per measure, overlap_advantage over those where it is defined; NaN without any."""
        means = (totals_F2[:, 0] / totals_F2[:, 1]).tolist()
        return {field.name: mean for field, mean in zip(fields(cls), means, strict=True)}


def log_probabilities(logits_NV: Tensor) -> Tensor:
    """log softmax over V, in float32 whatever precision the logits come in (float64 stays float64)."""
    return torch.log_softmax(logits_NV, dim=-1, dtype=torch.promote_types(logits_NV.dtype, torch.float32))


def reverse_kl(student_logp_NV: Tensor, teacher_logp_NV: Tensor) -> Tensor:
    """KL(p || q) = sum_v p(v) (log p(v) - log q(v)) per token, (N,), in nats; differentiable in both arguments.

    Arguments are normalised log-probabilities. Tokens with p = 0 add nothing, to the value or to the gradient, even
    where both logarithms are -inf. A token with p > 0 = q makes the divergence +inf, as it should.
    """
    return expectation(student_logp_NV.exp(), student_logp_NV - teacher_logp_NV)


def entropy(logp_NV: Tensor) -> Tensor:
    """-sum_v p(v) log p(v) per token, (N,), in nats."""
    return -expectation(logp_NV.exp(), logp_NV)


def expectation(p_NV: Tensor, value_NV: Tensor) -> Tensor:
    """sum_v p(v) value(v), (N,), with 0 * inf = 0. Filling before the product keeps the gradient finite too."""
    return (p_NV * value_NV.masked_fill(p_NV == 0, 0.0)).sum(-1)


def k1(student_logp_N: Tensor, teacher_logp_N: Tensor) -> Tensor:
    """k1 = log p(y) - log q(y) for y sampled from p: E[k1] = KL(p || q); a measure, signed, in nats.

    Not a loss. Its gradient is grad log p(y), in which the teacher does not occur, and whose expectation under p is
    zero: descending it would move the student at random. The loss that has k1's expectation for its gradient's source
    is that of `objectives.SampledToken`.
    """
    return student_logp_N - teacher_logp_N


def k3(student_logp_N: Tensor, teacher_logp_N: Tensor) -> Tensor:
    """k3 = e^d - d - 1, d = log q(y) - log p(y), for y sampled from p: E[k3] = KL(p || q) too, and k3 >= 0; in nats."""
    d_N = teacher_logp_N - student_logp_N
    return torch.expm1(d_N) - d_N


def overlap(student_logp_NV: Tensor, teacher_logp_NV: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """overlap_ratio, overlap_mass, overlap_advantage of `TokenMeasures`, each (N,); k is capped at V, 0 gives NaN."""
    k = min(k, student_logp_NV.shape[-1])
    # In any order: where k is not small against V, sorting them takes as long as finding them.
    logp_NK, token_NK = student_logp_NV.topk(k, sorted=False)
    teacher_token_NK = teacher_logp_NV.topk(k, sorted=False).indices
    shared_NK = (token_NK[:, :, None] == teacher_token_NK[:, None, :]).any(-1)
    mass_N = (logp_NK.exp() * shared_NK).sum(-1)
    if k == 0:
        return mass_N / 0, mass_N / 0, mass_N / 0
    logp_shared_NK = _renormalised(logp_NK, shared_NK)
    logq_shared_NK = _renormalised(teacher_logp_NV.gather(-1, token_NK), shared_NK)
    advantage_N = -reverse_kl(logp_shared_NK, logq_shared_NK) / shared_NK.sum(-1)
    return shared_NK.to(mass_N.dtype).mean(-1), mass_N, advantage_N


def _renormalised(logs_NK: Tensor, shared_NK: Tensor) -> Tensor:
    """Log-probabilities within the shared tokens, -inf outside. On CPU log_softmax takes three times as long for few columns."""
    masked_NK = logs_NK.masked_fill(~shared_NK, -torch.inf)
    return masked_NK - masked_NK.logsumexp(-1, keepdim=True)


@torch.no_grad()
def measure(
    student_logp_NV: Tensor, teacher_logp_NV: Tensor, token_N: Tensor, overlap_k: int, *, complete: bool = True
) -> TokenMeasures:
    """Every measure, in the precision of the given log-probabilities; token_N holds the sampled token ids (int64).

    complete=False says that teacher_logp_NV is right at the sampled token only: what needs all of it is NaN.
    """
    student_logp_N = student_logp_NV.gather(-1, token_N[:, None]).squeeze(-1)
    teacher_logp_N = teacher_logp_NV.gather(-1, token_N[:, None]).squeeze(-1)
    unknown_N = torch.full_like(student_logp_N, torch.nan)
    overlaps = overlap(student_logp_NV, teacher_logp_NV, overlap_k) if complete else (unknown_N,) * 3
    overlap_ratio_N, overlap_mass_N, overlap_advantage_N = overlaps
    p_NV = student_logp_NV.exp()
    return TokenMeasures(
        reverse_kl=expectation(p_NV, student_logp_NV - teacher_logp_NV) if complete else unknown_N,
        k1=k1(student_logp_N, teacher_logp_N),
        k3=k3(student_logp_N, teacher_logp_N),
        entropy_student=-expectation(p_NV, student_logp_NV),
        entropy_teacher=entropy(teacher_logp_NV) if complete else unknown_N,
        student_logprob=student_logp_N,
        teacher_logprob=teacher_logp_N,
        overlap_ratio=overlap_ratio_N,
        overlap_mass=overlap_mass_N,
        overlap_advantage=overlap_advantage_N,
    )
