"""On-policy distillation losses, in chunks of tokens so that memory does not grow with tokens x vocabulary.

Source: arXiv:2605.11739, preliminaries: minimise E_x E_{y ~ pi_theta} sum_t KL(pi_theta(.|c_t) || pi*(.|c_t)) on the
student's own samples with discount 0, each token answering for itself. What stands in the place of the KL is one of
`objectives`. Shapes: N flat response tokens, n one chunk and r one block of rows of them, V vocabulary, H hidden size
of the student. Losses are in nats per token.

Where this departs from a plain implementation: every objective has a closed-form gradient with respect to the logits.
Each chunk's gradients with respect to hidden states and head parameters are formed while its logits exist, and then
the logits are dropped. The backward pass scales those gradients and computes nothing twice.
"""

from __future__ import annotations

import torch
from torch import Tensor

from opdboard_worker.core.chunks import OnSmaller, in_chunks, row_blocks
from opdboard_worker.core.known_gradients import pull_back, with_known_gradients
from opdboard_worker.core.objectives import Block, FullVocabulary, JensenShannon, Objective, SampledToken, TopK
from opdboard_worker.core.sampled_token import importance_weight, sampled_token_loss
from opdboard_worker.core.teachers import Head, PartialTeacher, TeacherScores, WholeTeacher
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
    "FullVocabulary",
    "Head",
    "JensenShannon",
    "Objective",
    "PartialTeacher",
    "SampledToken",
    "TeacherScores",
    "TokenMeasures",
    "TopK",
    "WholeTeacher",
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


def distillation_loss(
    objective: Objective,
    student_hidden_NH: Tensor,
    student_head: Head,
    teacher: TeacherScores,
    token_N: Tensor,
    weight_N: Tensor,
    *,
    reference: TeacherScores | None = None,
    sampler_logp_N: Tensor | None = None,
    chunk_tokens: int = 1024,
    overlap_k: int = 16,
    on_smaller: OnSmaller | None = None,
) -> tuple[Tensor, TokenMeasures]:
    """The scalar sum_n weight_n loss_n, and the measures of every token against the teacher.

    Weights are constants: with weight_n = 1 / (tokens of the whole batch) the micro-batches of a batch add up
    exactly. Gradients reach student_hidden_NH and each parameter student_head depends on, tied embeddings included;
    never the teacher. At any time at most one chunk of chunk_tokens x V logits per model is alive, plus its gradient;
    where memory does not suffice the chunk is halved and `on_smaller` told. The soft-max is in float32 under any
    autocast. The loss can be differentiated once. overlap_k = 0 leaves out the overlap measures (NaN). Raises
    ValueError where lengths or vocabularies differ, or where the objective needs more of the teacher, or a reference.
    """
    _require_equal_length(student_hidden_NH, teacher, token_N, weight_N, sampler_logp_N, reference)
    _require_enough(objective, teacher, reference)
    measures = TokenMeasures.empty(len(token_N), student_hidden_NH.device)
    sum_of_block_N = torch.zeros(
        max(len(token_N), 1), dtype=_at_least_float32(student_hidden_NH), device=token_N.device
    )
    first_of_block: set[int] = set()
    gradients: dict[Tensor, Tensor] = {}
    if student_hidden_NH.requires_grad and torch.is_grad_enabled():
        gradients[student_hidden_NH] = torch.zeros_like(student_hidden_NH)

    def add_chunk(chunk: slice) -> None:
        hidden_nH = student_hidden_NH[chunk].detach().requires_grad_(student_hidden_NH.requires_grad)
        logits_nV = student_head(hidden_nH)
        logits_gradient_nV = torch.empty_like(logits_nV) if logits_nV.requires_grad else None
        blocks: list[int] = []
        with torch.no_grad():
            teacher_logits_nV = _same_vocabulary(logits_nV, teacher.logits(chunk))
            reference_logits_nV = _same_vocabulary(logits_nV, reference.logits(chunk)) if reference else None
            for rows in row_blocks(logits_nV):
                tokens = slice(chunk.start + rows.start, chunk.start + rows.stop)
                logp_rV, logq_rV = log_probabilities(logits_nV[rows]), log_probabilities(teacher_logits_nV[rows])
                block = Block(
                    logp_rV,
                    logq_rV,
                    None if reference_logits_nV is None else log_probabilities(reference_logits_nV[rows]),
                    token_N[tokens],
                    None if sampler_logp_N is None else sampler_logp_N[tokens],
                    measure(logp_rV, logq_rV, token_N[tokens], overlap_k, complete=teacher.complete),
                )
                loss_r, gradient_rV = objective.loss_and_gradient(block)
                measures.put(tokens, block.measures)
                weight_r = weight_N[tokens].to(loss_r.dtype)
                sum_of_block_N[tokens.start] = (weight_r * loss_r).sum()
                blocks.append(tokens.start)
                if logits_gradient_nV is not None:
                    logits_gradient_nV[rows] = gradient_rV.mul_(weight_r[:, None])
        if logits_gradient_nV is not None:
            hidden_gradient_nH = pull_back(logits_nV, logits_gradient_nV, hidden_nH, gradients)
            if hidden_gradient_nH is not None:
                gradients[student_hidden_NH][chunk] = hidden_gradient_nH
        first_of_block.update(blocks)

    in_chunks(token_N.shape[0], chunk_tokens, add_chunk, on_smaller)
    total = sum_of_block_N[torch.tensor(sorted(first_of_block), device=token_N.device)].sum()
    return with_known_gradients(total, gradients), measures


@torch.no_grad()
def measures_only(
    student_hidden_NH: Tensor,
    student_head: Head,
    teacher: TeacherScores,
    token_N: Tensor,
    *,
    chunk_tokens: int = 1024,
    overlap_k: int = 16,
    on_smaller: OnSmaller | None = None,
) -> TokenMeasures:
    """The measures that `distillation_loss` returns, without a loss or gradient: for evaluation and validation."""
    _require_equal_length(student_hidden_NH, teacher, token_N)
    measures = TokenMeasures.empty(len(token_N), student_hidden_NH.device)

    def add_chunk(chunk: slice) -> None:
        logits_nV = student_head(student_hidden_NH[chunk])
        teacher_logits_nV = _same_vocabulary(logits_nV, teacher.logits(chunk))
        for rows in row_blocks(logits_nV):
            logp_rV, logq_rV = log_probabilities(logits_nV[rows]), log_probabilities(teacher_logits_nV[rows])
            tokens = slice(chunk.start + rows.start, chunk.start + rows.stop)
            part = measure(logp_rV, logq_rV, token_N[tokens], overlap_k, complete=teacher.complete)
            measures.put(tokens, part)

    in_chunks(token_N.shape[0], chunk_tokens, add_chunk, on_smaller)
    return measures


@torch.no_grad()
def kl_between(
    hidden_a_NH: Tensor, head_a: Head, hidden_b_NK: Tensor, head_b: Head, chunk_tokens: int = 1024
) -> Tensor:
    """KL(a || b) per token over the full vocabulary, (N,), nats, without gradient; e.g. a candidate a, W_t as b."""
    _require_equal_length(hidden_a_NH, hidden_b_NK)
    parts: list[Tensor] = []

    def add_chunk(chunk: slice) -> None:
        of_blocks: list[Tensor] = []
        logits_a_nV = head_a(hidden_a_NH[chunk])
        logits_b_nV = _same_vocabulary(logits_a_nV, head_b(hidden_b_NK[chunk]))
        for rows in row_blocks(logits_a_nV):
            of_blocks.append(reverse_kl(log_probabilities(logits_a_nV[rows]), log_probabilities(logits_b_nV[rows])))
        parts.extend(of_blocks)

    in_chunks(hidden_a_NH.shape[0], chunk_tokens, add_chunk)
    return torch.cat(parts)


def _at_least_float32(values: Tensor) -> torch.dtype:
    return torch.promote_types(values.dtype, torch.float32)


def _same_vocabulary(logits_nV: Tensor, others_nV: Tensor) -> Tensor:
    if logits_nV.shape != others_nV.shape:
        raise ValueError(
            f"logits of shapes {tuple(logits_nV.shape)} and {tuple(others_nV.shape)}: both models need the "
            "same vocabulary; cut padded entries off in the head"
        )
    return others_nV


def _require_enough(objective: Objective, teacher: TeacherScores, reference: TeacherScores | None) -> None:
    known = teacher.top_token_NM.shape[1] if isinstance(teacher, PartialTeacher) else 0
    if not teacher.complete and not objective.knows_enough(known):
        raise ValueError(f"{objective} needs more of the teacher than its {known} likeliest tokens")
    if objective.needs_reference and reference is None:
        raise ValueError(f"{objective} needs the reference's scores")


def _require_equal_length(*columns: Tensor | TeacherScores | None) -> None:
    lengths = [len(column) for column in columns if column is not None]
    if len(set(lengths)) > 1:
        raise ValueError(f"one entry per response token is needed in each argument, got lengths {lengths}")
