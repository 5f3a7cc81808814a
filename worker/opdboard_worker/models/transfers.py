"""What moves between this process and the hub is told while it moves, to the one who listens: the run of the process."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm.auto import tqdm
from typing_extensions import override

from opdboard.domain.transfer import Transfer, bytes_told

TELL_SECONDS = 1.0
LOG_SECONDS = 30.0
_PACE_OF = 10
"""Reports, over which the speed is taken."""

_SETTLED = 2
"""Of which the first tell nothing: a small file came."""

log = logging.getLogger(__name__)

Listener = Callable[[Transfer | None], bool]
"""Is told what moves, None when it has arrived; False where it should not go on."""


class StopAsked(Exception):
    """The listener said that it should not go on."""


_listening: list[Listener] = []


@contextmanager
def told_to(listener: Listener) -> Iterator[None]:
    """Whatever moves while this block lasts, in any thread of this process."""
    _listening.append(listener)
    try:
        yield
    finally:
        _listening.remove(listener)


class Undrawn(tqdm):
    """A progress bar of the hub's client that nobody sees: a log is lines, not a terminal."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **(options | {"disable": True}))


class Meter:
    """Counts the bytes of one transfer; used by several threads."""

    def __init__(self, transfer: Transfer, now: Callable[[], float] = time.monotonic) -> None:
        """transfer: with nothing done; now: a steady clock."""
        self._transfer = transfer
        self._now = now
        self._lock = threading.Lock()
        self._seen: deque[tuple[float, int]] = deque([(now(), 0)], maxlen=_PACE_OF)
        self._logged = now()
        self._stopped = False
        self.failure: Exception | None = None
        """Why the listener could not be told."""

    def moved(self, done: int) -> None:
        """So many bytes are there by now. Raises StopAsked."""
        with self._lock:
            now = self._now()
            if not self._stopped and now - self._seen[-1][0] >= TELL_SECONDS:
                self._tell(min(done, self._transfer.total), now)
            if self._stopped:
                raise StopAsked

    def _tell(self, done: int, now: float) -> None:
        began, before = self._seen[0]
        self._seen.append((now, done))
        settled = len(self._seen) > _SETTLED and done > before
        speed = (done - before) / (now - began) if settled else None
        transfer = self._transfer.model_copy(update={"done": done, "speed": speed})
        if now - self._logged >= LOG_SECONDS:
            self._logged = now
            log.info("%s", transfer.told())
        try:
            self._stopped = not tell(transfer)
        except Exception as error:
            self._stopped, self.failure = True, error

    def bars(self) -> type[tqdm]:
        """Progress bars for the hub's client, which are counted.

        It makes one for files, one for bytes that came, and one for bytes on disk: of the last two the larger counts.
        """
        counted: list[tqdm] = []
        meter = self

        class Counted(Undrawn):
            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, **options)
                if options.get("unit") == "B":
                    counted.append(self)

            @override
            def update(self, n: float | None = 1) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
                with meter._lock:
                    self.n += n or 0
                meter.moved(int(max((bar.n for bar in counted), default=0)))

        return Counted


def tell(transfer: Transfer | None) -> bool:
    """Whether all who listen would have it go on."""
    answers = [listener(transfer) for listener in _listening]
    return all(answers)


@contextmanager
def moving(transfer: Transfer) -> Iterator[Meter]:
    """A transfer from here to the end of the block. Raises StopAsked, or what the listener raised."""
    log.info("%s", transfer.told())
    if not tell(transfer):
        raise StopAsked
    meter, began = Meter(transfer), time.monotonic()
    try:
        yield meter
    except StopAsked:
        if meter.failure is not None:
            raise meter.failure from None
        raise
    finally:
        if meter.failure is None:
            tell(None)
    seconds = time.monotonic() - began
    log.info("%s %s took %.1f s for %s", transfer.doing, transfer.what, seconds, bytes_told(transfer.total))
