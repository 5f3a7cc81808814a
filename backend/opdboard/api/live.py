"""Server-sent events: one poller per process watches the runs, and every open browser hears of what changed.

A browser that reads slowly is never queued for without bound: per browser only the newest state of each run waits.
One that was away is told what it missed, deletions included.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from sse_starlette import EventSourceResponse, ServerSentEvent

from opdboard.api.runs.schemas import RunSummary
from opdboard.api.runs.service import summary
from opdboard.db import watching
from opdboard.db.database import Database
from opdboard.db.tables import Run

POLL_SECONDS = 0.1
FRESH_SECONDS = 1.0
PING_SECONDS = 5.0
CLOCK_SKEW_SECONDS = 30.0
RUNS_PER_EVENT = 200

logger = logging.getLogger(__name__)


class LiveRuns(BaseModel):
    """Data of a `runs` event: the runs that changed, as they are now."""

    runs: list[RunSummary]


class LiveDeleted(BaseModel):
    """Data of a `deleted` event: ids of runs that are gone."""

    runs: list[str]


class LivePing(BaseModel):
    """Data of a `ping` event, which proves that the connection lives; times in s since the epoch."""

    at: float = Field(description="The server's clock.")
    read_at: float = Field(description="When the database last answered; long before `at`, it does not.")
    heartbeats: dict[str, float] = Field(description="Active run -> last sign of life of its trainer's process.")
    workers: list[str] = Field(description="Ids of the workers that are alive.")


@dataclass(frozen=True)
class RunUpdate:
    """A run's state, rendered once for all browsers."""

    run_id: str
    json: str


@dataclass(frozen=True)
class News:
    """What happened between two looks at the database."""

    updates: list[RunUpdate] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)


def _update(run: Run) -> RunUpdate:
    return RunUpdate(run.id, summary(run).model_dump_json())


@dataclass(eq=False)
class Subscriber:
    """One open browser: the newest state of each run, and the deletions, that it has not been sent."""

    waiting: dict[str, RunUpdate] = field(default_factory=dict)
    deleted: dict[str, None] = field(default_factory=dict)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, news: News) -> None:
        """Replace what waits for these runs."""
        self.waiting.update((update.run_id, update) for update in news.updates)
        self.deleted.update(dict.fromkeys(news.deleted))
        for run_id in news.deleted:
            self.waiting.pop(run_id, None)
        self.woken.set()

    async def next(self, timeout: float) -> News:
        """What has changed since the last call, waiting for something at most this many seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.woken.wait(), timeout)
        self.woken.clear()
        news = News(list(self.waiting.values()), list(self.deleted))
        self.waiting, self.deleted = {}, {}
        return news


class LiveHub:
    """Polls the database while anybody listens and tells all listeners."""

    def __init__(self, database: Database, lease_seconds: float) -> None:
        """database: where the runs are. lease_seconds: the silence after which a worker counts as gone."""
        self._database = database
        self._lease = lease_seconds
        self._workers: list[str] = []
        self._subscribers: set[Subscriber] = set()
        self._somebody = asyncio.Event()
        self._known: dict[str, int] = {}
        self._deleted: set[str] = set()
        self._heartbeats: dict[str, float] = {}
        self._polled_until = 0.0  # by the clock of the rows, which may step
        self._polled_at = -math.inf  # this and the next by the monotonic clock, of which ages are made
        self._answered_at = -math.inf

    def known_seq(self, run_id: str) -> int | None:
        """The sequence number of a run that moves, as old as a poll at most; None when nobody has looked lately."""
        return self._known.get(run_id) if time.monotonic() - self._polled_at < FRESH_SECONDS else None

    async def run(self) -> None:
        """Poll until cancelled; a database that does not answer is tried again."""
        while True:
            await self._somebody.wait()
            began, began_at = time.time(), time.monotonic()
            try:
                news = await asyncio.to_thread(self._changes)
            except SQLAlchemyError as error:
                logger.warning("live updates: the database does not answer (%s)", type(error).__name__)
            else:
                self._polled_until, self._polled_at, self._answered_at = began, began_at, began_at
                if news.updates or news.deleted:
                    for subscriber in self._subscribers:
                        subscriber.tell(news)
            await asyncio.sleep(POLL_SECONDS)

    def _changes(self) -> News:
        """What moved since the last poll; the clocks of workers may be off by CLOCK_SKEW_SECONDS."""
        since = time.time() - CLOCK_SKEW_SECONDS
        with self._database.read() as session:
            pulses = watching.pulses(session, since)
            moved = [run_id for run_id, pulse in pulses.items() if self._known.get(run_id) != pulse.seq]
            updates = [_update(run) for run in watching.by_ids(session, moved)]
            deleted = watching.deleted_since(session, since)
            self._workers = watching.alive_workers(session, time.time() - self._lease)
        news = News(updates, [run_id for run_id in deleted if run_id not in self._deleted])
        self._known = {run_id: pulse.seq for run_id, pulse in pulses.items()}
        self._heartbeats = {run_id: pulse.heartbeat_at for run_id, pulse in pulses.items() if pulse.heartbeat_at}
        self._deleted = set(deleted)
        return news

    def _missed(self, last_event: int | None) -> News:
        """What a new listener must hear first: what it missed, and the active runs when it has heard nothing yet.

        One that has heard nothing has just begun to read pages, and misses what changed between a page and this.
        """
        now = time.time()
        since = (now if last_event is None else min(now, last_event / 1e6)) - CLOCK_SKEW_SECONDS
        with self._database.read() as session:
            changed = watching.changed_since(session, since, active=last_event is None)
            return News([_update(run) for run in changed], watching.deleted_since(session, since))

    async def events(self, last_event: int | None) -> AsyncIterator[ServerSentEvent]:
        """The stream of one browser: first what it missed, then changes as they come, and a ping every few seconds.

        The id of an event is the moment up to which its reader has been told everything, in microseconds.
        """
        subscriber = Subscriber()
        self._subscribers.add(subscriber)
        self._somebody.set()
        try:
            told_until, asked_at = time.time(), time.monotonic()
            news = await asyncio.to_thread(self._missed, last_event)
            self._answered_at = max(self._answered_at, asked_at)  # nobody may have polled for long
            ping_due = 0.0
            while True:
                for event in _events(news, told_until):
                    yield event
                if time.monotonic() >= ping_due:
                    ping_due = time.monotonic() + PING_SECONDS
                    yield self._ping(told_until)
                news = await subscriber.next(max(0.0, ping_due - time.monotonic()))
                told_until = max(told_until, self._polled_until)
        finally:
            self._subscribers.discard(subscriber)
            if not self._subscribers:
                self._somebody.clear()

    def _ping(self, told_until: float) -> ServerSentEvent:
        now = time.time()
        silence = time.monotonic() - self._answered_at
        ping = LivePing(at=now, read_at=now - silence, heartbeats=self._heartbeats, workers=self._workers)
        return ServerSentEvent(ping.model_dump_json(), event="ping", id=_id(told_until))


def _events(news: News, told_until: float) -> list[ServerSentEvent]:
    """Only the last event has an id: a connection that breaks before it is told all of them again."""
    events = []
    for start in range(0, len(news.updates), RUNS_PER_EVENT):
        part = ",".join(update.json for update in news.updates[start : start + RUNS_PER_EVENT])
        events.append(ServerSentEvent(f'{{"runs":[{part}]}}', event="runs"))
    if news.deleted:
        events.append(ServerSentEvent(LiveDeleted(runs=news.deleted).model_dump_json(), event="deleted"))
    if events:
        events[-1].id = _id(told_until)
    return events


def _id(moment: float) -> str:
    return str(round(moment * 1e6))


router = APIRouter(prefix="/api/live", tags=["live"])


@router.get(
    "",
    response_class=EventSourceResponse,
    response_model=None,
    responses={
        200: {
            "model": LiveRuns | LiveDeleted | LivePing,
            "content": {"text/event-stream": {}},
            "description": "Events `runs`, `deleted` and `ping`.",
        }
    },
)
async def live(request: Request, last_event_id: Annotated[str, Header(max_length=64)] = "") -> EventSourceResponse:
    """Runs as they change or are deleted. Reconnect with Last-Event-ID to miss nothing."""
    hub: LiveHub = request.app.state.live
    last_event = (
        int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 20 else None
    )
    return EventSourceResponse(hub.events(last_event), ping=0, sep="\n")
