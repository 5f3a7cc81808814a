"""Is a response right? As a Python file of the user's says, in a helper process (`own_judge.py`) without the worker's secrets.

Only files below OPDBOARD_CODE_ROOTS are run. A call that fails is a wrong answer, counted and warned of; a file that cannot be
imported is refused.
"""

import atexit
import json
import logging
import os
import selectors
import subprocess
import sys
import threading
from functools import lru_cache
from typing import Any

from opdboard.domain.errors import DataProblem
from opdboard.model_roots import code_file
from opdboard.settings import Settings

log = logging.getLogger(__name__)

SECONDS = 10.0
"""By the clock, for one call: of CPU time it has less."""
_IMPORT_SECONDS = 60.0
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")
"""Of the environment: no token and no password."""
_WHERE = "data.verifier_file"


class OwnVerifier:
    """One file; its helper process is started when first needed and again whenever it was lost."""

    def __init__(self, file: str) -> None:
        """BadInput unless the file may be run."""
        self._file = str(code_file(file, Settings.read(), _WHERE))
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self.failed = 0
        atexit.register(self.close)

    def right(self, response: str, answer: str) -> bool:
        """The verdict; False where there is none. DataProblem where the file cannot be imported."""
        verdict, why = self.asked(response, answer)
        if why:
            self.failed += 1
            if self.failed & (self.failed - 1) == 0:  # 1, 2, 4, 8, ... so that a log stays one
                log.warning(
                    "%s failed in %d call%s so far, counted as wrong answers; the last, of the answer %r to the response %r: %s",
                    self._file,
                    self.failed,
                    "" if self.failed == 1 else "s",
                    answer[:60],
                    response[-200:],
                    why,
                )
        return verdict

    def asked(self, response: str, answer: str) -> tuple[bool, str]:
        """(verdict, why there is none). DataProblem where the file cannot be imported."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process = self._started()
            process = self._process
            assert process.stdin is not None
            try:
                process.stdin.write(json.dumps([response, answer]) + "\n")
                process.stdin.flush()
                told = self._line(process, SECONDS)
            except OSError:
                told = {}
            if not told:
                code = self._end()
                return False, f"it took longer than {SECONDS:.0f} s, or too much CPU time or memory (code {code})"
            return told.get("right", False), told.get("failed", "")

    def close(self) -> None:
        """End the helper."""
        if self._process is not None:
            self._end()

    def _started(self) -> subprocess.Popen[str]:
        # A session of its own, as of the other judge.
        process = subprocess.Popen(
            [sys.executable, "-m", "opdboard_worker.data.own_judge", self._file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
        )
        self._process = process
        told = self._line(process, _IMPORT_SECONDS)
        if told is None or "refused" in told:
            code = self._end()
            why = (
                told["refused"]
                if told
                else f"it did not come to its end (code {code}, {_IMPORT_SECONDS:.0f} s at most)"
            )
            raise DataProblem(f"{self._file} cannot be imported: {why}", where=_WHERE)
        return process

    @staticmethod
    def _line(process: subprocess.Popen[str], seconds: float) -> dict[str, Any] | None:
        """What the helper says next; None where it says nothing in time, or ends."""
        assert process.stdout is not None
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            if not ready.select(seconds):
                return None
        line = process.stdout.readline()
        return json.loads(line) if line else None

    def _end(self) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        return process.wait()


@lru_cache(maxsize=16)
def own_verifier(file: str) -> OwnVerifier:
    """The verifier of a file, one for all who ask. BadInput unless the file may be run."""
    return OwnVerifier(file)
