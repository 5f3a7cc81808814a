"""Looks at files and folders that a client named, a few at a time, each with a time limit.

A disk may hang for ever (a network file system whose server is gone). What looks there is given up after a while and keeps its
place until it returns; once all places are kept, further looks are refused, and everything else goes on.
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


class FileLooks:
    """A number of places, in which functions run beside the threads that answer requests."""

    def __init__(self) -> None:
        self._free = threading.Semaphore(AT_ONCE)
        self._queue = threading.Semaphore(WAITING)

    def __call__(self, look: Callable[[], _T]) -> _T:
        """What the function returns or raises; Unavailable when there is no place for it, or it takes too long."""
        if not (self._free.acquire(blocking=False) or self._wait()):
            raise Unavailable("too many files are being looked at, or their disk does not answer; try again later")
        answer: Future[_T] = Future()
        threading.Thread(target=self._run, args=(look, answer), name="looks at files", daemon=True).start()
        try:
            return answer.result(LONGEST_SECONDS)
        except TimeoutError as error:
            if answer.done():  # raised by the look itself
                raise
            raise Unavailable(
                f"the disk did not answer within {LONGEST_SECONDS:.0f} s; is a network drive gone?"
            ) from error

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
