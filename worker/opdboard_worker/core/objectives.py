"""The objectives of a step, each as its parameters and what it makes of a block of tokens: losses and their gradient.

Every gradient is by the student's logits and in closed form, so that a block's logits can be dropped at once. r rows
(response tokens) of a block, V vocabulary; nats per token. The formulas are those of `sampled_token`, `divergences` and
`top_k`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from opdboard_worker.core import divergences, sampled_token, top_k
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

    def reference_logp_r(self) -> Tensor | None:
        """log-probability of the sampled token under the reference, (r,)."""
        return None if self.logr_rV is None else self.logr_rV.gather(-1, self.token_r[:, None]).squeeze(-1)


class Objective(Protocol):
    """A loss per response token."""

    @property
    def needs_reference(self) -> bool:
        """Whether Block.logr_rV must be given."""
        ...

    def knows_enough(self, known_tokens: int) -> bool:
        """Whether the teacher's log-probabilities of the sampled and of its `known_tokens` likeliest tokens suffice."""
        ...

    def loss_and_gradient(self, block: Block) -> tuple[Tensor, Tensor]:
        """loss_r, (r,), and its derivative by the student's logits, (r, V); both new tensors."""
        ...


@dataclass(frozen=True)
class SampledToken:
    """The paper's policy gradient at the token that was drawn; `sampled_token.weighted_advantage`."""

    importance_cap: float = 5.0
    reward_scale: float = 1.0

    @property
    def needs_reference(self) -> bool:
        """For ExOPD only."""
        return self.reward_scale != 1.0

    def knows_enough(self, known_tokens: int) -> bool:
        """The sampled token is all it looks at."""
        return True

    def loss_and_gradient(self, block: Block) -> tuple[Tensor, Tensor]:
        """-w A log p(y)."""
        student_logp_r = block.measures.student_logprob
        weighted_r = sampled_token.weighted_advantage(
            student_logp_r, block.measures.teacher_logprob, block.sampler_logp_r, self.importance_cap,
            block.reference_logp_r(), self.reward_scale,
        )  # fmt: skip
        gradient_rV = sampled_token.sampled_token_gradient(block.logp_rV, block.token_r, weighted_r)
        return -weighted_r * student_logp_r, gradient_rV


@dataclass(frozen=True)
class FullVocabulary:
    """KL(p || q), exact and hence without importance weight; to the extrapolated teacher where reward_scale is not 1."""

    reward_scale: float = 1.0

    @property
    def needs_reference(self) -> bool:
        """For ExOPD only."""
        return self.reward_scale != 1.0

    def knows_enough(self, known_tokens: int) -> bool:
        """Never: it sums over every token."""
        return False

    def loss_and_gradient(self, block: Block) -> tuple[Tensor, Tensor]:
        """KL(p || q_lambda)."""
        logq_rV, kl_r = block.logq_rV, block.measures.reverse_kl
        if block.logr_rV is not None:
            logq_rV = divergences.extrapolated(block.logq_rV, block.logr_rV, self.reward_scale)
            kl_r = reverse_kl(block.logp_rV, logq_rV)
        return kl_r, divergences.reverse_kl_gradient(block.logp_rV, logq_rV, kl_r)


@dataclass(frozen=True)
class TopK:
    """The reverse KL of `top_k`: the k likeliest tokens and one bin for all others."""

    k: int = 16
    support: top_k.Support = "student"

    @property
    def needs_reference(self) -> bool:
        """Never."""
        return False

    def knows_enough(self, known_tokens: int) -> bool:
        """The teacher must know its own k; the student's may lie anywhere."""
        return self.support == "teacher" and self.k <= known_tokens

    def loss_and_gradient(self, block: Block) -> tuple[Tensor, Tensor]:
        """The binned KL(p || q)."""
        mask_rV = top_k.support_mask(block.logp_rV, block.logq_rV, self.k, self.support)
        log_ratio_rV = top_k.binned_log_ratio(block.logp_rV, block.logq_rV, mask_rV)
        kl_r = expectation(block.logp_rV.exp(), log_ratio_rV)
        return kl_r, top_k.top_k_gradient(block.logp_rV, log_ratio_rV, kl_r)


@dataclass(frozen=True)
class JensenShannon:
    """`divergences.jensen_shannon`: beta = 0 is the forward, 1 the reverse KL."""

    beta: float = 0.5

    @property
    def needs_reference(self) -> bool:
        """Never."""
        return False

    def knows_enough(self, known_tokens: int) -> bool:
        """Never: it sums over every token."""
        return False

    def loss_and_gradient(self, block: Block) -> tuple[Tensor, Tensor]:
        """JSD_beta."""
        loss_r = divergences.jensen_shannon(block.logp_rV, block.logq_rV, self.beta)
        return loss_r, divergences.jensen_shannon_gradient(block.logp_rV, block.logq_rV, self.beta)
