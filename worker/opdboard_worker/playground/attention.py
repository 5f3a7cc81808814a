"""Whether anybody is still there: by signs of life that are counted in the database and timed by this process's steady clock."""

import time
from collections.abc import Callable

GONE_SECONDS = 150.0
"""Without a sign of life of any page. A browser lets a page that is not in sight act once a minute."""
LEFT_SECONDS = 60.0
"""After a page said that it closes: one that is loaded anew, another one, or a look at another tab and back."""


class Attention:
    """Of a playground: its pages, and when somebody last had an answer."""

    def __init__(self, idle_seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        """idle_seconds: without a question, after which it is over; now: a steady clock."""
        self._idle_seconds = idle_seconds
        self._now = now
        self._beats: int | None = None
        self._heard = self._asked = now()
        self._left = False

    def seen(self, beats: int, *, left: bool) -> None:
        """What the database tells now: how many signs of life so far, and whether the last one was a farewell."""
        self._left = left
        if beats != self._beats:
            self._beats, self._heard = beats, self._now()

    def answered(self) -> None:
        """Somebody asks, or has just got an answer."""
        self._asked = self._now()

    def closed(self) -> bool:
        """Whether no page shows it any more."""
        return self._now() - self._heard >= (LEFT_SECONDS if self._left else GONE_SECONDS)

    def over(self) -> str | None:
        """Why nobody will ask any more; None while somebody may."""
        if self.closed():
            return "its page was closed"
        if self._now() - self._asked >= self._idle_seconds:
            return f"nothing was asked for {self._idle_seconds / 60:g} minutes"
        return None
