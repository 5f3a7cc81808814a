"""The API's client inside the server: the same requests, answered without a network."""

import httpx
from anyio import from_thread
from fastapi import FastAPI
from typing_extensions import override

from opdboard.client import Client


def client_of(app: FastAPI, token: str) -> Client:
    """A client for a thread that the application's event loop has started (anyio.to_thread); nowhere else can it ask."""
    return Client("http://localhost", token, transport=_OnTheLoop(app))


class _OnTheLoop(httpx.BaseTransport):
    def __init__(self, app: FastAPI) -> None:
        self._asgi = httpx.ASGITransport(app=app)

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["accept-encoding"] = "identity"  # it does not travel
        return from_thread.run(self._answer, request)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._asgi.handle_async_request(request)
        return httpx.Response(response.status_code, headers=response.headers, content=await response.aread())
