"""Which rows of logits are tokens, and which tokens are one event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Vocabulary:
    """The tokens that student and teacher are compared on: ids 0 to size - 1. Rows of logits beyond are padding.

    event: tokens that end a text, counted as one; the first of them stands for all. Empty where each counts for itself.
    """

    size: int
    event: tuple[int, ...] = ()

    def logits(self, logits_NR: Tensor) -> Tensor:
        """Of the R rows those of tokens, (..., V): padding is cut off, so that it is in no soft-max and gets no gradient.

        The event has the logarithm of its tokens' summed exponentials, which sums their probabilities; the others are -inf.
        """
        logits_NV = logits_NR[..., : self.size]
        if not self.event:
            return logits_NV
        event_E = torch.tensor(self.event, device=logits_NV.device)
        summed_N = logits_NV[..., event_E].float().logsumexp(-1).to(logits_NV.dtype)
        logits_NV = logits_NV.index_fill(-1, event_E, -torch.inf)
        logits_NV[..., self.event[0]] = summed_N
        return logits_NV

    def tokens(self, ids: Sequence[int]) -> list[int]:
        """A text's ids as they count here: the event's first for each of its tokens."""
        return [self.event[0] if token in self.event else token for token in ids]
