"""Tasks that run for as long as the web process does: one that ends is told of in the log and by /healthz, and begun again."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

RESTART_SECONDS = 1.0
RECENT_SECONDS = 60.0

logger = logging.getLogger(__name__)


class Kept:
    """One task, and what became of it so far."""

    def __init__(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """run: meant to go on until it is cancelled."""
        self.name = name
        self.restarts = 0
        self.last_error: str | None = None
        self._run = run
        self._ended_at: float | None = None

    @property
    def well(self) -> bool:
        """Whether it has not ended lately."""
        return self._ended_at is None or time.monotonic() - self._ended_at > RECENT_SECONDS

    async def keep(self) -> None:
        """Run until cancelled."""
        while True:
            try:
                await self._run()
                self.last_error = "it ended"
                logger.error("the task %s ended, which it never should: it is begun again", self.name)
            except Exception as error:
                self.last_error = type(error).__name__
                logger.exception("the task %s failed: it is begun again", self.name)
            self._ended_at = time.monotonic()
            self.restarts += 1
            await asyncio.sleep(RESTART_SECONDS)


class Background:
    """All of them."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Begin one."""
        kept = Kept(name, run)
        self.kept.append(kept)
        self._tasks.append(asyncio.create_task(kept.keep(), name=name))

    async def stop(self) -> None:
        """End them all."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
