"""The web server as a process: `python -m opdboard.embedded.web` with OPDBOARD_HOST and OPDBOARD_PORT."""

import gc
import os
import resource
import socket
import sys

import uvicorn
from typing_extensions import override

from opdboard.domain.errors import OpdboardError
from opdboard.embedded.bounded_http import BoundedHttp
from opdboard.settings import Settings

MOST_CONNECTIONS = 2000
SHUTDOWN_SECONDS = 2  # open live streams end by themselves only when their browser leaves


class AnnouncingServer(uvicorn.Server):
    """Writes one byte to a pipe as soon as it answers, so that whoever started it can wait without polling."""

    def __init__(self, config: uvicorn.Config, ready: int | None) -> None:
        super().__init__(config)
        self._ready = ready

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as usual, then announce."""
        await super().startup(sockets)
        if self.started and self._ready is not None:
            os.write(self._ready, b"1")
            os.close(self._ready)
            self._ready = None


def main(listener: int | None = None, ready: int | None = None) -> None:
    """Serve until a signal comes. listener: a bound socket's descriptor; ready: a pipe to announce on."""
    gc.disable()  # nothing of an application becomes garbage while it is made; looking for it takes a fifth of the time
    from opdboard.api.app import create_app

    try:
        settings = Settings.read()
        app = create_app(settings)
    except OpdboardError as error:
        raise SystemExit(error.detail) from error
    gc.freeze()
    gc.enable()
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        http=BoundedHttp,
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    _allow_open_files(2 * MOST_CONNECTIONS)
    sockets = None if listener is None else [socket.socket(fileno=listener)]
    AnnouncingServer(config, ready).run(sockets)


def _allow_open_files(wanted: int) -> None:
    """Each connection is an open file; many systems allow 1024 unless a process asks for more."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
