"""torch's threads, for tests that say how many."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """So many within, as many as before afterwards.

    One, for small models and factorisations: on a busy machine their threads spend their time waiting for each other.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
