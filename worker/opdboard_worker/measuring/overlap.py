"""Work on matrices, two at a time: while one of them is in a factorisation that keeps one core busy, the other multiplies."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch
from threadpoolctl import threadpool_limits

T = TypeVar("T")
R = TypeVar("R")

_AT_ONCE = 2
"""More would keep more cores busy and hold more matrices in memory."""


def overlapped(work: Callable[[T], R], items: Iterable[T], device: torch.device) -> Iterator[R]:
    """work(item) of every item, in their order; an item is drawn when there is room for it, in the caller's thread.

    On a CPU two run at once, each with half of torch's threads, and NumPy with as many; a CUDA device is kept busy by one after the other. What
    work or items raise is raised here, once those that run have ended.
    """
    threads = torch.get_num_threads() // _AT_ONCE
    if device.type == "cuda" or threads == 0:
        with threadpool_limits(torch.get_num_threads(), user_api="blas"):
            yield from map(work, items)
        return
    running: deque[Future[R]] = deque()
    # How many threads torch may use is said for each thread of its own, and once for all to NumPy's BLAS.
    with (
        threadpool_limits(threads, user_api="blas"),
        ThreadPoolExecutor(_AT_ONCE, initializer=lambda: torch.set_num_threads(threads)) as pool,
    ):
        for item in items:
            running.append(pool.submit(torch.no_grad()(work), item))
            del item
            if len(running) == _AT_ONCE:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
