"""Objectives of on-policy distillation, in chunks of tokens so that memory does not grow with tokens x vocabulary.

Source: arXiv:2605.11739, preliminaries: minimise E_x E_{y ~ pi_theta} sum_t KL(pi_theta(.|c_t) || pi*(.|c_t)) on the
student's own samples with discount 0, each token answering for itself. Two supports: the sampled token (the paper's)
and the full vocabulary. Shapes: N flat response tokens, n one chunk and r one block of rows of them, V vocabulary, H
and K hidden sizes of student and teacher. Losses are in nats per token.

Where this departs from a plain implementation: both objectives have a closed-form gradient with respect to the
logits. Each chunk's gradients with respect to hidden states and head parameters are formed while its logits exist,
and then the logits are dropped. The backward pass scales those gradients and computes nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from opdboard_worker.core.known_gradients import pull_back, with_known_gradients
from opdboard_worker.core.token_measures import (
    TokenMeasures,
    k1,
    k3,
    log_probabilities,
    measure,
    reverse_kl,
    token_measures,
)

__all__ = [
    "OBJECTIVES",
    "Head",
    "TokenMeasures",
    "distillation_loss",
    "importance_weight",
    "k1",
    "k3",
    "kl_between",
    "measures_only",
    "reverse_kl",
    "sampled_token_loss",
    "token_measures",
]

Head = Callable[[Tensor], Tensor]
"""Hidden states (n, H) to logits (n, V): a closure, so that soft-capping and logit scales are part of it."""

OBJECTIVES = ("sampled_token", "full_vocabulary")

_CPU_BLOCK_ELEMENTS = 1 << 22
"""Holds soft-max temporaries on CPU at 16 MiB: larger ones are mapped afresh each time, several times as slow."""


def importance_weight(trainer_logp_N: Tensor, sampler_logp_N: Tensor, cap: float = 5.0) -> Tensor:
    """w_t = min(pi_trainer(y_t) / pi_sampler(y_t), cap) per token, (N,), detached; no unit.

    Corrects for a sampler whose numerics, or whose weights by a few updates, are not the trainer's. The cap bounds
    the variance that a single token unlikely under the sampler can bring in.
    """
    return (trainer_logp_N - sampler_logp_N).exp().clamp(max=cap).detach()


def sampled_token_loss(
    student_logp_N: Tensor, teacher_logp_N: Tensor, sampler_logp_N: Tensor | None = None, cap: float = 5.0
) -> Tensor:
    """-w_t A_t log pi_theta(y_t), (N,), with A_t = log pi*(y_t) - log pi_theta(y_t); w_t = 1 without sampler_logp_N.

    A_t and w_t are detached.

    A policy gradient: over y_t ~ pi_theta its expected gradient is that of KL(pi_theta || pi*). Its value is no
    divergence (watch `k1` or `reverse_kl` for that), and k1 = -A_t cannot take its place: the teacher drops out of
    the gradient of k1.
    """
    return -_weighted_advantage(student_logp_N, teacher_logp_N, sampler_logp_N, cap) * student_logp_N


def distillation_loss(
    objective: str,
    student_hidden_NH: Tensor,
    student_head: Head,
    teacher_hidden_NK: Tensor,
    teacher_head: Head,
    token_N: Tensor,
    weight_N: Tensor,
    *,
    sampler_logp_N: Tensor | None = None,
    importance_cap: float = 5.0,
    chunk_tokens: int = 1024,
    overlap_k: int = 16,
) -> tuple[Tensor, TokenMeasures]:
    """The scalar sum_n weight_n loss_n, and the measures of every token.

    loss_n is `sampled_token_loss`, or `reverse_kl` for "full_vocabulary" (exact, hence without importance weight).
    Weights are constants: with weight_n = 1 / (tokens of the whole batch) the micro-batches of a batch add up
    exactly. Gradients reach student_hidden_NH and each parameter student_head depends on, tied embeddings included;
    never the teacher. At any time at most one chunk of chunk_tokens x V logits per model is alive, plus its gradient.
    The soft-max is in float32 under any autocast. The loss can be differentiated once. overlap_k = 0 leaves out the
    overlap measures (NaN). Raises ValueError for an unknown objective, and where lengths or vocabularies differ.
    """
    if objective not in OBJECTIVES:
        raise ValueError(f"unknown objective {objective!r}: choose one of {', '.join(OBJECTIVES)}")
    _require_equal_length(student_hidden_NH, teacher_hidden_NK, token_N, weight_N, sampler_logp_N)
    parts: list[TokenMeasures] = []
    weighted_losses: list[Tensor] = []
    gradients: dict[Tensor, Tensor] = {}
    if student_hidden_NH.requires_grad and torch.is_grad_enabled():
        gradients[student_hidden_NH] = torch.zeros_like(student_hidden_NH)

    def add_chunk(chunk: slice) -> None:
        hidden_nH = student_hidden_NH[chunk].detach().requires_grad_(student_hidden_NH.requires_grad)
        logits_nV = student_head(hidden_nH)
        logits_gradient_nV = torch.empty_like(logits_nV) if logits_nV.requires_grad else None
        with torch.no_grad():
            teacher_logits_nV = teacher_head(teacher_hidden_NK[chunk])
            for rows in _row_blocks(logits_nV, teacher_logits_nV):
                tokens = slice(chunk.start + rows.start, chunk.start + rows.stop)
                logp_rV, logq_rV = log_probabilities(logits_nV[rows]), log_probabilities(teacher_logits_nV[rows])
                measures = measure(logp_rV, logq_rV, token_N[tokens], overlap_k)
                sampler_logp_r = None if sampler_logp_N is None else sampler_logp_N[tokens]
                loss_r, gradient_rV = _loss_and_gradient(
                    objective, logp_rV, logq_rV, measures, token_N[tokens], sampler_logp_r, importance_cap
                )
                parts.append(measures)
                weight_r = weight_N[tokens].to(loss_r.dtype)
                weighted_losses.append((weight_r * loss_r).sum())
                if logits_gradient_nV is not None:
                    logits_gradient_nV[rows] = gradient_rV.mul_(weight_r[:, None])
        if logits_gradient_nV is None:
            return
        hidden_gradient_nH = pull_back(logits_nV, logits_gradient_nV, hidden_nH, gradients)
        if hidden_gradient_nH is not None:
            gradients[student_hidden_NH][chunk] = hidden_gradient_nH

    for chunk in _chunks(token_N.shape[0], chunk_tokens):
        add_chunk(chunk)
    total = with_known_gradients(torch.stack(weighted_losses).sum(), gradients)
    return total, TokenMeasures.cat(parts)


@torch.no_grad()
def measures_only(
    student_hidden_NH: Tensor,
    student_head: Head,
    teacher_hidden_NK: Tensor,
    teacher_head: Head,
    token_N: Tensor,
    *,
    chunk_tokens: int = 1024,
    overlap_k: int = 16,
) -> TokenMeasures:
    """The measures that `distillation_loss` returns, without a loss or gradient: for evaluation and validation."""
    _require_equal_length(student_hidden_NH, teacher_hidden_NK, token_N)
    parts: list[TokenMeasures] = []
    for chunk in _chunks(token_N.shape[0], chunk_tokens):
        logits_nV, teacher_logits_nV = student_head(student_hidden_NH[chunk]), teacher_head(teacher_hidden_NK[chunk])
        for rows in _row_blocks(logits_nV, teacher_logits_nV):
            logp_rV, logq_rV = log_probabilities(logits_nV[rows]), log_probabilities(teacher_logits_nV[rows])
            parts.append(measure(logp_rV, logq_rV, token_N[chunk][rows], overlap_k))
    return TokenMeasures.cat(parts)


@torch.no_grad()
def kl_between(
    hidden_a_NH: Tensor, head_a: Head, hidden_b_NK: Tensor, head_b: Head, chunk_tokens: int = 1024
) -> Tensor:
    """KL(a || b) per token over the full vocabulary, (N,), nats, without gradient; e.g. a candidate a, W_t as b."""
    _require_equal_length(hidden_a_NH, hidden_b_NK)
    parts: list[Tensor] = []
    for chunk in _chunks(hidden_a_NH.shape[0], chunk_tokens):
        logits_a_nV, logits_b_nV = head_a(hidden_a_NH[chunk]), head_b(hidden_b_NK[chunk])
        for rows in _row_blocks(logits_a_nV, logits_b_nV):
            parts.append(reverse_kl(log_probabilities(logits_a_nV[rows]), log_probabilities(logits_b_nV[rows])))
    return torch.cat(parts)


def _weighted_advantage(
    student_logp_N: Tensor, teacher_logp_N: Tensor, sampler_logp_N: Tensor | None, cap: float
) -> Tensor:
    advantage_N = (teacher_logp_N - student_logp_N).detach()
    if sampler_logp_N is None:
        return advantage_N
    return importance_weight(student_logp_N, sampler_logp_N, cap) * advantage_N


def _loss_and_gradient(
    objective: str,
    logp_NV: Tensor,
    logq_NV: Tensor,
    measures: TokenMeasures,
    token_N: Tensor,
    sampler_logp_N: Tensor | None,
    cap: float,
) -> tuple[Tensor, Tensor]:
    """loss_n, (N,), and its derivative by the student's logits, (N, V)."""
    if objective == "full_vocabulary":
        return measures.reverse_kl, _full_vocabulary_gradient(logp_NV, logq_NV, measures.reverse_kl)
    advantage_N = _weighted_advantage(measures.student_logprob, measures.teacher_logprob, sampler_logp_N, cap)
    return -advantage_N * measures.student_logprob, _sampled_token_gradient(logp_NV, token_N, advantage_N)


def _full_vocabulary_gradient(logp_NV: Tensor, logq_NV: Tensor, reverse_kl_N: Tensor) -> Tensor:
    """d KL / d logit_v = p_v (log p_v - log q_v - KL), (N, V)."""
    p_NV = logp_NV.exp()
    difference_NV = (logp_NV - logq_NV).masked_fill_(p_NV == 0, 0.0)
    return p_NV.mul_(difference_NV.sub_(reverse_kl_N[:, None]))


def _sampled_token_gradient(logp_NV: Tensor, token_N: Tensor, advantage_N: Tensor) -> Tensor:
    """d(-c log p_y) / d logit_v = c (p_v - [v = y]), (N, V), for a constant c."""
    gradient_NV = logp_NV.exp()
    gradient_NV[torch.arange(len(token_N), device=token_N.device), token_N] -= 1.0
    return gradient_NV.mul_(advantage_N[:, None])


def _chunks(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size`; a single empty one for count = 0, so that results without tokens keep their type."""
    if size < 1:
        raise ValueError(f"chunk_tokens must be at least 1, not {size}")
    for start in range(0, max(count, 1), size):
        yield slice(start, min(start + size, count))


def _row_blocks(logits_a_nV: Tensor, logits_b_nV: Tensor) -> Iterator[slice]:
    """Blocks of rows for the soft-max arithmetic: small enough to reuse memory on CPU, one block elsewhere."""
    if logits_a_nV.shape != logits_b_nV.shape:
        raise ValueError(
            f"logits of shapes {tuple(logits_a_nV.shape)} and {tuple(logits_b_nV.shape)}: both models need the "
            "same vocabulary; cut padded entries off in the head"
        )
    count, vocabulary = logits_a_nV.shape
    on_cpu = logits_a_nV.device.type == "cpu"
    return _chunks(count, max(1, _CPU_BLOCK_ELEMENTS // max(vocabulary, 1)) if on_cpu else max(count, 1))


def _require_equal_length(*tensors: Tensor | None) -> None:
    lengths = [tensor.shape[0] for tensor in tensors if tensor is not None]
    if len(set(lengths)) > 1:
        raise ValueError(f"one entry per response token is needed in each argument, got lengths {lengths}")
