"""JSON bodies as they were meant: a key that is given twice is refused, of which the parser would take the last without a word."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from typing_extensions import override

from opdboard.domain.errors import BadInput
from opdboard.domain.storable import readable_text


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        key = readable_text(next(key for key, _ in pairs if key in seen or seen.add(key))[:80])
        raise BadInput(f"the body gives '{key}' twice; keep the one that counts", where=key)
    return made


class _OnceRequest(Request):
    """A request whose body may give each key of an object once."""

    @override
    async def json(self) -> Any:
        """The body; BadInput for a key that is given twice, JSONDecodeError when it is no JSON."""
        if not hasattr(self, "_json"):
            self._json = json.loads(await self.body(), object_pairs_hook=_each_once)
        return self._json


class JsonRoute(APIRoute):
    """The route class of every router that takes bodies."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own, given such a request."""
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            try:
                return await handle(_OnceRequest(request.scope, request.receive))
            except HTTPException as error:  # FastAPI makes a 400 of what the parsing raises
                if isinstance(error.__cause__, BadInput):
                    raise error.__cause__ from None
                raise

        return handle_once
