"""On-policy distillation losses, in chunks of tokens (`blocks`).

Source: arXiv:2605.11739, preliminaries: minimise E_x E_{y ~ pi_theta} sum_t KL(pi_theta(.|c_t) || pi*(.|c_t)) on the
student's own samples with discount 0, each token answering for itself. What stands in the place of the KL is one of
`objectives`. Shapes: N flat response tokens, r one block of rows of them, V vocabulary, H hidden size of the student. Losses
are in nats per token.
"""

from __future__ import annotations

from torch import Tensor

from opdboard_worker.core.blocks import Gradient, over_blocks, weighted_loss
from opdboard_worker.core.chunks import OnSmaller
from opdboard_worker.core.objectives import Block, Objective
from opdboard_worker.core.teachers import Head, PartialTeacher, TeacherScores
from opdboard_worker.core.token_measures import TokenMeasures, measure


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

    With weight_n = 1 / (tokens of the whole batch) the micro-batches of a batch add up exactly. Gradients reach
    student_hidden_NH and each parameter student_head depends on, tied embeddings included; never the teacher. Memory: see
    `weighted_loss`. overlap_k = 0 leaves out the overlap measures (NaN). Raises ValueError where lengths or vocabularies
    differ, or where the objective needs more of the teacher, or a reference.
    """
    _require_equal_length(student_hidden_NH, teacher, token_N, weight_N, sampler_logp_N, reference)
    _require_enough(objective, teacher, reference)
    measures = TokenMeasures.empty(len(token_N), student_hidden_NH.device)

    def loss_of_block(tokens: slice, logp_rV: list[Tensor]) -> tuple[Tensor, Gradient]:
        student_rV, teacher_rV, *reference_rV = logp_rV
        part = measure(student_rV, teacher_rV, token_N[tokens], overlap_k, complete=teacher.complete)
        measures.put(tokens, part)
        sampler_logp_r = None if sampler_logp_N is None else sampler_logp_N[tokens]
        logr_rV = reference_rV[0] if reference_rV else None
        block = Block(student_rV, teacher_rV, logr_rV, token_N[tokens], sampler_logp_r, part)
        loss_r, gradient_rV = objective.loss_and_gradient(block)
        return loss_r, lambda weight_r: gradient_rV.mul_(weight_r[:, None])

    others = [one.logits for one in (teacher, reference) if one is not None]
    total = weighted_loss(
        student_hidden_NH, student_head, others, weight_N, loss_of_block,
        chunk_tokens=chunk_tokens, on_smaller=on_smaller,
    )  # fmt: skip
    return total, measures


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

    def of_block(tokens: slice, logp_rV: list[Tensor]) -> None:
        student_rV, teacher_rV = logp_rV
        measures.put(tokens, measure(student_rV, teacher_rV, token_N[tokens], overlap_k, complete=teacher.complete))

    models = [lambda tokens: student_head(student_hidden_NH[tokens]), teacher.logits]
    over_blocks(len(token_N), models, of_block, chunk_tokens=chunk_tokens, on_smaller=on_smaller)
    return measures


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
