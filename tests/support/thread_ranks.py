"""Ranks of one run as threads of this process, which really gather and add: sharing out, tested without starting processes."""

import threading
from collections.abc import Sequence

import torch
from torch import Tensor

from opdboard_worker.training.ranks import Value


class Meeting:
    """Where the threads of one run wait for one another."""

    def __init__(self, size: int) -> None:
        self.slots: list[object] = [None] * size
        self.barrier = threading.Barrier(size, timeout=60)


class ThreadRanks:
    """See opdboard_worker.training.ranks.Ranks."""

    def __init__(self, rank: int, meeting: Meeting) -> None:
        self.rank, self.size = rank, len(meeting.slots)
        self._meeting = meeting

    def gather(self, value: Value) -> list[Value]:
        self._meeting.slots[self.rank] = value
        self._meeting.barrier.wait()
        gathered = list(self._meeting.slots)
        self._meeting.barrier.wait()
        return gathered  # pyright: ignore[reportReturnType]

    def from_first(self, value: Value) -> Value:
        return self.gather(value)[0]

    def add_(self, tensors: Sequence[Tensor]) -> None:
        every = self.gather([tensor.clone() for tensor in tensors])
        for tensor, parts in zip(tensors, zip(*every, strict=True), strict=True):
            tensor.copy_(torch.stack(parts).sum(0))
