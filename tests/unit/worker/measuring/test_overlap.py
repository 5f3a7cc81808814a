"""Two at a time on a CPU: order, errors, and how many items are held."""

import threading
from collections.abc import Iterator

import pytest
import torch
from support.threads import torch_threads
from threadpoolctl import threadpool_info

from opdboard_worker.measuring.overlap import overlapped

CPU = torch.device("cpu")


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two_threads():
    with torch_threads(2):
        yield


def test_two_run_at_once_with_half_of_the_threads_and_results_keep_their_order():
    both_are_here = threading.Barrier(2, timeout=30)

    def work(item: int) -> tuple[int, int, bool]:
        both_are_here.wait()  # would time out if one ran after the other
        return item, torch.get_num_threads(), torch.is_grad_enabled()

    assert list(overlapped(work, range(6), CPU)) == [(item, 1, False) for item in range(6)]
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(("of_torch", "of_each"), [(2, 1), (1, 1), (6, 3)])
def test_numpy_gets_as_many_threads_as_torch(of_torch: int, of_each: int):
    torch.set_num_threads(of_torch)
    before = blas_threads()
    assert list(overlapped(lambda _: blas_threads(), range(3), CPU)) == [{of_each}] * 3
    assert blas_threads() == before


def test_an_item_is_drawn_when_there_is_room_for_it():
    drawn, done = [], []

    def items() -> Iterator[int]:
        for item in range(7):
            assert len(drawn) - len(done) < 2
            drawn.append(item)
            yield item

    for item in overlapped(lambda item: item, items(), CPU):
        done.append(item)
    assert done == drawn == list(range(7))


def test_what_work_raises_is_raised_here():
    def work(item: int) -> int:
        if item == 2:
            raise ValueError("item 2")
        return item

    results = overlapped(work, range(9), CPU)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="item 2"):
        next(results)


def test_one_thread_works_alone():
    torch.set_num_threads(1)
    assert list(overlapped(lambda item: (item, threading.current_thread().name), range(2), CPU)) == [
        (item, threading.current_thread().name) for item in range(2)
    ]
