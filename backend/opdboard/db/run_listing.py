"""The runs table: one page of the runs that fulfil a condition, in any order, and groups of them with their measures.

A measure or a configuration's value is read out of JSON, so each query goes through the runs once and no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session, defer

from opdboard.db.json_values import JsonValues
from opdboard.db.run_conditions import Conditions
from opdboard.db.tables import Run
from opdboard.domain.run_fields import Field
from opdboard.domain.run_kinds import UNLISTED
from opdboard.domain.run_query import LISTED, Condition
from opdboard.domain.run_state import ACTIVE, RunState


@dataclass(frozen=True)
class Order:
    """A field to sort by."""

    field: Field
    descending: bool


LOOKED_THROUGH = 2000
NEWEST_FIRST: tuple[Order, ...] = ()
_LISTED = Run.kind.not_in(UNLISTED)


def _matching(session: Session, wanted: Condition | None, *columns: Any) -> Any:
    query = select(*columns)
    return query if wanted is None else query.where(Conditions(session).condition(wanted))


def page(
    session: Session,
    wanted: Condition | None,
    order: Sequence[Order] = NEWEST_FIRST,
    *,
    first: Sequence[str] = (),
    limit: int,
    offset: int = 0,
) -> tuple[list[Run], int]:
    """Runs without their module lists, and how many match in all. What has no value comes last in either direction.

    first: ids that come before all others where they match.
    """
    if wanted == LISTED and not order and not first:
        total = select(func.count()).select_from(Run).where(_LISTED)
        return newest(session, limit, offset), session.scalar(total) or 0
    keys = [
        (key.label(f"key_{place}_{part}"), one.descending)
        for place, one in enumerate(order)
        for part, key in enumerate(Conditions(session).sort_keys(one.field))
    ]
    query = _matching(session, wanted, Run.id, Run.created_at, *(key for key, _ in keys))
    matching = query.cte("matching").prefix_with("MATERIALIZED", dialect="sqlite")
    total = select(func.count()).select_from(matching).scalar_subquery()
    sorted_by = [_directed(matching.c[key.name], descending) for key, descending in keys]
    newest_first = (matching.c.created_at.desc(), matching.c.id)
    if first:
        sorted_by.insert(0, matching.c.id.not_in(first))
    found = session.execute(
        select(matching.c.id, total).order_by(*sorted_by, *newest_first).limit(limit).offset(offset)
    ).all()
    if not found:
        return [], (session.scalar(_matching(session, wanted, func.count(Run.id))) or 0) if offset else 0
    rows = select(Run).where(Run.id.in_([row[0] for row in found])).options(defer(Run.modules))
    by_id = {run.id: run for run in session.scalars(rows)}
    return [by_id[row[0]] for row in found], found[0][1]


def _directed(key: ColumnElement[Any], descending: bool) -> ColumnElement[Any]:
    return (key.desc() if descending else key.asc()).nulls_last()


def matching_ids(session: Session, wanted: Condition | None) -> list[str]:
    """Ids of all runs that match, newest first."""
    return list(session.scalars(_matching(session, wanted, Run.id).order_by(Run.created_at.desc(), Run.id)))


@dataclass(frozen=True)
class Spread:
    """A measure over the runs of a group that have it."""

    count: int
    mean: float | None
    low: float | None
    high: float | None
    total: float | None


@dataclass(frozen=True)
class RunGroup:
    """Runs that agree in some fields. values: None where the runs have none; measures in the order asked for."""

    values: tuple[str | None, ...]
    count: int
    active: int
    failed: int
    newest: float
    measures: tuple[Spread, ...]


def groups(
    session: Session, wanted: Condition | None, by: Sequence[Field], measures: Sequence[Field]
) -> list[RunGroup]:
    """Groups of the matching runs, the one with the newest run first; a run is in the group of each of its tags."""
    conditions = Conditions(session)
    json = JsonValues(session)
    source: Any = Run.__table__
    keys = []
    for place, field in enumerate(by):
        if field.type == "tags":
            elements = json.elements(Run.tags)
            source = source.outerjoin(elements, literal(True))
            keys.append(elements.c.value.label(f"key_{place}"))
        else:
            keys.append(conditions.text(field).label(f"key_{place}"))
    numbers = [conditions.number(field).label(f"measure_{place}") for place, field in enumerate(measures)]
    facts = _matching(session, wanted, Run.state, Run.created_at, *keys, *numbers).select_from(source).cte("facts")
    facts = facts.prefix_with("MATERIALIZED", dialect="sqlite")  # or each summary would read its measure anew
    grouped = [facts.c[key.name] for key in keys]
    query = select(
        func.count(),
        func.count().filter(facts.c.state.in_(ACTIVE)),
        func.count().filter(facts.c.state == RunState.FAILED),
        func.max(facts.c.created_at),
        *(
            summary(facts.c[number.name])
            for number in numbers
            for summary in (func.count, func.avg, func.min, func.max, func.sum)
        ),
        *grouped,
    ).group_by(*grouped)
    return [_group(row, len(measures)) for row in session.execute(query.order_by(func.max(facts.c.created_at).desc()))]


def _group(row: Any, measures: int) -> RunGroup:
    count, active, failed, newest, *rest = row
    spreads = tuple(Spread(*rest[5 * place : 5 * place + 5]) for place in range(measures))
    values = tuple(None if value is None else str(value) for value in rest[5 * measures :])
    return RunGroup(values, count, active, failed, newest, spreads)


def is_stored(session: Session, field: Field) -> bool:
    """Whether some run has this scalar, or this path in its configuration."""
    conditions = Conditions(session)
    value = conditions.number(field) if field.source == "measure" else conditions.text(field)
    query = select(literal(1)).where(value.is_not(None)).limit(1)
    return session.scalar(query.select_from(Run).order_by(Run.created_at.desc())) is not None


def newest(session: Session, count: int, offset: int = 0) -> list[Run]:
    """The newest runs that tables list, without their module lists."""
    query = select(Run).where(_LISTED).order_by(Run.created_at.desc(), Run.id).limit(count).offset(offset)
    return list(session.scalars(query.options(defer(Run.modules))))


def in_use(session: Session, field: Field, count: int) -> list[str]:
    """Values that the field has in the newest runs, the most frequent first."""
    column = Run.tags if field.type == "tags" else Conditions(session).text(field)
    recent = select(column.label("value")).order_by(Run.created_at.desc()).limit(LOOKED_THROUGH).subquery()
    value, source = recent.c.value, recent
    if field.type == "tags":
        elements = JsonValues(session).elements(recent.c.value)
        value, source = elements.c.value, recent.join(elements, literal(True))
    query = select(value).select_from(source).where(value.is_not(None)).group_by(value)
    return [str(one) for one in session.scalars(query.order_by(func.count().desc(), value).limit(count))]
