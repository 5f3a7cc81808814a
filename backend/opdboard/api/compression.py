"""gzip for clients on other machines; on this one compressing costs more than it saves."""

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_LOCAL = ("127.0.0.1", "::1")


class CompressForOthers:
    """ASGI middleware: plain answers to loopback clients, gzip to all others that take it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressing = GZipMiddleware(app, minimum_size=1024, compresslevel=4)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose by the client's address."""
        client = scope.get("client")
        local = client is not None and client[0] in _LOCAL
        await (self._app if local else self._compressing)(scope, receive, send)
