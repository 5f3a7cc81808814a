"""Losses and measures of many tokens, a chunk of logits at a time, so that memory does not grow with tokens x vocabulary.

Every loss here has a closed-form gradient with respect to the logits. Each chunk's gradients with respect to hidden states
and head parameters are formed while its logits exist, and then the logits are dropped; the backward pass scales those
gradients and computes nothing twice. Shapes: N flat tokens, n one chunk and r one block of rows of them, V vocabulary, H
hidden size. Soft-max is in float32 under any autocast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from opdboard_worker.core.chunks import OnSmaller, in_chunks, row_blocks
from opdboard_worker.core.known_gradients import pull_back, with_known_gradients
from opdboard_worker.core.teachers import Head
from opdboard_worker.core.token_measures import log_probabilities

LogitsOf = Callable[[slice], Tensor]
"""Logits (n, V) of some of the N tokens, such as `TeacherScores.logits`."""

OfBlock = Callable[[slice, list[Tensor]], None]
"""(where a block's tokens stand among the N, its log-probabilities (r, V) by each model). Asked again for tokens whose chunk
did not fit into memory, so it must only write where they stand."""

Gradient = Callable[[Tensor], Tensor]
"""Weights (r,) of a block's losses to the gradient (r, V) of their weighted sum by the logits, a new tensor."""

LossOfBlock = Callable[[slice, list[Tensor]], tuple[Tensor, Gradient]]
"""As OfBlock, to the losses (r,) and their gradient; it may spend the first model's log-probabilities when that is asked."""


def over_blocks(
    count: int,
    models: Sequence[LogitsOf],
    of_block: OfBlock,
    *,
    chunk_tokens: int = 1024,
    on_smaller: OnSmaller | None = None,
) -> None:
    """of_block on one block of `count` tokens after the other, without gradient. ValueError for different vocabularies."""

    def add_chunk(chunk: slice) -> None:
        _in_blocks(chunk, [logits_of(chunk) for logits_of in models], of_block)

    in_chunks(count, chunk_tokens, torch.no_grad()(add_chunk), on_smaller)


def weighted_loss(
    hidden_NH: Tensor,
    head: Head,
    others: Sequence[LogitsOf],
    weight_N: Tensor,
    loss_of_block: LossOfBlock,
    *,
    chunk_tokens: int = 1024,
    on_smaller: OnSmaller | None = None,
) -> Tensor:
    """The scalar sum_n weight_n loss_n, whose gradients reach hidden_NH and each parameter the head depends on.

    At any time at most one chunk of chunk_tokens x V logits per model is alive, plus the head's gradient; where memory does
    not suffice the chunk is halved and `on_smaller` told. Weights are constants. Differentiable once. ValueError for
    different vocabularies.
    """
    sum_of_block_N = room(hidden_NH, len(weight_N))
    first_of_block: set[int] = set()
    gradients: dict[Tensor, Tensor] = {}
    if hidden_NH.requires_grad and torch.is_grad_enabled():
        gradients[hidden_NH] = torch.zeros_like(hidden_NH)

    def add_chunk(chunk: slice) -> None:
        hidden_nH = hidden_NH[chunk].detach().requires_grad_(hidden_NH.requires_grad)
        logits_nV = head(hidden_nH)
        logits_gradient_nV = torch.empty_like(logits_nV) if logits_nV.requires_grad else None
        blocks: list[int] = []

        def add_block(tokens: slice, logp_rV: list[Tensor]) -> None:
            loss_r, gradient = loss_of_block(tokens, logp_rV)
            weight_r = weight_N[tokens].to(loss_r.dtype)
            sum_of_block_N[tokens.start] = (weight_r * loss_r).sum()
            blocks.append(tokens.start)
            if logits_gradient_nV is not None:
                logits_gradient_nV[tokens.start - chunk.start : tokens.stop - chunk.start] = gradient(weight_r)

        with torch.no_grad():
            _in_blocks(chunk, [logits_nV, *(logits_of(chunk) for logits_of in others)], add_block)
        if logits_gradient_nV is not None:
            hidden_gradient_nH = pull_back(logits_nV, logits_gradient_nV, hidden_nH, gradients)
            if hidden_gradient_nH is not None:
                gradients[hidden_NH][chunk] = hidden_gradient_nH
        first_of_block.update(blocks)

    in_chunks(len(weight_N), chunk_tokens, add_chunk, on_smaller)
    total = sum_of_block_N[torch.tensor(sorted(first_of_block), device=hidden_NH.device)].sum()
    return with_known_gradients(total, gradients)


def room(hidden_NH: Tensor, count: int) -> Tensor:
    """One value per token, at least float32; one for no tokens, so that a sum over none is 0.

    Made before the first chunk: small results that stay, taken between large temporaries, leave these no room to reuse.
    """
    dtype = torch.promote_types(hidden_NH.dtype, torch.float32)
    return torch.zeros(max(count, 1), dtype=dtype, device=hidden_NH.device)


def _in_blocks(chunk: slice, logits: list[Tensor], of_block: OfBlock) -> None:
    first_nV = logits[0]
    for other_nV in logits[1:]:
        if first_nV.shape != other_nV.shape:
            raise ValueError(
                f"logits of shapes {tuple(first_nV.shape)} and {tuple(other_nV.shape)}: both models need the "
                "same vocabulary; cut padded entries off in the head"
            )
    for rows in row_blocks(first_nV):
        tokens = slice(chunk.start + rows.start, chunk.start + rows.stop)
        of_block(tokens, [log_probabilities(one_nV[rows]) for one_nV in logits])
