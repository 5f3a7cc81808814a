"""Log lines of trainers."""

import time
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from opdboard.db import runs
from opdboard.db.tables import LogLine, Run
from opdboard.domain.events import Topic


def append(session: Session, run_id: str, attempt: int, lines: Sequence[str]) -> None:
    """Add lines in order; kept whatever the run's state, since the last words of a dead attempt matter most."""
    run = session.get(Run, run_id, with_for_update=True)
    if run is None or not lines:
        return
    now = time.time()
    session.add_all(LogLine(run_id=run_id, attempt=attempt, at=now, text=_text(line)) for line in lines)
    runs.touch(run, Topic.LOGS)


def _text(line: str) -> str:
    """What every database stores: no NUL, no half of a surrogate pair."""
    return line.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def read(session: Session, run_id: str, *, after: int = 0, limit: int = 1000) -> list[LogLine]:
    """The newest lines with an id above `after`, at most `limit`, oldest first."""
    query = select(LogLine).where(LogLine.run_id == run_id, LogLine.id > after).order_by(LogLine.id.desc()).limit(limit)
    return list(reversed(list(session.scalars(query))))


def count(session: Session, run_id: str) -> int:
    """How many lines the run has."""
    return session.scalar(select(func.count()).select_from(LogLine).where(LogLine.run_id == run_id)) or 0
