"""Several answers to each prompt: how many are right, whether any of k would be, and what the majority says.

All functions give one value per prompt, (N,) float64; scores of a set are means over its prompts (core.bootstrap).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence

import torch
from torch import Tensor


def avg_at_n(right_N: Tensor, n: int) -> Tensor:
    """Share of right answers, c / n: the chance that one answer is right. right_N: c, right answers of n, int64."""
    return _counts(right_N, n).double() / n


def pass_at_k(right_N: Tensor, n: int, k: int) -> Tensor:
    """Chance that k answers drawn from the n without putting back hold a right one: 1 - C(n - c, k) / C(n, k).

    Unbiased for the chance that k answers anew would (Chen et al., arXiv:2107.03374, eq. 1), where 1 - (1 - c / n)^k is not.
    Reckoned in whole numbers and rounded once. ValueError for k beyond n, of which n answers say nothing.
    """
    if not 1 <= k <= n:
        raise ValueError(f"pass@{k} cannot be told from {n} answers per prompt: k must be 1 to {n}")
    draws = math.comb(n, k)
    chance_C = torch.tensor([(draws - math.comb(n - c, k)) / draws for c in range(n + 1)], dtype=torch.float64)
    return chance_C[_counts(right_N, n)]


def majority(votes: Sequence[Hashable | None], right: Hashable) -> float:
    """1 where most votes are for `right`, 0 where they are not; of t answers that lead together each counts 1 / t.

    So no tie depends on the order of answers, and maj@1 and maj@2 of answers that all differ are avg@1 and avg@2. None is an
    answer that cannot be read: it does not vote. Without a vote nothing is right.
    """
    counts = Counter(vote for vote in votes if vote is not None)
    most = max(counts.values(), default=0)
    leading = [vote for vote, count in counts.items() if count == most]
    return 1 / len(leading) if right in leading else 0.0


def _counts(right_N: Tensor, n: int) -> Tensor:
    counts_N = right_N.long()
    if n < 1 or bool(((counts_N < 0) | (counts_N > n)).any()):
        raise ValueError(f"{right_N.tolist()} are no numbers of right answers out of {n}")
    return counts_N
