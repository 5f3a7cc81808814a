"""Losses that depend on the model through log p of each given token alone, in chunks of tokens.

Cross-entropy and every policy gradient are of this kind: with the slope d loss / d log p of a token its gradient by
the logits is slope ([v = y] - p_v), so each chunk's gradients are formed while its logits exist, as in `losses`.
Shapes: N flat tokens, n one chunk of them, V vocabulary, H hidden size. Log-probabilities in nats.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from opdboard_worker.core.chunks import OnSmaller, in_chunks, row_blocks
from opdboard_worker.core.known_gradients import pull_back, with_known_gradients
from opdboard_worker.core.teachers import Head
from opdboard_worker.core.token_measures import entropy, log_probabilities

LossOfLogp = Callable[[Tensor, slice], tuple[Tensor, Tensor]]
"""(log p of a block's tokens, where they stand among the N) -> their losses and slopes d loss / d log p.

Asked twice for the same tokens where memory did not suffice the first time.
"""


def token_loss(
    hidden_NH: Tensor,
    head: Head,
    token_N: Tensor,
    weight_N: Tensor,
    loss_of: LossOfLogp,
    *,
    chunk_tokens: int = 1024,
    on_smaller: OnSmaller | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """(sum_n weight_n loss_n, log p of each token (N,), entropy (N,) in nats), the latter two detached.

    Gradients reach hidden_NH and each parameter the head depends on. At most chunk_tokens x V logits and their
    gradient are alive at a time, fewer and `on_smaller` told where memory does not suffice; the soft-max is in float32
    under any autocast. Differentiable once. Raises ValueError where lengths differ.
    """
    if not len(hidden_NH) == len(token_N) == len(weight_N):
        raise ValueError(f"lengths differ: {len(hidden_NH)} states, {len(token_N)} tokens, {len(weight_N)} weights")
    # All room for results is taken at once: small ones that stay, between large temporaries, leave these none to reuse.
    logp_N, entropy_N, sum_of_block_N = (_room(hidden_NH, len(token_N)) for _ in range(3))
    first_of_block: set[int] = set()
    gradients: dict[Tensor, Tensor] = {}
    if hidden_NH.requires_grad and torch.is_grad_enabled():
        gradients[hidden_NH] = torch.zeros_like(hidden_NH)

    def add_chunk(chunk: slice) -> None:
        blocks: list[int] = []
        hidden_nH = hidden_NH[chunk].detach().requires_grad_(hidden_NH.requires_grad)
        logits_nV = head(hidden_nH)
        logits_gradient_nV = torch.empty_like(logits_nV) if logits_nV.requires_grad else None
        with torch.no_grad():
            for rows in row_blocks(logits_nV):
                tokens = slice(chunk.start + rows.start, chunk.start + rows.stop)
                logp_rV = log_probabilities(logits_nV[rows])
                logp_r = logp_rV.gather(1, token_N[tokens, None]).squeeze(1)
                loss_r, slope_r = loss_of(logp_r, tokens)
                logp_N[tokens], entropy_N[tokens] = logp_r, entropy(logp_rV)
                sum_of_block_N[tokens.start] = (weight_N[tokens] * loss_r).sum()
                blocks.append(tokens.start)
                if logits_gradient_nV is not None:
                    gradient_rV = logp_rV.exp_().neg_()
                    gradient_rV[torch.arange(len(logp_r), device=logp_r.device), token_N[tokens]] += 1.0
                    logits_gradient_nV[rows] = gradient_rV.mul_((weight_N[tokens] * slope_r)[:, None])
        if logits_gradient_nV is not None:
            hidden_gradient_nH = pull_back(logits_nV, logits_gradient_nV, hidden_nH, gradients)
            if hidden_gradient_nH is not None:
                gradients[hidden_NH][chunk] = hidden_gradient_nH
        first_of_block.update(blocks)

    in_chunks(len(token_N), chunk_tokens, add_chunk, on_smaller)
    total = sum_of_block_N[torch.tensor(sorted(first_of_block), device=token_N.device)].sum()
    return with_known_gradients(total, gradients), logp_N[: len(token_N)], entropy_N[: len(token_N)]


@torch.no_grad()
def token_logp(
    hidden_NH: Tensor, head: Head, token_N: Tensor, *, chunk_tokens: int = 1024, on_smaller: OnSmaller | None = None
) -> tuple[Tensor, Tensor]:
    """log p of each token and the entropy at its place, both (N,), float32, without gradient."""
    logp_N, entropy_N = (_room(hidden_NH, len(token_N)) for _ in range(2))

    def add_chunk(chunk: slice) -> None:
        logits_nV = head(hidden_NH[chunk])
        for rows in row_blocks(logits_nV):
            tokens = slice(chunk.start + rows.start, chunk.start + rows.stop)
            logp_rV = log_probabilities(logits_nV[rows])
            logp_N[tokens] = logp_rV.gather(1, token_N[tokens, None]).squeeze(1)
            entropy_N[tokens] = entropy(logp_rV)

    in_chunks(len(token_N), chunk_tokens, add_chunk, on_smaller)
    return logp_N[: len(token_N)], entropy_N[: len(token_N)]


def _room(hidden_NH: Tensor, count: int) -> Tensor:
    """One value per token, at least float32; one for no tokens, so that a sum over none is 0."""
    return torch.zeros(
        max(count, 1), dtype=torch.promote_types(hidden_NH.dtype, torch.float32), device=hidden_NH.device
    )
