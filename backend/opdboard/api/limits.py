"""How large and how slow the body of a call may be: 413, 408, and 503 when too much is being received at once."""

import asyncio
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opdboard.api.errors import ErrorBody, answer

LARGEST_BODY = 2 * 2**20
LARGEST_REPORT = 16 * 2**20
"""Bytes of a batch of reported points, some hundred thousand of them."""

LARGEST_TOGETHER = 64 * 2**20
"""Bytes of all bodies that are held at the same time: parsed, they take ten times as much."""

MOST_ENTRIES = 200_000
"""Lists, objects and keys in one body."""

BODY_SECONDS = 60.0
_REPORTS = re.compile(r"/api/(reported-runs|runs/[^/]+/points)")
_STREAMED = ("/api/uploads",)
"""Which write what comes and keep to limits of their own."""
_WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")


class Limits:
    """ASGI middleware that receives a body whole before anything else sees it, and lets go of what is too much.

    Stands behind the guard: of strangers nothing is received.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a refusal, or pass on with the body."""
        if scope["type"] != "http" or scope["method"] in _WITHOUT_BODY or scope["path"] in _STREAMED:
            await self._app(scope, receive, send)
            return
        largest = LARGEST_REPORT if _REPORTS.fullmatch(scope["path"]) else LARGEST_BODY
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isascii() and declared.isdigit() and int(declared[:20]) > largest:
            await _too_large(largest)(scope, receive, send)
            return
        body = _Body(largest)
        try:
            refusal = await self._receive(body, receive)
            if refusal is not None:
                await refusal(scope, receive, send)
            elif body.whole:
                await self._app(scope, _again(b"".join(body.parts), receive), send)
        finally:
            self._held -= body.bytes

    async def _receive(self, body: "_Body", receive: Receive) -> ASGIApp | None:
        """Gather all of it; the answer when it is refused. One that hangs up leaves it unfinished."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while not body.whole:
                    message = await receive()
                    if message["type"] != "http.request":
                        return None
                    self._held += len(message.get("body", b""))
                    body.add(message)
                    if body.bytes > body.largest:
                        return _too_large(body.largest)
                    if self._held > LARGEST_TOGETHER:
                        return _BUSY
        except TimeoutError:
            return _TOO_SLOW
        return _TOO_MANY if body.entries() > MOST_ENTRIES else None


class _Body:
    """What has come of a body."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self.parts: list[bytes] = []
        self.bytes = 0
        self.whole = False

    def add(self, message: Message) -> None:
        part = message.get("body", b"")
        self.parts.append(part)
        self.bytes += len(part)
        self.whole = not message.get("more_body", False)

    def entries(self) -> int:
        """How many lists, objects and keys it has as JSON, or more: each costs far more than its bytes."""
        if self.bytes <= MOST_ENTRIES:
            return self.bytes
        return sum(part.count(mark) for part in self.parts for mark in (b"[", b"{", b":"))


def _again(body: bytes, receive: Receive) -> Receive:
    """The body as one message, then whatever comes."""
    told = False

    async def next_message() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_message


def _too_large(largest: int) -> ASGIApp:
    detail = f"the body is larger than {largest // 2**20} MiB; send it in parts"
    return answer(413, ErrorBody(error="TooLarge", detail=detail, where="body"))


_TOO_MANY = answer(
    413,
    ErrorBody(
        error="TooLarge",
        detail=f"the body has more than {MOST_ENTRIES} lists, objects and keys; send it in parts",
        where="body",
    ),
)
_BUSY = answer(
    503,
    ErrorBody(error="Unavailable", detail="too much is being sent at once; send it again later", where="body"),
    {"Retry-After": "2"},
)
_TOO_SLOW = answer(
    408,
    ErrorBody(error="TooSlow", detail=f"the body did not arrive within {BODY_SECONDS:.0f} s", where="body"),
    {"Connection": "close"},
)
