"""Who may call: a bearer token when there is one, else only pages and programs of this machine."""

import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from opdboard.api.errors import ErrorBody, answer
from opdboard.domain.addresses import is_loopback
from opdboard.domain.errors import BadInput
from opdboard.settings import Settings

_OPEN = ("/healthz", "/readyz")
_READS = ("GET", "HEAD", "OPTIONS")


def check_binding(settings: Settings) -> None:
    """BadInput when the server would be reachable from other machines without a token."""
    if not settings.token and not is_loopback(settings.host):
        raise BadInput(
            f"binding to {settings.host} lets other machines in: set OPDBOARD_TOKEN to a secret, or bind to 127.0.0.1",
            where="host",
        )


def _host_of(netloc: str) -> str | None:
    try:
        return urlsplit(f"//{netloc}").hostname
    except ValueError:
        return None


class Guard:
    """ASGI middleware that refuses strangers before anything else runs.

    With a token, every /api call must carry it. Without one, the Host header must be this machine's (another name that
    resolves to 127.0.0.1 is a page of somebody else: DNS rebinding), and a call that changes something must not come
    from another site's page.
    """

    def __init__(self, app: ASGIApp, *, token: str) -> None:
        """token: empty for none."""
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a refusal, or pass on."""
        if scope["type"] != "http" or scope["path"] in _OPEN:
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope["path"], scope["method"], Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, send)
            return
        status, body = refusal
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        await answer(status, body, headers)(scope, receive, send)

    def _refusal(self, path: str, method: str, headers: Headers) -> tuple[int, ErrorBody] | None:
        if self._token:
            given = headers.get("authorization", "")
            wanted = b"Bearer " + self._token
            if path.startswith("/api") and not hmac.compare_digest(given.encode("latin-1"), wanted):
                return 401, ErrorBody(
                    error="Unauthorized", detail="send the token as 'Authorization: Bearer <OPDBOARD_TOKEN>'"
                )
            return None
        if not is_loopback(_host_of(headers.get("host", ""))):
            detail = "without a token opdboard answers only to localhost, 127.0.0.1 and [::1]; set OPDBOARD_TOKEN for other names"
            return 403, ErrorBody(error="Forbidden", detail=detail, where="Host")
        origin = headers.get("origin")
        if method not in _READS and origin is not None and not is_loopback(_host_of(origin.partition("://")[2])):
            return 403, ErrorBody(
                error="Forbidden", detail=f"a page of {origin} may not change anything here", where="Origin"
            )
        return None
