"""Losses that depend on the model through log p of each given token alone, in chunks of tokens.

Cross-entropy and every policy gradient are of this kind: with the slope d loss / d log p of a token its gradient by
the logits is slope ([v = y] - p_v), so each chunk's gradients are formed while its logits exist, as in `losses`.
Shapes: N flat tokens, n one chunk of them, V vocabulary, H hidden size. Log-probabilities in nats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from opdboard_worker.core.known_gradients import pull_back, with_known_gradients
from opdboard_worker.core.token_measures import entropy, log_probabilities

Head = Callable[[Tensor], Tensor]
LossOfLogp = Callable[[Tensor, slice], tuple[Tensor, Tensor]]
"""(log p of a block's tokens, where they stand among the N) -> their losses and slopes d loss / d log p."""

_CPU_BLOCK_ELEMENTS = 1 << 22
"""Holds soft-max temporaries on CPU at 16 MiB: larger ones are mapped afresh each time, several times as slow."""


def token_loss(
    hidden_NH: Tensor, head: Head, token_N: Tensor, weight_N: Tensor, loss_of: LossOfLogp, *, chunk_tokens: int = 1024
) -> tuple[Tensor, Tensor, Tensor]:
    """(sum_n weight_n loss_n, log p of each token (N,), entropy (N,) in nats), the latter two detached.

    Gradients reach hidden_NH and each parameter the head depends on. At most chunk_tokens x V logits and their
    gradient are alive at a time; the soft-max is in float32 under any autocast. Differentiable once. Raises
    ValueError where lengths differ.
    """
    if not len(hidden_NH) == len(token_N) == len(weight_N):
        raise ValueError(f"lengths differ: {len(hidden_NH)} states, {len(token_N)} tokens, {len(weight_N)} weights")
    losses: list[Tensor] = []
    logps: list[Tensor] = []
    entropies: list[Tensor] = []
    gradients: dict[Tensor, Tensor] = {}
    if hidden_NH.requires_grad and torch.is_grad_enabled():
        gradients[hidden_NH] = torch.zeros_like(hidden_NH)

    def add_chunk(chunk: slice) -> None:
        hidden_nH = hidden_NH[chunk].detach().requires_grad_(hidden_NH.requires_grad)
        logits_nV = head(hidden_nH)
        logits_gradient_nV = torch.empty_like(logits_nV) if logits_nV.requires_grad else None
        with torch.no_grad():
            for rows in _row_blocks(logits_nV):
                tokens = slice(chunk.start + rows.start, chunk.start + rows.stop)
                logp_rV = log_probabilities(logits_nV[rows])
                logp_r = logp_rV.gather(1, token_N[tokens, None]).squeeze(1)
                entropies.append(entropy(logp_rV))
                logps.append(logp_r)
                loss_r, slope_r = loss_of(logp_r, tokens)
                losses.append((weight_N[tokens] * loss_r).sum())
                if logits_gradient_nV is not None:
                    gradient_rV = logp_rV.exp_().neg_()
                    gradient_rV[torch.arange(len(logp_r), device=logp_r.device), token_N[tokens]] += 1.0
                    logits_gradient_nV[rows] = gradient_rV.mul_((weight_N[tokens] * slope_r)[:, None])
        if logits_gradient_nV is None:
            return
        hidden_gradient_nH = pull_back(logits_nV, logits_gradient_nV, hidden_nH, gradients)
        if hidden_gradient_nH is not None:
            gradients[hidden_NH][chunk] = hidden_gradient_nH

    for chunk in _chunks(len(token_N), chunk_tokens):
        add_chunk(chunk)
    return with_known_gradients(torch.stack(losses).sum(), gradients), torch.cat(logps), torch.cat(entropies)


@torch.no_grad()
def token_logp(hidden_NH: Tensor, head: Head, token_N: Tensor, *, chunk_tokens: int = 1024) -> tuple[Tensor, Tensor]:
    """log p of each token and the entropy at its place, both (N,), float32, without gradient."""
    parts = []
    for chunk in _chunks(len(token_N), chunk_tokens):
        logits_nV = head(hidden_NH[chunk])
        for rows in _row_blocks(logits_nV):
            logp_rV = log_probabilities(logits_nV[rows])
            parts.append((logp_rV.gather(1, token_N[chunk][rows, None]).squeeze(1), entropy(logp_rV)))
    logps, entropies = zip(*parts, strict=True)
    return torch.cat(logps), torch.cat(entropies)


def _chunks(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size`; a single empty one for count = 0, so that results without tokens keep their type."""
    if size < 1:
        raise ValueError(f"chunk_tokens must be at least 1, not {size}")
    for start in range(0, max(count, 1), size):
        yield slice(start, min(start + size, count))


def _row_blocks(logits_nV: Tensor) -> Iterator[slice]:
    count, vocabulary = logits_nV.shape
    on_cpu = logits_nV.device.type == "cpu"
    return _chunks(count, max(1, _CPU_BLOCK_ELEMENTS // max(vocabulary, 1)) if on_cpu else max(count, 1))
