"""Looks at what may not answer for long, or ever: files and folders that a client named, and the hub.

A disk may hang (a network file system whose server is gone), a network may be away. What looks there is given up after a while
and keeps its place until it returns; once all places are kept, further looks are refused, and everything else goes on.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from opdboard.domain.errors import Unavailable

AT_ONCE = 8
WAITING = 8
PATIENCE_SECONDS = 1.0
LONGEST_SECONDS = 10.0
_T = TypeVar("_T")


class Looks:
    """A number of places, in which functions run beside the threads that answer requests."""

    def __init__(self, busy: str, silent: str) -> None:
        """What is said when there is no place, and when nothing answers."""
        self._busy, self._silent = busy, silent
        self._free = threading.Semaphore(AT_ONCE)
        self._queue = threading.Semaphore(WAITING)

    def __call__(self, look: Callable[[], _T]) -> _T:
        """What the function returns or raises; Unavailable when there is no place for it, or it takes too long."""
        if not (self._free.acquire(blocking=False) or self._wait()):
            raise Unavailable(self._busy)
        answer: Future[_T] = Future()
        threading.Thread(target=self._run, args=(look, answer), name="looks", daemon=True).start()
        try:
            return answer.result(LONGEST_SECONDS)
        except TimeoutError as error:
            if answer.done():  # raised by the look itself
                raise
            raise Unavailable(self._silent) from error

    def _wait(self) -> bool:
        """A place that becomes free soon, unless many wait already."""
        if not self._queue.acquire(blocking=False):
            return False
        try:
            return self._free.acquire(timeout=PATIENCE_SECONDS)
        finally:
            self._queue.release()

    def _run(self, look: Callable[[], _T], answer: Future[_T]) -> None:
        try:
            result = look()
        except BaseException as error:
            self._free.release()
            answer.set_exception(error)
        else:
            self._free.release()
            answer.set_result(result)


def at_files() -> Looks:
    """By which alone files are looked at whose names came from a client."""
    return Looks(
        "too many files are being looked at, or their disk does not answer; try again later",
        f"the disk did not answer within {LONGEST_SECONDS:.0f} s; is a network drive gone?",
    )


def at_the_hub() -> Looks:
    """By which alone the Hugging Face hub is asked, whose client is patient."""
    return Looks(
        "the hub does not answer those who have asked before; try again later",
        f"the hub did not answer within {LONGEST_SECONDS:.0f} s; is this server connected?",
    )
