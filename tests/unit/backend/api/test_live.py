"""Live events over a real server on a free port, and the shared poller by itself."""

import asyncio
import base64
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from support.commands import clean_environment, web_server
from support.stored_runs import create, move, record, start

from opdboard.api import background, live
from opdboard.api.app import create_app
from opdboard.db import runs, workers
from opdboard.db.database import Database
from opdboard.domain.run_state import RunState
from opdboard.embedded.web import AnnouncingServer
from opdboard.lifecycle import claims
from opdboard.settings import Settings

DEADLINE_SECONDS = 30.0


@dataclass
class Event:
    """One server-sent event."""

    name: str
    id: str | None
    data: dict


class Stream:
    """Events of one open connection."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def next(self, name: str) -> Event:
        """The next event of that name; others are passed over."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if line:
                key, _, value = line.partition(": ")
                fields[key] = value
                continue
            if fields.get("event") == name:
                return Event(name, fields.get("id"), json.loads(fields["data"]))
            fields = {}
        pytest.fail(f"the stream ended before a {name!r} event")


@contextmanager
def listening(url: str, last_event_id: str | None = None) -> Iterator[Stream]:
    """An open stream of events."""
    headers = {"Last-Event-ID": last_event_id} if last_event_id is not None else {}
    with (
        httpx.Client(base_url=url, timeout=DEADLINE_SECONDS) as client,
        client.stream("GET", "/api/live", headers=headers) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer.iter_lines())


@pytest.fixture
def url(settings: Settings, sqlite_database: Database, tmp_path: Path) -> Iterator[str]:
    """A server in a thread: as a process it would take a second and a half to import what is imported here."""
    app, (read_end, ready) = create_app(settings, static=tmp_path), os.pipe()
    server = AnnouncingServer(uvicorn.Config(app, log_level="warning", ws="none"), ready)
    with socket.create_server(("127.0.0.1", 0)) as listener, os.fdopen(read_end, "rb") as announced:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        assert announced.read(1) == b"1"
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def test_a_browser_hears_of_active_and_recent_runs_then_of_every_change(url: str, sqlite_database: Database):
    run_id, attempt = start(sqlite_database)
    recent = create(sqlite_database, name="queued just now")
    long_ago = [start(sqlite_database)[0], create(sqlite_database, name="queued long ago")]
    with sqlite_database.write() as session:
        for one in long_ago:
            runs.get(session, one).updated_at = time.time() - 3600
    with listening(url) as stream:
        first = stream.next("runs")
        told = {run["id"]: run for run in first.data["runs"]}
        assert told.keys() == {long_ago[0], run_id, recent}
        record(sqlite_database, run_id, attempt, 1, {"loss": 0.25})
        changed = stream.next("runs")
        while run_id not in [run["id"] for run in changed.data["runs"] if run["step"] == 1]:
            changed = stream.next("runs")
        (run,) = [run for run in changed.data["runs"] if run["id"] == run_id]
        assert run["latest"] == {"loss": 0.25}
        assert run["topics"]["scalars"] == run["seq"]
        assert int(changed.id or 0) >= int(first.id or 0) > 0


def test_a_new_run_and_its_end_are_told(url: str, sqlite_database: Database):
    with listening(url) as stream:
        stream.next("ping")
        run_id = create(sqlite_database, name="new")
        assert run_id in [run["id"] for run in stream.next("runs").data["runs"]]
        move(sqlite_database, run_id, RunState.STOPPED)
        told = stream.next("runs").data["runs"]
        assert [run["state"] for run in told if run["id"] == run_id] == ["stopped"]


def test_a_browser_that_was_away_hears_what_it_missed(url: str, sqlite_database: Database):
    run_id, attempt = start(sqlite_database)
    other = create(sqlite_database, name="long ago")
    with sqlite_database.write() as session:
        runs.get(session, other).updated_at = time.time() - 3600
    with listening(url) as stream:
        last_id = stream.next("runs").id
    record(sqlite_database, run_id, attempt, 1, {"loss": 0.5})
    move(sqlite_database, run_id, RunState.FINISHED)  # without an id only active runs would be told
    with listening(url, last_id) as stream:
        missed = stream.next("runs").data["runs"]
        assert [(run["id"], run["state"], run["step"]) for run in missed] == [(run_id, "finished", 1)]


def test_an_id_that_is_none_counts_as_a_first_visit(url: str, sqlite_database: Database):
    run_id, _ = start(sqlite_database)
    for last_event_id in ("", "nonsense", "-5", "9" * 40):
        with listening(url, last_event_id) as stream:
            assert [run["id"] for run in stream.next("runs").data["runs"]] == [run_id]


@pytest.mark.slow
def test_the_server_stops_although_browsers_listen(settings: Settings, sqlite_database: Database):
    with ExitStack() as browsers, web_server(clean_environment(settings.data_dir)) as url:
        for stream in [browsers.enter_context(listening(url)) for _ in range(2)]:
            stream.next("ping")


def test_deletions_are_told_at_once_and_to_those_who_were_away(url: str, sqlite_database: Database):
    doomed, kept = create(sqlite_database, name="doomed"), create(sqlite_database, name="kept")
    with listening(url) as stream:
        last_id = stream.next("ping").id
        with sqlite_database.write() as session:
            runs.delete_run(session, doomed)
        assert stream.next("deleted").data == {"runs": [doomed]}
    move(sqlite_database, kept, RunState.STOPPED)
    with sqlite_database.write() as session:
        runs.delete_run(session, kept)
    with listening(url, last_id) as stream:
        assert stream.next("deleted").data == {"runs": [doomed, kept]}


def test_a_ping_tells_that_a_silent_trainer_lives_and_which_workers_do(
    url: str, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(live, "PING_SECONDS", 0.1)
    run_id, attempt = start(sqlite_database)
    with listening(url) as stream:
        stream.next("ping")
        with sqlite_database.write() as session:
            claims.beat(session, run_id, attempt)
            beaten_at = runs.get(session, run_id).heartbeat_at
            workers.beat(session, "w", host="h", pid=1, started_at=0.0, queues=["any"], run_id=None, load={})
        while (ping := stream.next("ping").data)["heartbeats"] != {run_id: beaten_at} or not ping["workers"]:
            pass
        assert ping["workers"] == ["w"]
        assert ping["at"] - 5 < ping["read_at"] <= ping["at"]


def test_only_the_last_event_of_a_batch_moves_the_cursor():
    many = [live.RunUpdate(str(number), "{}") for number in range(live.RUNS_PER_EVENT + 1)]
    events = live._events(live.News(many, ["gone"]), 7.5)
    assert [(event.event, event.id) for event in events] == [
        ("runs", None),
        ("runs", None),
        ("deleted", "7500000"),
    ]


def test_a_slow_browser_is_owed_only_the_newest_state_of_each_run():
    async def story() -> live.News:
        subscriber = live.Subscriber()
        for number in range(1000):
            subscriber.tell(live.News([live.RunUpdate(run_id, f'{{"n":{number}}}') for run_id in "abc"]))
        subscriber.tell(live.News(deleted=["c"]))
        first = await subscriber.next(1.0)
        assert await subscriber.next(0.01) == live.News()
        return first

    news = asyncio.run(story())
    assert [(update.run_id, update.json) for update in news.updates] == [("a", '{"n":999}'), ("b", '{"n":999}')]
    assert news.deleted == ["c"]


def test_nobody_listening_means_no_queries(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch):
    polled = []
    monkeypatch.setattr(live, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(live.LiveHub, "_changes", lambda self: polled.append(1) or live.News())

    async def story() -> tuple[int, int, int]:
        hub = live.LiveHub(sqlite_database, lease_seconds=30)
        poller = asyncio.create_task(hub.run())
        await asyncio.sleep(0.1)
        before = len(polled)
        stream = hub.events(None)
        assert (await anext(stream)).event == "ping"
        while not polled:
            await asyncio.sleep(0.01)
        during = len(polled)
        await stream.aclose()  # type: ignore[attr-defined]
        await asyncio.sleep(0.1)
        after = len(polled)
        await asyncio.sleep(0.1)
        poller.cancel()
        assert len(polled) == after
        return before, during, after

    before, during, _ = asyncio.run(story())
    assert before == 0 < during


def test_a_database_that_fails_once_is_asked_again(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "POLL_SECONDS", 0.01)
    run_id, _ = start(sqlite_database)
    answers = iter([OperationalError("select", {}, Exception("gone")), live.News([live.RunUpdate(run_id, "{}")])])

    def changes(self: live.LiveHub) -> live.News:
        answer = next(answers, live.News())
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(live.LiveHub, "_changes", changes)
    monkeypatch.setattr(live.LiveHub, "_missed", lambda self, last: live.News())

    async def story() -> str | None:
        hub = live.LiveHub(sqlite_database, lease_seconds=30)
        poller = asyncio.create_task(hub.run())
        stream = hub.events(None)
        await anext(stream)
        event = await asyncio.wait_for(anext(stream), DEADLINE_SECONDS)
        poller.cancel()
        await stream.aclose()  # type: ignore[attr-defined]
        return event.event

    assert asyncio.run(story()) == "runs"


def test_the_first_page_after_a_quiet_time_raises_no_alarm(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch):
    """Nobody listened for a minute, so that nobody polled; the clock on the wall stepped by an hour meanwhile."""
    elapsed, wall, step = time.monotonic, time.time, [0.0, 0.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: elapsed() + step[0])
    monkeypatch.setattr(live.time, "time", lambda: wall() + step[1])

    async def first_ping(hub: live.LiveHub) -> dict:
        stream = hub.events(None)
        try:
            return json.loads((await anext(stream)).data or "")
        finally:
            await stream.aclose()  # type: ignore[attr-defined]

    async def story() -> None:
        hub = live.LiveHub(sqlite_database, lease_seconds=30)
        poller = asyncio.create_task(hub.run())
        for step[:] in ([0.0, 0.0], [60.0, 3600.0], [120.0, -3600.0]):
            ping = await first_ping(hub)
            assert 0 <= ping["at"] - ping["read_at"] < 5
        poller.cancel()

    asyncio.run(story())


def test_a_poller_that_fails_in_an_unknown_way_is_begun_again_and_told_of(
    settings: Settings, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path, caplog
):
    monkeypatch.setattr(background, "RESTART_SECONDS", 0.01)
    polled = threading.Event()
    faults = iter([KeyError("odd"), RecursionError()])

    def changes(self: live.LiveHub) -> live.News:
        for fault in faults:
            raise fault
        polled.set()
        return live.News()

    monkeypatch.setattr(live.LiveHub, "_changes", changes)
    app = create_app(settings, static=tmp_path)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        well = client.get("/healthz").json()
        assert (well["status"], [task["restarts"] for task in well["tasks"]]) == ("ok", [0, 0])
        app.state.live._somebody.set()
        assert polled.wait(DEADLINE_SECONDS)
        told = client.get("/healthz").json()
        poller = next(task for task in told["tasks"] if task["name"] == "live-poller")
        assert (told["status"], poller) == (
            "degraded",
            {"name": "live-poller", "well": False, "restarts": 2, "last_error": "RecursionError"},
        )
        monkeypatch.setattr(background, "RECENT_SECONDS", 0.0)
        assert client.get("/healthz").json()["status"] == "ok"
    assert "the task live-poller failed: it is begun again" in caplog.text


def test_browsers_told_of_the_same_step_get_the_same_right_extension(url: str, sqlite_database: Database):
    run_id, attempt = start(sqlite_database)
    for step in (1, 2):  # a single point, or a level curve, has an axis of its own
        record(sqlite_database, run_id, attempt, step, {"loss": 0.5 * step})
    with listening(url) as stream, httpx.Client(base_url=url, timeout=DEADLINE_SECONDS) as http:
        figure = http.get(f"/api/panels/scalars?runs={run_id}&keys=loss").json()
        asked = f"/api/panels/scalars/extension?runs={run_id}&keys=loss&after={figure['cursors'][run_id]}"
        for step in (3, 4):
            record(sqlite_database, run_id, attempt, step, {"loss": 0.5 * step})
            while stream.next("runs").data["runs"][-1]["step"] < step:
                pass
            answers = [http.get(asked).json() for _ in range(3)]
            with sqlite_database.read() as session:
                assert {answer["cursors"][run_id] for answer in answers} == {runs.get(session, run_id).seq}
            assert answers[0] == answers[1] == answers[2]
            appended = base64.b64decode(answers[0]["append"][f"{run_id}:loss"]["x"]["bdata"])
            assert len(appended) == 8 * (step - 2)  # the steps behind the figure's, as float64
