"""Why a queued run has not started."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class WaitReason(StrEnum):
    """What a queued run waits for."""

    NO_WORKER = "no_worker"
    NO_LISTENER = "no_listener"
    SOURCE = "source"
    NOT_SENT = "not_sent"
    IN_LINE = "in_line"
    TAKING = "taking"


@dataclass(frozen=True)
class Source:
    """An unfinished run whose weights another needs as its student or teacher (relation)."""

    run_id: str
    name: str
    relation: str
    step: int
    total_steps: int


@dataclass(frozen=True)
class Queued:
    """A queued run; sent_at is when the broker was last told of it, source the run that makes weights it needs."""

    run_id: str
    name: str
    queue: str
    sent_at: float | None
    source: Source | None = None


@dataclass(frozen=True)
class Listener:
    """A live worker; busy_with names the run that it holds."""

    queues: frozenset[str]
    busy_with: str | None = None


@dataclass(frozen=True)
class Wait:
    """Why one run waits, in a sentence, and the run before it in its line."""

    reason: WaitReason
    detail: str
    behind: str | None = None


def in_order(queued: Sequence[Queued]) -> list[Queued]:
    """The runs as the broker hands them out: by when they were sent, those unsent at the end."""
    return sorted(queued, key=lambda run: (run.sent_at is None, run.sent_at or 0.0))


def why_it_waits(run: Queued, line: Sequence[Queued], listeners: Sequence[Listener]) -> Wait:
    """What the run waits for now; line: all queued runs in order, this one among them."""
    if run.source is not None:
        made = run.source
        detail = f"Waits for {made.name} to make its {made.relation}, now at step {made.step} of {made.total_steps}."
        return Wait(WaitReason.SOURCE, detail, made.run_id)
    if not listeners:
        return Wait(WaitReason.NO_WORKER, "No worker is alive. It starts as soon as one is.")
    suitable = [listener for listener in listeners if run.queue in listener.queues]
    if not suitable:
        heard = ", ".join(sorted(frozenset().union(*(listener.queues for listener in listeners))))
        detail = f"No live worker takes {_kind(run.queue)}: those alive listen to {heard or 'no queue'}."
        return Wait(WaitReason.NO_LISTENER, detail)
    if run.sent_at is None:
        detail = "The broker could not be told of it yet. A worker that is idle tells it again."
        return Wait(WaitReason.NOT_SENT, detail)
    queues = frozenset().union(*(listener.queues for listener in suitable))
    before = [
        other
        for other in line[: line.index(run)]
        if other.queue in queues and other.sent_at is not None and other.source is None
    ]
    free = sum(listener.busy_with is None for listener in suitable)
    if len(before) < free:
        return Wait(WaitReason.TAKING, "A worker is free and takes it within seconds.")
    if before:
        place = ordinal(len(before) + 1)
        return Wait(WaitReason.IN_LINE, f"{place} in line, behind {before[-1].name}.", before[-1].run_id)
    return Wait(WaitReason.IN_LINE, f"Next in line. {_busy(suitable)}")


def _busy(suitable: Sequence[Listener]) -> str:
    if len(suitable) > 1:
        return f"All {len(suitable)} workers that can take it are busy."
    return f"The only worker that can take it is busy with {suitable[0].busy_with}."


def _kind(queue: str) -> str:
    return "runs" if queue == "any" else f"runs for {queue}"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
