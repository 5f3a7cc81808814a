"""The objectives of a step, each as its parameters and what it makes of a block of tokens: losses and their gradient.

Every gradient is by the student's logits and in closed form, so that a block's logits can be dropped at once. Source of the
sampled-token objective: arXiv:2605.11739, preliminaries, with the truncated importance weights of trainer against sampler;
the reward scale is the lambda of ExOPD (arXiv:2602.12125); the divergences have theirs. r rows (response tokens) of a
block, N of any number, V vocabulary; nats per token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from typing_extensions import override

from opdboard_worker.core import divergences
from opdboard_worker.core.token_measures import TokenMeasures, expectation, reverse_kl


@dataclass(frozen=True)
class Block:
    """What an objective may look at: normalised log-probabilities of student, teacher and, where it asks, reference."""

    logp_rV: Tensor
    logq_rV: Tensor
    logr_rV: Tensor | None
    token_r: Tensor
    """Sampled tokens (int64)."""
    sampler_logp_r: Tensor | None
    """log-probabilities under the sampler at the time of sampling; None where the sampler is the student."""
    measures: TokenMeasures
    """Of these tokens, against the teacher itself."""


class Objective(Protocol):
    """A loss per response token; of the whole distributions of student and teacher unless it says otherwise."""

    @property
    def needs_reference(self) -> bool:
        """Whether Block.logr_rV must be given."""
        return False

    def knows_enough(self, known_tokens: int) -> bool:
        """Whether the teacher's log-probabilities of the sampled and of its `known_tokens` likeliest tokens suffice."""
        return False

    def loss_and_gradient(self, block: Block) -> tuple[Tensor, Tensor]:
        """loss_r, (r,), and its derivative by the student's logits, (r, V); both new tensors."""
        ...


@dataclass(frozen=True)
class SampledToken(Objective):
    """The paper's policy gradient at the token that was drawn: -w A log p(y), w = 1 where the sampler is the student.

    Over y ~ p its expected gradient is that of KL(p || q), or for lambda != 1 that to the `divergences.extrapolated`
    teacher. Its value is no divergence (watch `k1` or `reverse_kl` for that), and k1 = -A cannot take its place: the
    teacher drops out of the gradient of k1.
    """

    importance_cap: float = 5.0
    reward_scale: float = 1.0

    @property
    @override
    def needs_reference(self) -> bool:
        return self.reward_scale != 1.0

    @override
    def knows_enough(self, known_tokens: int) -> bool:
        return True

    @override
    def loss_and_gradient(self, block: Block) -> tuple[Tensor, Tensor]:
        at = torch.arange(len(block.token_r), device=block.token_r.device), block.token_r
        logp_r = block.measures.student_logprob
        logr_r = None if block.logr_rV is None else block.logr_rV[at]
        weighted_r = advantage(logp_r, block.measures.teacher_logprob, logr_r, self.reward_scale)
        if block.sampler_logp_r is not None:
            weighted_r = importance_weight(logp_r, block.sampler_logp_r, self.importance_cap) * weighted_r
        gradient_rV = block.logp_rV.exp()
        gradient_rV[at] -= 1.0
        return -weighted_r * logp_r, gradient_rV.mul_(weighted_r[:, None])


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

    lambda = 1 is OPD's log pi* - log pi_theta, in which pi_ref, the initial student, cancels; only then may the reference
    be left out. Raises ValueError without a reference where one is needed.
    """
    if reward_scale == 1.0:
        return (teacher_logp_N - student_logp_N).detach()
    if reference_logp_N is None:
        raise ValueError(f"a reward scale of {reward_scale} needs the reference's log-probabilities")
    reward_N = reward_scale * (teacher_logp_N - reference_logp_N)
    return (reward_N - (student_logp_N - reference_logp_N)).detach()


@dataclass(frozen=True)
class FullVocabulary(Objective):
    """KL(p || q), exact and hence without importance weight; to the extrapolated teacher where reward_scale is not 1."""

    reward_scale: float = 1.0

    @property
    @override
    def needs_reference(self) -> bool:
        return self.reward_scale != 1.0

    @override
    def loss_and_gradient(self, block: Block) -> tuple[Tensor, Tensor]:
        logq_rV, kl_r = block.logq_rV, block.measures.reverse_kl
        if block.logr_rV is not None:
            logq_rV = divergences.extrapolated(block.logq_rV, block.logr_rV, self.reward_scale)
            kl_r = reverse_kl(block.logp_rV, logq_rV)
        return kl_r, divergences.reverse_kl_gradient(block.logp_rV, logq_rV, kl_r)


@dataclass(frozen=True)
class TopK(Objective):
    """The reverse KL over the k likeliest tokens and one bin for all others (`divergences.support_mask`)."""

    k: int = 16
    support: divergences.Support = "student"

    @override
    def knows_enough(self, known_tokens: int) -> bool:
        return self.support == "teacher" and self.k <= known_tokens  # the student's own k may lie anywhere

    @override
    def loss_and_gradient(self, block: Block) -> tuple[Tensor, Tensor]:
        mask_rV = divergences.support_mask(block.logp_rV, block.logq_rV, self.k, self.support)
        log_ratio_rV = divergences.binned_log_ratio(block.logp_rV, block.logq_rV, mask_rV)
        p_rV = block.logp_rV.exp()
        kl_r = expectation(p_rV, log_ratio_rV)
        return kl_r, p_rV.mul_(log_ratio_rV - kl_r[:, None])  # every token of the tail is pulled by the tail's ratio


@dataclass(frozen=True)
class JensenShannon(Objective):
    """`divergences.jensen_shannon`: beta = 0 is the forward, 1 the reverse KL."""

    beta: float = 0.5

    @override
    def loss_and_gradient(self, block: Block) -> tuple[Tensor, Tensor]:
        return divergences.jensen_shannon(block.logp_rV, block.logq_rV, self.beta)
