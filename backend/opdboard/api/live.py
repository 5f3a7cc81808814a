"""Server-sent events: one poller per process watches the runs, and every open browser hears of what changed.

A browser that reads slowly is never queued for without bound: per browser only the newest state of each run waits.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from sse_starlette import EventSourceResponse, ServerSentEvent

from opdboard.api.runs.schemas import RunSummary
from opdboard.api.runs.service import summary
from opdboard.db import watching
from opdboard.db.database import Database
from opdboard.db.tables import Run

POLL_SECONDS = 0.2
PING_SECONDS = 5.0
CLOCK_SKEW_SECONDS = 30.0
RUNS_PER_EVENT = 200

logger = logging.getLogger(__name__)


class LiveRuns(BaseModel):
    """Data of a `runs` event: the runs that changed, as they are now."""

    runs: list[RunSummary]


class LivePing(BaseModel):
    """Data of a `ping` event: the server's clock, s since the epoch."""

    at: float


@dataclass(frozen=True)
class RunUpdate:
    """A run's state, rendered once for all browsers."""

    run_id: str
    updated_at: float
    json: str


def _update(run: Run) -> RunUpdate:
    return RunUpdate(run.id, run.updated_at, summary(run).model_dump_json())


@dataclass(eq=False)
class Subscriber:
    """One open browser: the newest state of each run that it has not been sent."""

    waiting: dict[str, RunUpdate] = field(default_factory=dict)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, updates: Iterable[RunUpdate]) -> None:
        """Replace what waits for these runs."""
        self.waiting.update((update.run_id, update) for update in updates)
        self.woken.set()

    async def next(self, timeout: float) -> list[RunUpdate]:
        """What has changed since the last call, waiting for something at most this many seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.woken.wait(), timeout)
        self.woken.clear()
        waiting, self.waiting = self.waiting, {}
        return list(waiting.values())


class LiveHub:
    """Polls the database while anybody listens and tells all listeners."""

    def __init__(self, database: Database) -> None:
        """database: where the runs are."""
        self._database = database
        self._subscribers: set[Subscriber] = set()
        self._somebody = asyncio.Event()
        self._known: dict[str, int] = {}

    async def run(self) -> None:
        """Poll until cancelled; a database that does not answer is tried again."""
        while True:
            await self._somebody.wait()
            try:
                updates = await asyncio.to_thread(self._changes)
            except SQLAlchemyError as error:
                logger.warning("live updates: the database does not answer (%s)", type(error).__name__)
                updates = []
            if updates:
                for subscriber in self._subscribers:
                    subscriber.tell(updates)
            await asyncio.sleep(POLL_SECONDS)

    def _changes(self) -> list[RunUpdate]:
        """Runs whose sequence moved since the last poll; workers' clocks may be off by CLOCK_SKEW_SECONDS."""
        with self._database.read() as session:
            now = watching.sequences(session, time.time() - CLOCK_SKEW_SECONDS)
            moved = [run_id for run_id, seq in now.items() if self._known.get(run_id) != seq]
            updates = [_update(run) for run in watching.by_ids(session, moved)]
        self._known = now
        return updates

    def _missed(self, last_event: int | None) -> list[RunUpdate]:
        """What a new listener must hear first: what it missed, or the active runs when it has heard nothing yet."""
        with self._database.read() as session:
            if last_event is None:
                found = watching.active(session)
            else:
                found = watching.changed_since(session, last_event / 1e6 - CLOCK_SKEW_SECONDS)
            return [_update(run) for run in found]

    async def events(self, last_event: int | None) -> AsyncIterator[ServerSentEvent]:
        """The stream of one browser: first what it missed, then changes as they come, and a ping every few seconds."""
        subscriber = Subscriber()
        self._subscribers.add(subscriber)
        self._somebody.set()
        try:
            newest = (last_event or 0) / 1e6
            updates = await asyncio.to_thread(self._missed, last_event)
            ping_due = time.monotonic() + PING_SECONDS
            yield _ping()
            while True:
                for start in range(0, len(updates), RUNS_PER_EVENT):
                    part = updates[start : start + RUNS_PER_EVENT]
                    newest = max(newest, *(update.updated_at for update in part))
                    yield _event(part, newest)
                if time.monotonic() >= ping_due:
                    ping_due = time.monotonic() + PING_SECONDS
                    yield _ping()
                updates = await subscriber.next(max(0.0, ping_due - time.monotonic()))
        finally:
            self._subscribers.discard(subscriber)
            if not self._subscribers:
                self._somebody.clear()


def _event(updates: list[RunUpdate], newest: float) -> ServerSentEvent:
    data = '{"runs":[' + ",".join(update.json for update in updates) + "]}"
    return ServerSentEvent(data, event="runs", id=str(round(newest * 1e6)))


def _ping() -> ServerSentEvent:
    return ServerSentEvent(LivePing(at=time.time()).model_dump_json(), event="ping")


router = APIRouter(prefix="/api/live", tags=["live"])


@router.get(
    "",
    response_class=EventSourceResponse,
    response_model=None,
    responses={
        200: {"model": LiveRuns, "content": {"text/event-stream": {}}, "description": "Events `runs` and `ping`."}
    },
)
async def live(request: Request, last_event_id: Annotated[str, Header(max_length=64)] = "") -> EventSourceResponse:
    """Changed runs as they change. Reconnect with Last-Event-ID to miss nothing."""
    hub: LiveHub = request.app.state.live
    last_event = (
        int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 20 else None
    )
    return EventSourceResponse(hub.events(last_event), ping=0, sep="\n")
