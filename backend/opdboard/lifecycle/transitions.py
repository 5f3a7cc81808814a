"""The one function that changes a run's state."""

import time
from typing import Any

from sqlalchemy.orm import Session

from opdboard.db import alerts, runs, webhooks
from opdboard.db.tables import Run, StateChange
from opdboard.domain.alerts import AlertKind
from opdboard.domain.events import Topic
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import RunState, check_transition
from opdboard.lifecycle import run_alerts

_PASSING = (RunKind.CHECK, RunKind.PLAYGROUND)  # somebody waits for them on a page


def transition(
    session: Session, run: Run, to: RunState, *, reason: str = "", error: dict[str, Any] | None = None
) -> None:
    """The only way a run's state changes; IllegalTransition when the table does not allow it."""
    current = RunState(run.state)
    check_transition(current, to)
    now = time.time()
    run.state = to
    run.error = error
    run.transfer = None
    if to.ended:
        run.ended_at = now
    elif to is RunState.QUEUED:
        run.ended_at = None
        run.worker_id = None
        run.sent_at = None
    if to.ended or to is RunState.QUEUED:
        runs.close_attempt(session, run, reason or to.value, now)
        alerts.clear(session, run, AlertKind.STALLED)
    session.add(StateChange(run_id=run.id, at=now, from_state=current, to_state=to, reason=reason))
    if to is RunState.FINISHED and RunKind(run.kind) not in _PASSING:
        webhooks.enqueue_finished(session, run)
    if to is RunState.FAILED:
        runs.touch(run, Topic.STATE, Topic.ALERTS)
        run_alerts.failed(session, run)
    elif current is RunState.FAILED:
        alerts.clear(session, run, *alerts.OF_THE_RUN)
        runs.touch(run, Topic.STATE, Topic.ALERTS)
    else:
        runs.touch(run, Topic.STATE)
