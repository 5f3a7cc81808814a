"""HTTP as uvicorn speaks it, with an end to headers and to connections that ask nothing.

uvicorn keeps whatever a client sends as headers, and waits for the rest of them for ever; both happen before any token is seen.
"""

import asyncio
import json
from http import HTTPStatus
from typing import Any

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEADERS = 64 * 1024
"""Bytes of a request's line and headers (and of trailers after a body)."""

HEADER_SECONDS = 20.0
"""How long a connection may stay without a complete request's headers."""


class BoundedHttp(HttpToolsProtocol):
    """Answers 431 to headers that are too large, and hangs up on those that do not end."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._pending = 0  # bytes since something was last understood whole
        self._kept = 0  # bytes of the present request's line, headers and trailers
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._expect_headers()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self._expect_headers()
        self._pending += len(data)
        super().data_received(data)
        if self._pending > LARGEST_HEADERS and not self.transport.is_closing():
            self._refuse()

    @override
    def on_message_begin(self) -> None:
        self._kept = 0
        super().on_message_begin()

    @override
    def on_url(self, url: bytes) -> None:
        self._keep(len(url))
        super().on_url(url)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        self._keep(len(name) + len(value) + len(b": \r\n"))
        super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        self._pending = 0
        self._stop_waiting()
        super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        self._pending = 0
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        self._pending = 0
        super().on_message_complete()

    @override
    def send_400_response(self, msg: str) -> None:
        """The parser gave up, here because of what was refused below, or because it is no HTTP."""
        if self._kept > LARGEST_HEADERS:
            self._refuse()
        else:
            super().send_400_response(msg)

    def _keep(self, size: int) -> None:
        self._kept += size
        if self._kept > LARGEST_HEADERS:
            raise ValueError("the headers are too large")  # ends the parsing

    def _refuse(self) -> None:
        """431 unless an answer has begun already; then hang up."""
        if self.cycle is None or self.cycle.response_complete:
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            detail = f"address and headers are larger than {LARGEST_HEADERS // 1024} KiB"
            body = json.dumps({"error": "TooLarge", "detail": detail, "where": "headers"})
            head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
            self.transport.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode())
        self.transport.close()

    def _expect_headers(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEADER_SECONDS, self._hang_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _hang_up(self) -> None:
        self._deadline = None
        if (self.cycle is None or self.cycle.response_complete) and not self.transport.is_closing():
            self.transport.close()
