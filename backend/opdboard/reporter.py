"""Reports the run of a trainer that opdboard did not start: a thread sends what was logged in batches; training never waits.

A batch is sent again until the server has answered; the server passes over what it has stored, so nothing is doubled.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from opdboard.client import RequestRefused, ServerNotReached

Json = dict[str, Any]
BATCH_POINTS = 500
BATCH_SECONDS = 1.0
HEARTBEAT_SECONDS = 5.0
MOST_WAITING = 200_000
MOST_SENT = 5_000  # of one key in one request
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 15.0
PATIENCE_SECONDS = 60.0

log = logging.getLogger(__name__)


class Reporter:
    """One reported run. `log` keeps points, a thread sends them; leaving the `with` block sends the rest and ends the run.

    stopped: somebody stopped the run in opdboard, or another attempt has taken it; a polite trainer ends then.
    """

    def __init__(self, run_id: str, attempt: int, post: Callable[[str, Json], Any]) -> None:
        """post(path below the run, body): posts it; the client's errors are what it raises."""
        self.run_id = run_id
        self.attempt = attempt
        self._post = post
        self._waiting: dict[str, tuple[list[int], list[float], list[float]]] = {}
        self._vectors: list[Json] = []
        self._last_step: dict[str, int] = {}
        self._count = 0
        self._lost = 0
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._closing_at = math.inf
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"report {run_id}", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        elif isinstance(error, KeyboardInterrupt):
            self.close("stopped", "interrupted")
        else:
            self.close("failed", f"{type(error).__name__}: {error}")

    @property
    def stopped(self) -> bool:
        """Whether the server takes no more: the run was stopped there, or another attempt owns it."""
        return self._stopped.is_set()

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        """Keep one point per key; ValueError for a step at or before the key's last one. Returns at once."""
        now = time.time()
        with self._changed:
            for key in scalars:
                if step <= self._last_step.get(key, -1):
                    raise ValueError(f"{key} was logged up to step {self._last_step[key]}; step {step} comes too late")
            if self._count + len(scalars) > MOST_WAITING:  # the server has been away for long: training matters more
                self._lost += len(scalars)
                return
            for key, value in scalars.items():
                columns = self._waiting.setdefault(key, ([], [], []))
                for column, entry in zip(columns, (step, float(value), now), strict=True):
                    column.append(entry)  # pyright: ignore[reportArgumentType]
                self._last_step[key] = step
            self._count += len(scalars)
            self._changed.notify()

    def log_modules(
        self, step: int, statistic: str, values: Sequence[float], *, reference_step: int | None = None
    ) -> None:
        """Keep one statistic of all modules, in the order in which the run was given its modules."""
        vector = {"statistic": statistic, "step": step, "values": [_plain(value) for value in values]}
        if reference_step is not None:
            vector["reference_step"] = reference_step
        with self._changed:
            self._vectors.append(vector)
            self._changed.notify()

    def close(self, state: str = "finished", detail: str = "") -> None:
        """Send what is left, for PATIENCE_SECONDS at most, and end the run; a warning says what could not be sent."""
        with self._changed:
            if self._closing.is_set():
                return
            self._closing_at = time.monotonic() + PATIENCE_SECONDS
            self._closing.set()
            self._changed.notify()
        self._thread.join()
        lost = self._lost + self._count
        if lost and not self.stopped:
            log.warning("run %s: %d points never reached the server", self.run_id, lost)
        if not self.stopped:
            self._deliver("end", {"attempt": self.attempt, "state": state, "detail": detail[:10_000]})

    def _work(self) -> None:
        last_sent = time.monotonic()
        while not self.stopped:
            with self._changed:
                due = last_sent + (BATCH_SECONDS if self._count or self._vectors else HEARTBEAT_SECONDS)
                while not self._closing.is_set() and self._count < BATCH_POINTS and time.monotonic() < due:
                    self._changed.wait(due - time.monotonic())
                    if self._count or self._vectors:
                        due = min(due, last_sent + BATCH_SECONDS)
                if self._closing.is_set() and not self._count and not self._vectors:
                    return
                body, points = self._batch()
            if not self._deliver("points", body):
                with self._changed:
                    self._lost += points
                if time.monotonic() >= self._closing_at:
                    return
            last_sent = time.monotonic()

    def _batch(self) -> tuple[Json, int]:
        """What waits, as one request, and how many points it has; with nothing in it it is a sign of life."""
        columns: dict[str, Json] = {}
        points = 0
        for key, (steps, values, times) in list(self._waiting.items()):
            some = slice(MOST_SENT)
            columns[key] = {
                "steps": steps[some],
                "values": [_plain(value) for value in values[some]],
                "times": times[some],
            }
            points += len(steps[some])
            if len(steps) > MOST_SENT:
                self._waiting[key] = (steps[MOST_SENT:], values[MOST_SENT:], times[MOST_SENT:])
            else:
                del self._waiting[key]
        vectors, self._vectors = self._vectors, []
        self._count -= points
        return {"attempt": self.attempt, "series": columns, "vectors": vectors}, points

    def _deliver(self, path: str, body: Json) -> bool:
        """Post until the server has answered; False when it refused, or did not answer until closing ran out."""
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                self._post(path, body)
                return True
            except RequestRefused as refusal:
                if refusal.status < 500:
                    if refusal.code == "StaleAttempt":
                        self._stopped.set()
                    log.warning("run %s: %s", self.run_id, refusal.detail)
                    return False
            except ServerNotReached as problem:
                log.info("run %s: %s; trying again", self.run_id, problem.detail)
            if time.monotonic() >= self._closing_at:
                return False
            if not self._closing.is_set():
                self._closing.wait(wait)
            else:
                time.sleep(min(wait, max(0.0, self._closing_at - time.monotonic())))
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)


def _plain(value: float) -> float | str:
    """JSON has no word for what is not finite."""
    return value if math.isfinite(value) else str(value)
