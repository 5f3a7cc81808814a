"""The embedded stack: migrates the database, then keeps one web server and one worker running on this machine."""

import errno
import fcntl
import importlib.util
import json
import os
import select
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import IO, Self

from opdboard.api.security import check_binding
from opdboard.db.database import Database
from opdboard.domain.errors import OpdboardError
from opdboard.embedded.service import Program, Service
from opdboard.settings import Settings

STARTUP_SECONDS = 60.0
WORKER_GRACE_SECONDS = 70.0  # a trainer finishes its step and writes a checkpoint
WEB_GRACE_SECONDS = 5.0
PORTS_TRIED = 50


class StackProblem(OpdboardError):
    """The stack cannot be started here; the sentence says what to do."""


class Stack:
    """Web server and worker as children of this process; a context manager that ends them all."""

    def __init__(self, settings: Settings, report: Callable[[str], None], *, any_port: bool = False) -> None:
        """report: gets a sentence when something noteworthy happens; any_port: take a free one when the port is busy."""
        check_binding(settings)
        self._settings = settings
        self._report = report
        self._any_port = any_port
        self._mark = uuid.uuid4().hex
        self._closing = threading.Lock()
        self._lock: IO[str] | None = None
        self._listener: socket.socket | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._services: list[tuple[Service, float]] = []
        self.url = ""

    def __enter__(self) -> Self:
        """Start everything; returns once the web server answers. StackProblem says why it cannot."""
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self) -> None:
        """Block until a signal handler raises."""
        threading.Event().wait()

    def close(self) -> None:
        """End every process of the stack, the processes those started included."""
        with self._closing:
            for service, _ in self._services:
                service.ask_to_stop()
            for service, grace in self._services:
                service.stop(grace)
            self._services.clear()
            if self._guard is not None and self._guard.stdin is not None:
                self._guard.stdin.close()
                self._guard.wait()
                self._guard = None
            if self._listener is not None:
                self._listener.close()
            if self._lock is not None:
                self._lock.close()

    def _start(self) -> None:
        settings = self._settings
        self._lock = _own(settings.make_root())
        self._listener = _listen(settings.host, settings.port, PORTS_TRIED if self._any_port else 1)
        port = self._listener.getsockname()[1]
        self.url = f"http://{_reachable(settings.host)}:{port}"
        json.dump({"pid": os.getpid(), "url": self.url}, self._lock)
        self._lock.flush()
        database = Database(settings.sql_url)
        database.upgrade()
        database.close()
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "opdboard.embedded.guard", self._mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        environment = _environment(settings, port)
        self._start_web(environment)
        self._start_worker(environment)

    def _start_web(self, environment: dict[str, str]) -> None:
        assert self._listener is not None
        ready, announce = os.pipe()
        handle = self._listener.fileno()
        command = [sys.executable, "-m", "opdboard.embedded.web", str(handle), str(announce)]
        try:
            web = self._add("web server", command, environment, WEB_GRACE_SECONDS, inherit=(handle, announce))
        finally:
            os.close(announce)
        readable, _, _ = select.select([ready], [], [], STARTUP_SECONDS)
        answered = bool(readable) and os.read(ready, 1) == b"1"
        os.close(ready)
        if not answered:
            raise StackProblem(f"the web server did not start; its last words:\n{web.last_words()}")

    def _start_worker(self, environment: dict[str, str]) -> None:
        if importlib.util.find_spec("torch") is None:
            self._report(
                "no worker: training needs more packages, pip install 'opdboard[worker]'; runs stay queued until then"
            )
            return
        command = [sys.executable, "-m", "celery", "-A", "opdboard_worker.app", "worker"]
        command += [
            "--pool",
            "threads",
            "--concurrency",
            "1",
            "--loglevel",
            "INFO",
            "--without-gossip",
            "--without-mingle",
        ]
        if self._settings.worker_queues:
            command += ["-Q", self._settings.worker_queues]
        self._add("worker", command, environment, WORKER_GRACE_SECONDS)

    def _add(
        self, name: str, command: list[str], environment: dict[str, str], grace: float, inherit: tuple[int, ...] = ()
    ) -> Service:
        short = name.split()[0]
        log = self._settings.root / "logs" / f"{short}.log"
        program = Program(name, command, environment, log, f"{self._mark}/{short}", inherit)
        service = Service(program, self._report)
        self._services.append((service, grace))
        service.start()
        return service


def _environment(settings: Settings, port: int) -> dict[str, str]:
    values = {**settings.model_dump(), "data_dir": settings.root, "port": port}
    return {f"OPDBOARD_{name.upper()}": str(value) for name, value in values.items()} | {"PYTHONUNBUFFERED": "1"}


def _own(root: Path) -> IO[str]:
    """Lock the data folder for one stack; StackProblem names the one that has it."""
    lock = (root / "stack.lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        owner = lock.read()
        lock.close()
        known = json.loads(owner) if owner.startswith("{") else {}
        who = f" at {known['url']} (process {known['pid']})" if known else ""
        raise StackProblem(
            f"opdboard already runs on {root}{who}; use that one, stop it, or set OPDBOARD_DATA_DIR to another folder"
        ) from None
    lock.seek(0)
    lock.truncate()
    return lock


def _listen(host: str, port: int, tries: int) -> socket.socket:
    """A listening socket on the port, or on the next free one within as many tries."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, min(port + tries, 2**16)):
        try:
            return socket.create_server((host, candidate), family=family, backlog=2048)
        except (OSError, UnicodeError) as error:
            if not isinstance(error, OSError) or error.errno != errno.EADDRINUSE:
                raise StackProblem(f"cannot listen on {host}:{port}: {error}") from error
    raise StackProblem(
        f"port {port} is taken by another program; choose one with --port or OPDBOARD_PORT (0 takes any)"
    )


def _reachable(host: str) -> str:
    if host in ("0.0.0.0", "::", ""):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
