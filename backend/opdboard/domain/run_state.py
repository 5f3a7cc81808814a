"""The states of a run and the one table of legal moves between them."""

from enum import StrEnum

from opdboard.domain.errors import IllegalTransition


class RunState(StrEnum):
    """Where a run is in its life."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def active(self) -> bool:
        """A worker holds the run."""
        return self in ACTIVE

    @property
    def ended(self) -> bool:
        """Nothing more happens unless a user resumes it."""
        return self in ENDED


ACTIVE = frozenset({RunState.STARTING, RunState.RUNNING, RunState.PAUSED, RunState.STOPPING})
ENDED = frozenset({RunState.FINISHED, RunState.STOPPED, RunState.FAILED})

# An active run goes back to QUEUED when its worker is lost; an ended one when its user resumes it.
TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.STARTING, RunState.STOPPED, RunState.FAILED}),
    RunState.STARTING: frozenset(
        {RunState.RUNNING, RunState.STOPPING, RunState.STOPPED, RunState.FAILED, RunState.QUEUED}
    ),
    RunState.RUNNING: frozenset(
        {RunState.PAUSED, RunState.STOPPING, RunState.STOPPED, RunState.FINISHED, RunState.FAILED, RunState.QUEUED}
    ),
    RunState.PAUSED: frozenset(
        {RunState.RUNNING, RunState.STOPPING, RunState.STOPPED, RunState.FAILED, RunState.QUEUED}
    ),
    RunState.STOPPING: frozenset({RunState.STOPPED, RunState.FINISHED, RunState.FAILED, RunState.QUEUED}),
    RunState.FINISHED: frozenset(),
    RunState.STOPPED: frozenset({RunState.QUEUED}),
    RunState.FAILED: frozenset({RunState.QUEUED}),
}


def check_transition(current: RunState, target: RunState) -> None:
    """Raise IllegalTransition unless TRANSITIONS allows current -> target."""
    if target not in TRANSITIONS[current]:
        allowed = ", ".join(sorted(TRANSITIONS[current])) or "nothing: it has ended"
        raise IllegalTransition(f"a run that is {current} cannot become {target}; possible: {allowed}")
