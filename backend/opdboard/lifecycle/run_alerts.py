"""Alerts about a run itself, whatever its data say: it failed, makes no progress, a checkpoint was of no use."""

from typing import Any

from sqlalchemy.orm import Session

from opdboard.db import alerts, runs
from opdboard.db.tables import Run
from opdboard.domain.alerts import SIGNATURES, AlertKind
from opdboard.domain.events import Topic
from opdboard.domain.run_state import RunState


def failed(session: Session, run: Run) -> None:
    """Say so, with the reason and what to do; under the run's sequence number, which has moved already."""
    error = run.error or {}
    kind = AlertKind.VOCABULARY_MISMATCH if error.get("error") == "VocabularyMismatch" else AlertKind.RUN_FAILED
    reason = error.get("detail")
    _raise(session, run, kind, _sentence(reason) if reason else f"No reason was recorded. {SIGNATURES[kind].advice}")


def stalled(session: Session, run: Run, seconds: float) -> None:
    """The run is alive without progress for so long; said once until it moves."""
    runs.touch(run, Topic.ALERTS)
    if not alerts.holds(session, run, AlertKind.STALLED):
        doing = "while it was starting" if run.state == RunState.STARTING else f"since step {run.step}"
        message = f"No progress for {seconds:.0f} s {doing}. {SIGNATURES[AlertKind.STALLED].advice}"
        _raise(session, run, AlertKind.STALLED, message, value=seconds)


def moving(session: Session, run: Run) -> None:
    """The run makes progress again."""
    alerts.clear(session, run, AlertKind.STALLED)
    runs.touch(run, Topic.ALERTS)


def happened(session: Session, run: Run, kind: AlertKind, message: str, step: int) -> None:
    """Something about how the run goes on from this step, such as without files that were damaged."""
    runs.touch(run, Topic.ALERTS)
    _raise(session, run, kind, _sentence(message), step=step)


def _raise(session: Session, run: Run, kind: AlertKind, message: str, *, step: int | None = None, **more: Any) -> None:
    signature = SIGNATURES[kind]
    at = run.step if step is None else step
    alerts.add(
        session,
        run,
        run.seq,
        kind=kind,
        severity=signature.severity,
        title=signature.title,
        message=message,
        step=at,
        cleared_step=at if signature.momentary else None,
        **more,
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
