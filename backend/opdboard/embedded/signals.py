"""How a command that owns processes is ended."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def signals_end_the_command() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP raise SystemExit; a second one also cuts short the wait for children that are ending."""

    def _end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, _end) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
