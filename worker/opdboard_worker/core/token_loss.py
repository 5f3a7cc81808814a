"""Losses that depend on the model through log p of each given token alone, in chunks of tokens.

Cross-entropy and every policy gradient are of this kind: with the slope d loss / d log p of a token its gradient by
the logits is slope ([v = y] - p_v). Shapes: N flat tokens, r a block of them, V vocabulary, H hidden size (`blocks`).
Log-probabilities in nats.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from opdboard_worker.core.blocks import Gradient, over_blocks, room, weighted_loss
from opdboard_worker.core.chunks import OnSmaller
from opdboard_worker.core.teachers import Head
from opdboard_worker.core.token_measures import entropy

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

    Gradients and memory: see `weighted_loss`. Raises ValueError where lengths differ.
    """
    if not len(hidden_NH) == len(token_N) == len(weight_N):
        raise ValueError(f"lengths differ: {len(hidden_NH)} states, {len(token_N)} tokens, {len(weight_N)} weights")
    logp_N, entropy_N = (room(hidden_NH, len(token_N)) for _ in range(2))

    def loss_of_block(tokens: slice, logp: list[Tensor]) -> tuple[Tensor, Gradient]:
        logp_rV, token_r = logp[0], token_N[tokens]
        logp_r = logp_rV.gather(1, token_r[:, None]).squeeze(1)
        loss_r, slope_r = loss_of(logp_r, tokens)
        logp_N[tokens], entropy_N[tokens] = logp_r, entropy(logp_rV)

        def gradient(weight_r: Tensor) -> Tensor:
            gradient_rV = logp_rV.exp_().neg_()
            gradient_rV[torch.arange(len(token_r), device=token_r.device), token_r] += 1.0
            return gradient_rV.mul_((weight_r * slope_r)[:, None])

        return loss_r, gradient

    total = weighted_loss(
        hidden_NH, head, [], weight_N, loss_of_block, chunk_tokens=chunk_tokens, on_smaller=on_smaller
    )
    return total, logp_N[: len(token_N)], entropy_N[: len(token_N)]


def token_logp(
    hidden_NH: Tensor, head: Head, token_N: Tensor, *, chunk_tokens: int = 1024, on_smaller: OnSmaller | None = None
) -> tuple[Tensor, Tensor]:
    """log p of each token and the entropy at its place, both (N,), float32, without gradient."""
    logp_N, entropy_N = (room(hidden_NH, len(token_N)) for _ in range(2))

    def of_block(tokens: slice, logp: list[Tensor]) -> None:
        logp_N[tokens] = logp[0].gather(1, token_N[tokens, None]).squeeze(1)
        entropy_N[tokens] = entropy(logp[0])

    models = [lambda tokens: head(hidden_NH[tokens])]
    over_blocks(len(token_N), models, of_block, chunk_tokens=chunk_tokens, on_smaller=on_smaller)
    return logp_N[: len(token_N)], entropy_N[: len(token_N)]
