"""Bodies, headers and connections have an end, over a real server."""

import asyncio
import http.client
import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import make_url
from starlette.types import Message
from support.commands import clean_environment, get, web_server

from opdboard.api import limits
from opdboard.db.database import Database
from opdboard.settings import Settings

TIMEOUT = 30.0
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, sqlite_with_tables: Path) -> Iterator[tuple[str, int]]:
    """One server for all: what each refuses must leave it whole for the others."""
    data = tmp_path_factory.mktemp("data")
    shutil.copyfile(sqlite_with_tables, make_url(Settings(data_dir=data).sql_url).database or "")
    with web_server(clean_environment(data)) as url:
        yield "127.0.0.1", urlsplit(url).port or 0


def answer_to(address: tuple[str, int], *parts: bytes) -> bytes:
    """What comes back for these bytes, until the server hangs up; the server may do so while they are being sent."""
    with closing(socket.create_connection(address, TIMEOUT)) as client:
        try:
            for part in parts:
                client.sendall(part)
            return b"".join(iter(lambda: client.recv(65536), b""))
        except (BrokenPipeError, ConnectionResetError):
            return b"hung up"


def chunked(path: str, chunk: bytes, count: int, trailers: bytes = b"") -> list[bytes]:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
    head += "Transfer-Encoding: chunked\r\n\r\n"
    return [head.encode(), *([b"%x\r\n%s\r\n" % (len(chunk), chunk)] * count), b"0\r\n" + trailers + b"\r\n"]


@pytest.mark.parametrize(
    ("path", "largest"),
    [
        ("/api/runs", limits.LARGEST_BODY),
        ("/api/launch/plan", limits.LARGEST_BODY),
        ("/api/nothing", limits.LARGEST_BODY),
        ("/api/runs/0123abcd/points", limits.LARGEST_REPORT),
    ],
)
def test_a_body_that_says_it_is_too_large_is_not_received(address: tuple[str, int], path: str, largest: int):
    with closing(http.client.HTTPConnection(*address, timeout=TIMEOUT)) as client:
        client.putrequest("POST", path)
        client.putheader("Content-Length", str(largest + 1))
        client.endheaders()
        refused = client.getresponse()
        body = json.loads(refused.read())
        assert (refused.status, body["error"], body["where"]) == (413, "TooLarge", "body")
        assert f"{largest // 2**20} MiB" in body["detail"]


def test_a_body_without_a_length_is_stopped_at_the_limit(address: tuple[str, int]):
    count = limits.LARGEST_BODY // 65536 + 1
    assert answer_to(address, *chunked("/api/runs", b" " * 65536, count)).startswith((b"HTTP/1.1 413", b"hung up"))
    assert answer_to(address, *chunked("/api/runs", b" " * 65536, count - 2)).startswith(b"HTTP/1.1 422")


def test_the_other_callers_are_served_meanwhile(address: tuple[str, int]):
    half = chunked("/api/runs/0123abcd/points", b" " * 65536, 100)[:50]
    with httpx.Client(base_url=f"http://127.0.0.1:{address[1]}", timeout=TIMEOUT) as others:
        unfinished = [socket.create_connection(address, TIMEOUT) for _ in range(10)]
        for client in unfinished:
            for part in half:
                client.sendall(part)
        assert others.get("/api/runs").status_code == 200
        assert others.post("/api/reported-runs", json={"name": "n", "method": "m", "total_steps": 1}).status_code == 201
        for client in unfinished:
            client.close()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n" + b"X-Long: %s\r\n" % (b"a" * 70_000),
        b"GET / HTTP/1.1\r\n" + b"X-Many: a\r\n" * 8000,
        b"GET /?%s HTTP/1.1\r\n" % (b"a" * 70_000),
    ],
)
def test_headers_that_are_too_large_are_refused_whether_they_end_or_not(address: tuple[str, int], head: bytes):
    for rest in (b"\r\n", b"X-More: " + b"a" * 300_000):
        told = answer_to(address, head, rest)
        assert told.startswith((b"HTTP/1.1 431", b"hung up"))
    assert get(f"http://127.0.0.1:{address[1]}/healthz", headers={"X": "a" * 50_000}).status_code == 200


def test_endless_trailers_are_not_kept(address: tuple[str, int]):
    for trailers in (b"X-Many: a\r\n" * 20_000, b"X-Long: %s\r\n" % (b"a" * 200_000)):
        told = answer_to(address, *chunked("/api/runs", b"{}", 1, trailers))
        assert told == b"" or told.startswith((b"HTTP/1.1 4", b"hung up"))


@pytest.mark.slow
def test_what_never_asks_is_hung_up_on(settings: Settings, sqlite_database: Database):
    quick = "import sys; from opdboard.api import live; from opdboard.embedded import bounded_http"
    quick += "; bounded_http.HEADER_SECONDS, live.PING_SECONDS = 0.3, 1.0"
    code = f"{quick}; from opdboard.embedded.web import main; main(*map(int, sys.argv[1:]))"
    with web_server(clean_environment(settings.data_dir), "-c", code) as url:
        address = "127.0.0.1", urlsplit(url).port or 0
        for half in (b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-", b"\r\n"):
            assert answer_to(address, half) == b""
        with httpx.Client(base_url=url, timeout=TIMEOUT) as client, client.stream("GET", "/api/live") as stream:
            events = (line for line in stream.iter_lines() if line.startswith("event: ping"))
            assert next(events) and next(events)  # a second apart: an answer may last


def test_a_slow_body_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.05)
    told: list[Message] = []

    async def story() -> None:
        begun = asyncio.Event()

        async def receive() -> Message:
            if begun.is_set():
                await asyncio.Event().wait()
            begun.set()
            return {"type": "http.request", "body": b"{", "more_body": True}

        async def send(message: Message) -> None:
            told.append(message)

        async def app(*_: object) -> None:
            raise AssertionError("the body is not whole")

        scope = {"type": "http", "method": "POST", "path": "/api/runs", "headers": []}
        await limits.Limits(app)(scope, receive, send)

    asyncio.run(story())
    assert told[0]["status"] == 408


@pytest.mark.parametrize("filling", [b"[],", b'"":0,', b"{}{"])
def test_a_body_of_countless_entries_is_not_parsed(client: TestClient, filling: bytes):
    count = limits.MOST_ENTRIES * 3 // 2
    refused = client.post("/api/reported-runs", content=b"{" + filling * count)
    assert (refused.status_code, refused.json()["error"]) == (413, "TooLarge")


def test_of_countless_problems_the_first_are_told(client: TestClient):
    content = json.dumps({str(number): 0 for number in range(50_000)} | {"vectors": [{}] * 2000})
    refused = client.post("/api/runs/0123abcd/points", content=content, headers=JSON)
    assert refused.status_code == 422 and len(refused.json()["fields"]) == 100


def test_bodies_together_have_a_limit(monkeypatch: pytest.MonkeyPatch, client: TestClient):
    monkeypatch.setattr(limits, "LARGEST_TOGETHER", 1000)
    refused = client.post("/api/runs", content=b" " * 1001)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert client.post("/api/runs", content=b" " * 999).status_code == 422  # what was held is free again
