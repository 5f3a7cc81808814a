"""The real `opdboard` command as a child process."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import httpx
import psutil
import pytest

DEADLINE_SECONDS = 60.0
T = TypeVar("T")
get = partial(httpx.get, timeout=DEADLINE_SECONDS)  # five seconds, as httpx has it, can be short on a busy machine


def clean_environment(data_dir: Path, **extra: str) -> dict[str, str]:
    """The environment without this shell's OPDBOARD_ settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OPDBOARD_")}
    return inherited | {"OPDBOARD_DATA_DIR": str(data_dir), "COLUMNS": "200", "NO_COLOR": "1", **extra}


def processes_of_run(run_id: str) -> list[psutil.Process]:
    """Those whose command line names the run: its process, and where devices share it torchrun's ranks."""
    live = psutil.process_iter(["cmdline"])
    return [process for process in live if run_id in " ".join(process.info["cmdline"] or []).split()]


def opdboard(
    *arguments: str, environment: dict[str, str], timeout: float = DEADLINE_SECONDS
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "opdboard.cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout, check=False)


def processes_of(data_dir: Path) -> list[psutil.Process]:
    """Live processes whose OPDBOARD_DATA_DIR is this folder."""
    found = []
    for process in psutil.process_iter():
        try:
            ours = process.environ().get("OPDBOARD_DATA_DIR") == str(data_dir)
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_until(condition: Callable[[], T], what: str, seconds: float = DEADLINE_SECONDS) -> T:
    """The first true value of a condition that only another process can make true; fails with `what`."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not happen within {seconds:.0f} s")
        pause.wait(0.1)
    return value


class LongCommand:
    """A command that runs until it is ended, read line by line from its standard error."""

    def __init__(self, *arguments: str, environment: dict[str, str]) -> None:
        self.data_dir = Path(environment["OPDBOARD_DATA_DIR"])
        self.said: list[str] = []
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "opdboard.cli", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
        psutil.wait_procs(processes_of(self.data_dir), timeout=DEADLINE_SECONDS)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self.said.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def wait_for(self, words: str, seconds: float = DEADLINE_SECONDS) -> str:
        """The first line that contains these words."""

        def line() -> str | None:
            return next((line for line in self.said if words in line), None)

        with self._news:
            self._news.wait_for(lambda: line() is not None or self.process.poll() is not None, seconds)
            found = line()
        if found is None:
            pytest.fail(f"{words!r} was not said, but:\n" + "\n".join(self.said))
        return found

    @property
    def url(self) -> str:
        """Where the server is, once it says so."""
        return self.wait_for("opdboard is at ").split()[3].rstrip(";")


@contextmanager
def web_server(environment: dict[str, str], *program: str) -> Iterator[str]:
    """The address of a web server without workers, on a free port, once it answers.

    program: what Python runs, the module of the web server when left out.
    """
    read_end, ready = os.pipe()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        command = [sys.executable, *(program or ("-m", "opdboard.embedded.web")), str(listener.fileno()), str(ready)]
        server = subprocess.Popen(command, env=environment, pass_fds=(listener.fileno(), ready))
    os.close(ready)
    try:
        if os.read(read_end, 1) != b"1":
            pytest.fail("the web server ended before it answered")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.close(read_end)
        server.terminate()
        server.wait(DEADLINE_SECONDS)
