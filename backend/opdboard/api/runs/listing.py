"""The runs table: a page of rows, groups of runs, and what can be asked for."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from opdboard.api.context import Context
from opdboard.api.parameters import split_list
from opdboard.api.rows import filled
from opdboard.api.runs.listing_schemas import RunGroupOut, RunGroupQuery, RunGroups, RunList, RunListQuery, RunRow
from opdboard.api.runs.paths import at_path
from opdboard.api.runs.service import summary
from opdboard.db import run_listing
from opdboard.db.run_listing import Order, RunGroup
from opdboard.db.tables import Run
from opdboard.domain.errors import BadInput
from opdboard.domain.run_fields import Field, find_field
from opdboard.domain.run_query import Condition, equals, listed, parse_query

MOST_SORTED_BY = 3
MOST_FIRST = 100
MOST_GROUPED_BY = 3
MOST_COLUMNS = 60
MOST_MEASURES = 12
_GROUP_ORDERS = ("newest", "name", "count")


def condition(session: Session, query: str) -> Condition:
    """What the query says of the runs that tables list; names that only stored runs know are known too."""
    return listed(parse_query(query, stored=lambda field: run_listing.is_stored(session, field)))


def find(context: Context, wanted: RunListQuery) -> RunList:
    """One page of the runs that match."""
    with context.database.read() as session:
        order = [
            Order(_field(session, name.removeprefix("-"), "sort"), name.startswith("-"))
            for name in split_list(wanted.sort, where="sort", at_most=MOST_SORTED_BY)
        ]
        columns = [
            _field(session, name, "columns")
            for name in split_list(wanted.columns, where="columns", at_most=MOST_COLUMNS)
        ]
        first = split_list(wanted.first, where="first", at_most=MOST_FIRST)
        found, total = run_listing.page(
            session, condition(session, wanted.query), order, first=first, limit=wanted.limit, offset=wanted.offset
        )
        paths = [field for field in columns if field.source == "config"]
        return RunList(runs=[_row(run, paths) for run in found], total=total)


def _row(run: Run, paths: Sequence[Field]) -> RunRow:
    configured = {field.name: at_path(run.config, field.key) for field in paths}
    return RunRow.model_construct(**dict(summary(run)), configured=configured)


def _field(session: Session, name: str, where: str) -> Field:
    try:
        return find_field(name, lambda field: run_listing.is_stored(session, field))
    except BadInput as problem:
        raise BadInput(problem.detail, where=where) from None


def groups(context: Context, wanted: RunGroupQuery) -> RunGroups:
    """One page of the groups of the runs that match."""
    with context.database.read() as session:
        by = [_field(session, name, "by") for name in split_list(wanted.by, where="by", at_most=MOST_GROUPED_BY)]
        for field in by:
            if not field.groupable:
                raise BadInput(f"runs cannot be grouped by {field.name}: hardly two would agree in it", where="by")
        measures = {
            name: _number(session, name)
            for name in split_list(wanted.measures, where="measures", at_most=MOST_MEASURES)
        }
        found = run_listing.groups(session, condition(session, wanted.query), by, list(measures.values()))
    made = [_group(group, by, list(measures)) for group in found]
    _sort_groups(made, wanted.sort)
    return RunGroups(groups=made[wanted.offset : wanted.offset + wanted.limit], total=len(made))


def _number(session: Session, name: str) -> Field:
    field = _field(session, name, "measures")
    if field.type not in ("number", "any"):
        raise BadInput(f"{name} is no number: it has no mean", where="measures")
    return field


def _group(group: RunGroup, by: Sequence[Field], measures: Sequence[str]) -> RunGroupOut:
    return filled(
        RunGroupOut,
        group,
        query=" and ".join(equals(field, value) for field, value in zip(by, group.values, strict=True)),
        measures=dict(zip(measures, group.measures, strict=True)),
    )


def _sort_groups(made: list[RunGroupOut], sort: str) -> None:
    """In place, what has no value last; groups come newest first."""
    name = sort.removeprefix("-")
    descending = sort.startswith("-")
    if made and name not in (*_GROUP_ORDERS, *made[0].measures):
        known = ", ".join((*_GROUP_ORDERS, *made[0].measures))
        raise BadInput(f"groups cannot be sorted by {name!r}; possible are {known}", where="sort")

    keys = [(_group_key(group, name), group) for group in made]
    present = sorted(((key, group) for key, group in keys if key), key=lambda pair: pair[0], reverse=descending)
    made[:] = [group for _, group in present] + [group for key, group in keys if not key]


def _group_key(group: RunGroupOut, name: str) -> tuple:
    """Empty where the group has no value."""
    match name:
        case "newest":
            return (group.newest,)
        case "count":
            return (group.count,)
        case "name":
            return tuple((value is None, _natural(value or "")) for value in group.values)
    mean = group.measures[name].mean
    return () if mean is None else (mean,)


def _natural(text: str) -> tuple[bool, float, str]:
    """Numbers by size, before words."""
    try:
        return False, float(text), text
    except ValueError:
        return True, 0.0, text.lower()
