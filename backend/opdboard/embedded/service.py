"""One child process that is kept running: started, started again when it dies, ended with all that it started."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from opdboard.embedded import guard

FIRST_DELAY = 1.0
LONGEST_DELAY = 30.0
HEALTHY_SECONDS = 60.0  # a process that lived this long had no trouble starting
LARGEST_LOG = 16 * 2**20


@dataclass(frozen=True)
class Program:
    """What to run. inherit: descriptors the process gets; mark: see guard."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    mark: str
    inherit: Sequence[int] = field(default_factory=tuple)


class Service:
    """Keeps a program running from start() to stop(); report gets a sentence for each unexpected death."""

    def __init__(self, program: Program, report: Callable[[str], None]) -> None:
        self._program = program
        self._report = report
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._starts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name=f"keeper of {program.name}", daemon=True)

    def start(self) -> None:
        """Start the process and its keeper."""
        self._launch()
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The present process."""
        return self._process.pid if self._process else None

    def ask_to_stop(self) -> None:
        """Send SIGTERM and start nothing any more; returns at once."""
        with self._starting:
            first = not self._stopping.is_set()
            self._stopping.set()
            if first and self._process:  # a worker takes a second signal for impatience
                self._process.terminate()

    def stop(self, grace: float) -> None:
        """Wait grace seconds for the process to end, then end it and everything it started."""
        self.ask_to_stop()
        if self._process:
            try:
                self._process.wait(grace)
            except subprocess.TimeoutExpired:
                self._process.kill()
        guard.end(self._program.mark)
        if self._thread.is_alive():
            self._thread.join()

    def last_words(self, lines: int = 8) -> str:
        """The end of the process's log."""
        text = self._program.log.read_text(errors="replace") if self._program.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _launch(self) -> bool:
        with self._starting:
            if self._stopping.is_set():
                return False
            self._starts += 1
            program = self._program
            program.log.parent.mkdir(parents=True, exist_ok=True)
            if program.log.exists() and program.log.stat().st_size > LARGEST_LOG:
                program.log.replace(program.log.with_suffix(".log.1"))
            environment = {**os.environ, **program.environment, guard.MARK: f"{program.mark}/{self._starts}"}
            with program.log.open("ab") as log:
                self._process = subprocess.Popen(
                    program.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    pass_fds=program.inherit,
                    start_new_session=True,
                )
            return True

    def _keep(self) -> None:
        delay = FIRST_DELAY
        while (process := self._process) is not None:
            started = time.monotonic()
            code = process.wait()
            if self._stopping.is_set():
                return
            guard.end(f"{self._program.mark}/{self._starts}")
            delay = FIRST_DELAY if time.monotonic() - started > HEALTHY_SECONDS else delay
            self._report(
                f"the {self._program.name} ended ({_describe(code)}); it starts again in {delay:g} s, see {self._program.log}"
            )
            if self._stopping.wait(delay) or not self._launch():
                return
            delay = min(2 * delay, LONGEST_DELAY)


def _describe(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
