"""Reports the run of a trainer that opdboard did not start: a thread sends what was logged in batches; training never waits.

A batch is sent again until the server has answered; the server passes over what it has stored, so nothing is doubled. What
cannot be used costs itself alone and one warning that names it: no fault of a number or a server ends a training.
"""

import atexit
import logging
import math
import os
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from typing_extensions import override

from opdboard.client import RequestRefused
from opdboard.reporting import kept
from opdboard.reporting.backlog import Backlog, Batch, Vector
from opdboard.reporting.values import Unusable, key_of, number, shown, step_number

Json = dict[str, Any]
BATCH_POINTS = 500
BATCH_SECONDS = 1.0
HEARTBEAT_SECONDS = 5.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 15.0
PATIENCE_SECONDS = 60.0
GRACE_SECONDS = 5.0  # beyond it: for the end of the run, and for a request that is under way
TRIES_OF_A_FAULT = 5  # a server that fails over a point, again and again, fails over that point

log = logging.getLogger(__name__)


class _Answer(Enum):
    TAKEN = auto()
    AGAIN = auto()
    REFUSED = auto()
    GONE = auto()


class Reporter:
    """One reported run. `log` keeps points, a thread sends them; leaving the `with` block sends the rest and ends the run.

    stopped: somebody stopped the run in opdboard, or another attempt has taken it; a polite trainer ends then. In a forked
    process, in an unpickled copy, and on any rank but 0, a reporter is silent: it keeps, sends and ends nothing.
    """

    def __init__(
        self, run_id: str, attempt: int, post: Callable[[str, Json], Any] | None, *, after: int | None = None
    ) -> None:
        """post(path below the run, body): posts it; None for a silent reporter. after: the step that the run goes on from."""
        self.run_id = run_id
        self.attempt = attempt
        self._after = -1 if after is None else after
        self._backlog = Backlog()
        self._under_way: deque[Batch] = deque()
        self._last_step: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._warned: set[tuple[str, str]] = set()
        self._lost = 0
        self._away = False
        self._end: Json = {}
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._closing_at = math.inf
        self._stopped = threading.Event()
        self._owner = None if post is None else os.getpid()
        if post is not None:
            self._post = post
            self._thread = threading.Thread(target=self._work, name=f"report {run_id}", daemon=True)
            self._thread.start()
            atexit.register(self.close, "stopped", "the process ended without ending its report")

    @override
    def __reduce__(self) -> tuple[type["Reporter"], tuple[str, int, None]]:
        """A copy in another process is silent: one process reports a run."""
        return Reporter, (self.run_id, self.attempt, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
            self.close()
        elif isinstance(error, KeyboardInterrupt):
            self.close("stopped", "interrupted")
        else:
            self.close("failed", f"{type(error).__name__}: {shown(str(error), 9_000)[1:-1]}")

    @property
    def stopped(self) -> bool:
        """Whether the server takes no more: the run was stopped there, or another attempt owns it."""
        return self._stopped.is_set()

    @property
    def _silent(self) -> bool:
        """Asked before any lock: a fork may have copied one that is held."""
        return self._owner != os.getpid() or self._stopped.is_set()

    def log(self, step: Any, scalars: Mapping[str, Any]) -> None:
        """Keep one point per key, and return at once.

        A value may be anything with one number in it: bool, int, float, NumPy scalar, array or tensor of one element. What is
        none, and a point at or before its key's last step, is left out with one warning that names it.
        """
        if self._silent:
            return
        now = time.time()
        try:
            at = step_number(step)
            given = list(scalars.items())
        except (Unusable, AttributeError) as problem:
            self._warn(f"step {type(step).__name__}", type(problem).__name__, f"a line was not reported: {problem}")
            return
        read = [(name, value) for name, given_value in given if (value := self._number(name, given_value)) is not None]
        with self._changed:
            points = {key: value for name, value in read if (key := self._key(name, at)) is not None}
            if self._closing.is_set():
                self._warn("closed", "", "a line after the end of the report was not reported")
            elif self._backlog.add(at, now, points):
                self._last_step |= dict.fromkeys(points, at)
                self._changed.notify()
            else:  # the server has been away for long: training matters more
                self._no_room(len(points))

    def log_modules(self, step: Any, statistic: str, values: Iterable[Any], *, reference_step: Any = None) -> None:
        """Keep one statistic of all modules, in the order in which the run was given its modules."""
        if self._silent:
            return
        try:
            reference = None if reference_step is None else step_number(reference_step)
            vector = Vector(key_of(statistic), step_number(step), array("d", map(number, values)), reference)
        except (Unusable, TypeError) as problem:
            self._warn(shown(statistic), "vector", f"{shown(statistic)} of the modules was not reported: {problem}")
            return
        with self._changed:
            if self._backlog.add_vector(vector):
                self._changed.notify()
            else:
                self._no_room(1)

    def close(self, state: str = "finished", detail: str = "") -> None:
        """Send what is left and end the run, within PATIENCE_SECONDS and a little; what could not be sent is kept in a file.

        A warning says how much that is, where it lies, and how to send it later.
        """
        if self._owner != os.getpid():
            return
        with self._changed:
            if self._closing.is_set():
                return
            self._end = {"attempt": self.attempt, "state": state, "detail": detail.replace("\x00", "")[:10_000]}
            self._closing_at = time.monotonic() + PATIENCE_SECONDS
            self._closing.set()
            self._changed.notify()
        atexit.unregister(self.close)
        self._thread.join(PATIENCE_SECONDS + GRACE_SECONDS)
        self._tell_what_is_left()

    def _tell_what_is_left(self) -> None:
        with self._changed:
            left = [*self._under_way, *self._backlog.drain()]
        count = sum(map(len, left))
        if self._lost:
            log.warning("run %s: %d points were not reported", self.run_id, self._lost)
        if self.stopped or not (count or self._end):
            return
        bodies = [("points", {"attempt": self.attempt} | batch.as_json()) for batch in left if len(batch)]
        try:
            file: Path | None = kept.write(self.run_id, self.attempt, [*bodies, ("end", self._end)])
        except OSError as error:
            log.warning("run %s: %d points and the run's end never reached the server, and cannot be kept in a file: %s",
                        self.run_id, count, error)  # fmt: skip
            return
        log.warning("run %s: %d points and the run's end have not reached the server; they are kept in %s, and "
                    "opdboard.client.Client().deliver(%r) sends them", self.run_id, count, file, str(file))  # fmt: skip

    def _number(self, name: Any, value: Any) -> float | None:
        try:
            return number(value)
        except Unusable as problem:
            self._warn(shown(name), "value", f"{shown(name)} {problem}; it was not reported")
            return None

    def _key(self, name: Any, step: int) -> str | None:
        try:
            key = key_of(name)
        except Unusable as problem:
            self._warn(shown(name), "key", f"{shown(name)} {problem}; it was not reported")
            return None
        if self._names.setdefault(key, name) != name:
            key = key_of(name, taken=True)
        if key != name:
            self._warn(name, "key", f"{name!a} is reported as {key!a}: keys have no commas and at most 128 characters")
        last = self._last_step.get(key, self._after)
        if step <= last:
            self._warn(name, "late", f"{name!a} at step {step} was not reported: it comes too late, after step {last}")
            return None
        return key

    def _warn(self, name: str, kind: str, sentence: str) -> None:
        if (name, kind) not in self._warned:
            self._warned.add((name, kind))
            log.warning("run %s: %s", self.run_id, sentence)

    def _no_room(self, points: int) -> None:
        self._lost += points
        self._warn("room", "", "the server has been away for too long: what is logged now is not kept")

    def _work(self) -> None:
        sent = time.monotonic()
        while not self.stopped and time.monotonic() < self._closing_at:
            try:
                batch = self._next(sent)
                if batch is None:
                    break
                self._send(batch)
            except Exception:  # whatever it was, training and its report go on
                log.exception("run %s: a report could not be sent, trying again", self.run_id)
                self._pause(FIRST_WAIT_SECONDS)
            sent = time.monotonic()
        if self.stopped or len(self._backlog) or self._under_way:
            return
        self._closing_at = max(self._closing_at, time.monotonic() + GRACE_SECONDS)
        answer, why = self._delivered("end", self._end)
        if answer is _Answer.REFUSED:
            log.warning("run %s: its end was refused: %s", self.run_id, why)
        if answer is not _Answer.AGAIN:
            self._end = {}

    def _next(self, sent: float) -> Batch | None:
        """The batch to send now, waited for; None when all is sent and the report ends."""
        with self._changed:
            if not self._under_way:
                while not self._closing.is_set() and len(self._backlog) < BATCH_POINTS:
                    due = sent + (BATCH_SECONDS if len(self._backlog) else HEARTBEAT_SECONDS)
                    if time.monotonic() >= due:
                        break
                    self._changed.wait(due - time.monotonic())
                if self._closing.is_set() and not len(self._backlog):
                    return None
                self._under_way.append(self._backlog.take())
            return self._under_way[0]

    def _send(self, batch: Batch) -> None:
        """Send the first of what is under way; what is refused is divided until only what is wrong is left, and dropped."""
        answer, why = self._delivered("points", {"attempt": self.attempt} | batch.as_json())
        with self._changed:
            if answer in (_Answer.AGAIN, _Answer.GONE):
                return
            self._under_way.popleft()
            if answer is _Answer.REFUSED and len(batch) > 1:
                self._under_way.extendleft(reversed(batch.halves()))
            elif answer is _Answer.REFUSED and len(batch):
                self._lost += 1
                name = next(iter(batch.series), "") or batch.vectors[0].statistic
                self._warn(name, "refused", f"{batch.names()} was refused: {why}")

    def _delivered(self, path: str, body: Json) -> tuple[_Answer, str]:
        """Post until there is an answer, and why if it is no good one; AGAIN when closing ran out before."""
        wait = FIRST_WAIT_SECONDS
        faults = 0
        while True:
            try:
                self._post(path, body)
                if self._away:
                    self._away = False
                    log.warning("run %s: the server is back", self.run_id)
                return _Answer.TAKEN, ""
            except RequestRefused as refusal:
                answer, why = _judged(refusal), refusal.detail
                faults += refusal.status == 500 and refusal.code == "InternalError"
                if faults >= TRIES_OF_A_FAULT:
                    answer = _Answer.REFUSED
            except Exception as problem:
                answer, why = _Answer.AGAIN, str(problem) or type(problem).__name__
            if answer is _Answer.GONE:
                self._stopped.set()
                log.warning("run %s: %s", self.run_id, why)
            if answer is not _Answer.AGAIN:
                return answer, why
            if not self._away:
                self._away = True
                log.warning("run %s: %s; what is logged is kept and sent later", self.run_id, why)
            if time.monotonic() >= self._closing_at:
                return answer, why
            self._pause(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    def _pause(self, seconds: float) -> None:
        if self._closing.is_set():
            time.sleep(max(0.0, min(seconds, self._closing_at - time.monotonic())))
        else:
            self._closing.wait(seconds)


def _judged(refusal: RequestRefused) -> _Answer:
    """What an error of the server means for a request; an answer of something between here and there is no answer."""
    if refusal.status == 413:
        return _Answer.REFUSED
    if refusal.code == "StaleAttempt" or (refusal.status == 404 and refusal.code == "NotFound"):
        return _Answer.GONE
    if refusal.status in (400, 409, 422) and refusal.by_opdboard:
        return _Answer.REFUSED
    return _Answer.AGAIN
