"""Groups: runs that share a name in their `group`, most often the seeds or the rates of one sweep."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, defer, undefer
from sqlalchemy.orm.interfaces import ORMOption

from opdboard.db import runs
from opdboard.db.tables import Run
from opdboard.domain.entries import entry_of_group, group_named
from opdboard.domain.errors import NotFound
from opdboard.domain.run_kinds import UNLISTED
from opdboard.domain.run_state import RunState

_LONG = (Run.modules, Run.config)
_WITHOUT_LONG = tuple(defer(column) for column in _LONG)


@dataclass(frozen=True)
class Entry:
    """A run, or the runs of a group, compared as one. failed: members that failed, which are left out."""

    key: str
    name: str
    color: int
    runs: Sequence[Run]
    is_group: bool = False
    failed: int = 0


def resolve(session: Session, entries: Sequence[str], *, lazily: bool = False) -> list[Entry]:
    """The runs behind each entry, in the order asked for, members oldest first; NotFound names what there is not.

    lazily: configurations and module lists, which are long, are read when somebody looks at them in this session.
    """
    return [_entry(session, entry, _WITHOUT_LONG if lazily else ()) for entry in entries]


def complete(session: Session, found: Sequence[Run]) -> None:
    """Read, in one query, what `resolve` left for later."""
    query = select(Run).where(Run.id.in_([run.id for run in found])).options(*(undefer(column) for column in _LONG))
    session.execute(query.execution_options(populate_existing=True)).scalars().all()


def _entry(session: Session, entry: str, without: Sequence[ORMOption]) -> Entry:
    name = group_named(entry)
    if name is None:
        run = runs.get(session, entry, without=without)
        return Entry(run.id, run.name, run.color, [run])
    known = name != "" and "\x00" not in name
    found = list(session.scalars(_members(name).options(*without))) if known else []
    if not found:
        raise NotFound(f"there is no run in a group {name!r}", where=entry)
    usable = [run for run in found if run.state != RunState.FAILED]
    return Entry(
        entry_of_group(name),
        name,
        _color(session, found[0].created_at),
        usable or found,
        is_group=True,
        failed=len(found) - len(usable) if usable else 0,
    )


def _members(name: str) -> Select[Run]:
    return select(Run).where(Run.group == name).order_by(Run.created_at, Run.id)


def _color(session: Session, began: float) -> int:
    """Groups take the run colours in the order in which they were begun."""
    starts = select(func.min(Run.created_at).label("began")).where(Run.group != "").group_by(Run.group).subquery()
    earlier = select(func.count()).select_from(starts).where(starts.c.began < began)
    return (session.scalar(earlier) or 0) % runs.COLORS


def named_like(session: Session, search: str, *, limit: int) -> list[tuple[str, int]]:
    """Groups whose name contains the text, latest first, each with its number of runs."""
    query = select(Run.group, func.count()).where(Run.group != "")
    if search:
        query = query.where(Run.group.icontains(search, autoescape=True))
    latest = func.max(Run.created_at).desc()
    return [(name, count) for name, count in session.execute(query.group_by(Run.group).order_by(latest).limit(limit))]


def runs_like(session: Session, search: str, *, limit: int) -> list[Run]:
    """Runs whose name, id or group contains the text, latest first."""
    query = select(Run).where(Run.kind.not_in(UNLISTED)).options(*_WITHOUT_LONG)  # those have no curves
    if search:
        query = query.where(or_(*(one.icontains(search, autoescape=True) for one in (Run.name, Run.id, Run.group))))
    return list(session.scalars(query.order_by(Run.created_at.desc(), Run.id).limit(limit)))
