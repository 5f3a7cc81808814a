"""A web server of opdboard as a process of its own, and what it costs."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str
    process: psutil.Process
    http: httpx.Client

    def timed(self, path: str, **params: Any) -> float:
        """Milliseconds from the request to the last byte of the answer, which must be good."""
        start = time.perf_counter()
        self.http.get(path, params=params).raise_for_status()
        return (time.perf_counter() - start) * 1e3

    def cpu_seconds(self) -> float:
        """What the process has used so far."""
        used = self.process.cpu_times()
        return used.user + used.system


@contextmanager
def serving(data_dir: Path) -> Iterator[Server]:
    """The server on a free port, over the database in the folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"OPDBOARD_DATA_DIR": str(data_dir), "OPDBOARD_PORT": str(port), "OPDBOARD_TOKEN": ""}
    child = subprocess.Popen([sys.executable, "-m", "opdboard.embedded.web"], env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as http:
            _until(lambda: _answers(http), child)
            yield Server(f"http://127.0.0.1:{port}", psutil.Process(child.pid), http)
    finally:
        child.terminate()
        child.wait()


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/readyz").is_success
    except httpx.TransportError:
        return False


def _until(ready: Callable[[], bool], child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while not ready():
        if child.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("the web server did not start")
        time.sleep(0.1)
