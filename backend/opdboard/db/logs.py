"""Log lines of trainers."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from opdboard.db import runs
from opdboard.db.tables import LogLine, Run
from opdboard.domain.events import Topic
from opdboard.domain.storable import readable_text

ERROR_WORDS = ("error", "exception", "traceback", "failed")
WARNING_WORDS = ("warn",)


def append(session: Session, run_id: str, attempt: int, lines: Sequence[str]) -> None:
    """Add lines in order; kept whatever the run's state, since the last words of a dead attempt matter most."""
    run = session.get(Run, run_id, with_for_update=True)
    if run is None or not lines:
        return
    now = time.time()
    session.add_all(LogLine(run_id=run_id, attempt=attempt, at=now, text=readable_text(line)) for line in lines)
    runs.touch(run, Topic.LOGS)


@dataclass(frozen=True)
class LogFilter:
    """Which lines of a run: of one attempt, or with words of trouble."""

    attempt: int | None = None
    level: Literal["warning", "error"] | None = None

    def of(self, run_id: str) -> ColumnElement[bool]:
        """The condition on a line."""
        conditions = [LogLine.run_id == run_id]
        if self.attempt is not None:
            conditions.append(LogLine.attempt == self.attempt)
        if self.level is not None:
            words = ERROR_WORDS if self.level == "error" else (*ERROR_WORDS, *WARNING_WORDS)
            conditions.append(or_(*(func.lower(LogLine.text).contains(word) for word in words)))
        return and_(*conditions)


ALL_LINES = LogFilter()


def read(
    session: Session, run_id: str, *, after: int = 0, limit: int = 1000, wanted: LogFilter = ALL_LINES
) -> list[LogLine]:
    """The newest lines with an id above `after`, at most `limit`, oldest first."""
    query = select(LogLine).where(wanted.of(run_id), LogLine.id > after).order_by(LogLine.id.desc()).limit(limit)
    return list(reversed(list(session.scalars(query))))


def page(session: Session, run_id: str, *, offset: int, limit: int, wanted: LogFilter = ALL_LINES) -> list[LogLine]:
    """Lines from a position on, counted from 0 among those wanted."""
    query = select(LogLine).where(wanted.of(run_id)).order_by(LogLine.id).offset(offset).limit(limit)
    return list(session.scalars(query))


def count(session: Session, run_id: str, wanted: LogFilter = ALL_LINES) -> int:
    """How many lines the run has."""
    return session.scalar(select(func.count()).select_from(LogLine).where(wanted.of(run_id))) or 0


def attempts(session: Session, run_id: str) -> list[int]:
    """Attempts that have written lines, ascending."""
    return sorted(session.scalars(select(LogLine.attempt).where(LogLine.run_id == run_id).distinct()))


def matches(
    session: Session, run_id: str, text: str, *, most: int, wanted: LogFilter = ALL_LINES
) -> tuple[list[int], int]:
    """Positions, from 0 among the lines wanted, of the first lines that contain a text in any case; and how many do."""
    place = func.row_number().over(order_by=LogLine.id) - 1
    numbered = select(place.label("position"), LogLine.text).where(wanted.of(run_id)).subquery()
    found = func.lower(numbered.c.text).contains(text.lower(), autoescape=True)
    first = select(numbered.c.position).where(found).order_by(numbered.c.position).limit(most)
    total = session.scalar(select(func.count()).select_from(numbered).where(found)) or 0
    return list(session.scalars(first)), total
