"""Data parallel: processes that share one run, each with the whole model, and its part of every batch.

Place i of a batch, of D_v and of the held-out set belongs to rank i mod size. Random numbers belong to places, so that
sharing out changes none of them (docs/decisions/0002). What every rank must know is gathered to all in one order: each
comes to the same decisions by itself.
"""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol, TypeVar

import torch
from torch import Tensor
from torch import distributed as dist
from typing_extensions import override

from opdboard.domain.errors import TrainingProblem

Value = TypeVar("Value")

_AS_LONG_AS_A_PAUSE = timedelta(days=365)
"""Ranks wait for the first one while the run is paused. A rank that dies is noticed by torchrun, not by a time limit."""


class LostRank(Exception):
    """Another rank is gone; why, it has told itself."""


class Ranks(Protocol):
    """All ranks call the same methods in the same order."""

    rank: int
    """0 is the first: it alone reports, writes checkpoints and reads commands."""
    size: int

    def gather(self, value: Value) -> list[Value]:
        """Every rank's value, in the order of ranks. Tensors in it must be on the CPU."""
        ...

    def from_first(self, value: Value) -> Value:
        """The first rank's value."""
        ...

    def add_(self, tensors: Sequence[Tensor]) -> None:
        """Replace each by its sum over the ranks, the same bit for bit on all of them."""
        ...


class Alone(Ranks):
    """The only process of a run."""

    rank, size = 0, 1

    @override
    def gather(self, value: Value) -> list[Value]:
        return [value]

    @override
    def from_first(self, value: Value) -> Value:
        return value

    @override
    def add_(self, tensors: Sequence[Tensor]) -> None:
        pass


class Processes(Ranks):
    """One of the processes that torchrun started."""

    def __init__(self, device: str) -> None:
        """device: 'cuda' (NCCL) or 'cpu' (gloo). Waits for the others."""
        backend = "cpu:gloo,cuda:nccl" if device == "cuda" else "gloo"
        dist.init_process_group(backend, timeout=_AS_LONG_AS_A_PAUSE)
        self.rank, self.size = dist.get_rank(), dist.get_world_size()

    @override
    def gather(self, value: Value) -> list[Value]:
        """Raises LostRank."""
        gathered: list[Value] = [value] * self.size
        try:
            dist.all_gather_object(gathered, value)
        except RuntimeError as error:
            raise LostRank(str(error)) from error
        return gathered

    @override
    def from_first(self, value: Value) -> Value:
        """Raises LostRank."""
        sent = [value]
        try:
            dist.broadcast_object_list(sent, src=0)
        except RuntimeError as error:
            raise LostRank(str(error)) from error
        return sent[0]

    @override
    def add_(self, tensors: Sequence[Tensor]) -> None:
        """Raises LostRank."""
        try:
            for work in [dist.all_reduce(tensor, async_op=True) for tensor in tensors]:
                assert work is not None, "every rank belongs to the group"
                work.wait()
        except RuntimeError as error:
            raise LostRank(str(error)) from error


def join(device: str) -> Ranks:
    """The ranks of this process's run: those that torchrun started with it, or it alone."""
    return Processes(device) if int(os.environ.get("WORLD_SIZE", "1")) > 1 else Alone()


def share(ranks: Ranks, count: int, *, of: int | None = None) -> list[int]:
    """The places, of `count`, that are this rank's, or those of another one."""
    return list(range(ranks.rank if of is None else of, count, ranks.size))


def shared_out(ranks: Ranks, count: int) -> list[int]:
    """The places of all ranks, in the order in which `gather` brings what was made of them."""
    return [place for rank in range(ranks.size) for place in share(ranks, count, of=rank)]


def total(ranks: Ranks, number: float) -> float:
    """Sum over the ranks."""
    return sum(ranks.gather(number))


def add_gradients(ranks: Ranks, parameters: Sequence[torch.nn.Parameter]) -> None:
    """Sum each gradient over the ranks; one that no rank has stays None, as it would in a single process."""
    if ranks.size == 1:
        return
    flags = ranks.gather([parameter.grad is not None for parameter in parameters])
    for parameter, anywhere in zip(parameters, map(any, zip(*flags, strict=True)), strict=True):
        if anywhere and parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    ranks.add_([parameter.grad for parameter in parameters if parameter.grad is not None])


def require_same_weights(ranks: Ranks, parameters: Sequence[torch.nn.Parameter], step: int) -> None:
    """Raise TrainingProblem unless the weights of all ranks have the same norm: each updates its own copy."""
    if ranks.size == 1:
        return
    norms = ranks.gather(float(torch.nn.utils.get_total_norm([one.detach() for one in parameters])))
    if len({repr(norm) for norm in norms}) > 1:
        raise TrainingProblem(
            f"the copies of the weights have drifted apart by step {step}, their norms are {norms}; resume the run from its "
            "last checkpoint, or fork it with devices 1 if it happens again",
            where=f"step {step}",
        )
