"""Work on many tokens a chunk at a time: chunks that shrink where memory does not suffice, rows in blocks on CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

OnSmaller = Callable[[int], None]
"""Told the new size, in tokens, each time a chunk was halved because memory did not suffice."""

_CPU_BLOCK_ELEMENTS = 1 << 22
"""Holds soft-max temporaries on CPU at 16 MiB: larger ones are mapped afresh each time, several times as slow."""


def in_chunks(count: int, size: int, work: Callable[[slice], None], on_smaller: OnSmaller | None = None) -> None:
    """work(chunk) on successive slices of at most `size` of `count` tokens; on one empty slice for count = 0.

    When `work` runs out of memory its chunk is halved, tried again, and later chunks stay that small; `on_smaller` is
    told. `work` must change nothing before it is sure to succeed. Raises torch.OutOfMemoryError when a single token is
    too much, ValueError for a size below 1.
    """
    if size < 1:
        raise ValueError(f"chunk_tokens must be at least 1, not {size}")
    start = 0
    while start < max(count, 1):
        stop = min(start + size, count)
        if _fits(work, slice(start, stop)):
            start += size
            continue
        size = (stop - start) // 2
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()
        if on_smaller is not None:
            on_smaller(size)


def _fits(work: Callable[[slice], None], chunk: slice) -> bool:
    """The exception, and what its frames hold, is gone when this returns: only then can memory be found again."""
    try:
        work(chunk)
    except torch.OutOfMemoryError:
        if chunk.stop - chunk.start <= 1:
            raise
        return False
    return True


def row_blocks(logits_nV: Tensor) -> Iterator[slice]:
    """Blocks of rows for the soft-max arithmetic: small enough to reuse memory on CPU, one block elsewhere."""
    count, vocabulary = logits_nV.shape
    size = max(count, 1)
    if logits_nV.device.type == "cpu":
        size = max(1, _CPU_BLOCK_ELEMENTS // max(vocabulary, 1))
    for start in range(0, max(count, 1), size):
        yield slice(start, min(start + size, count))
