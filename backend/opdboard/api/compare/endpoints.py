"""Runs and groups side by side: what is compared, what could be, how configurations differ, and the speed-up meter."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from opdboard.api.compare import meter
from opdboard.api.compare.schemas import (
    ChoiceList,
    ChoiceQuery,
    CompareQuery,
    ConfigDifference,
    DifferingKey,
    EntryList,
    EntryOut,
    GroupChoice,
    RunChoice,
    SameKey,
    SpeedupOut,
    SpeedupQuery,
)
from opdboard.api.compare.speedup_csv import speedup_csv
from opdboard.api.context import Ctx
from opdboard.api.entries import entries, wanted, within_limit
from opdboard.api.rows import filled
from opdboard.api.runs.paths import flattened
from opdboard.api.runs.service import summary
from opdboard.db import groups, provenance
from opdboard.db.groups import Entry
from opdboard.domain.entries import entry_of_group
from opdboard.domain.errors import NotFound

_MOST_CHOICES = 20

router = APIRouter(prefix="/api/compare", tags=["compare"])


@router.get("/entries")
def read_entries(context: Ctx, query: Annotated[CompareQuery, Query()]) -> EntryList:
    """The runs behind what is compared."""
    found: list[Entry] = []
    missing: list[str] = []
    with context.database.snapshot() as session:
        for key in wanted(query.runs):
            try:
                found += groups.resolve(session, [key])
            except NotFound:
                missing.append(key)
        return EntryList(entries=[_entry_out(entry) for entry in within_limit(found)], missing=missing)


def _entry_out(entry: Entry) -> EntryOut:
    notes = [run.notes.strip() for run in entry.runs if run.notes.strip()]
    return filled(EntryOut, entry, runs=[summary(run) for run in entry.runs], notes=list(dict.fromkeys(notes)))


@router.get("/choices")
def find_choices(context: Ctx, query: Annotated[ChoiceQuery, Query()]) -> ChoiceList:
    """Runs and groups that can be compared."""
    with context.database.read() as session:
        found = groups.runs_like(session, query.search, limit=_MOST_CHOICES)
        return ChoiceList(
            groups=[
                GroupChoice(key=entry_of_group(name), name=name, runs=count)
                for name, count in groups.named_like(session, query.search, limit=_MOST_CHOICES)
            ],
            runs=[filled(RunChoice, run, key=run.id) for run in found],
        )


@router.get("/config")
def compare_configs(context: Ctx, query: Annotated[CompareQuery, Query()]) -> ConfigDifference:
    """Which configuration keys differ, and which versions, weights and data files, as far as the runs tell them."""
    with context.database.snapshot() as session:
        found = entries(session, query.runs)
        flat = {entry.key: [dict(flattened(run.config)) for run in entry.runs] for entry in found}
        told = provenance.of_runs(session, [run.id for entry in found for run in entry.runs])
    differing: list[DifferingKey] = []
    same: list[SameKey] = []
    every = [config for members in flat.values() for config in members]
    for path in dict.fromkeys(path for config in every for path in config):
        first = next(config[path] for config in every if path in config)
        if all(path in config and config[path] == first for config in every):
            same.append(SameKey(path=path, value=first))
        else:
            values = {key: _distinct(members, path) for key, members in flat.items()}
            differing.append(DifferingKey(path=path, values={key: some for key, some in values.items() if some}))
    made_with = {entry.key: [one.flat() for run in entry.runs for _, one in told[run.id]] for entry in found}
    for path in dict.fromkeys(path for members in made_with.values() for one in members for path in one):
        texts = {
            key: list(dict.fromkeys(one[path] for one in members if path in one)) for key, members in made_with.items()
        }
        distinct = {text for some in texts.values() for text in some}
        if len(distinct) == 1:
            same.append(SameKey(path=path, value=distinct.pop()))
        else:
            differing.append(DifferingKey(path=path, values={key: some for key, some in texts.items() if some}))
    return ConfigDifference(differing=differing, same=same)


@router.get("/speedup")
def measure_speedup(context: Ctx, query: Annotated[SpeedupQuery, Query()]) -> SpeedupOut:
    """Steps, tokens, seconds and GPU-seconds, search included, to a share of the reference's way."""
    return meter.speedups(context, query)


@router.get("/speedup.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def write_speedup(context: Ctx, query: Annotated[SpeedupQuery, Query()]) -> Response:
    """The same as CSV, numbers in full."""
    return Response(speedup_csv(meter.speedups(context, query)), media_type="text/csv; charset=utf-8")


def _distinct(members: list[dict[str, Any]], path: str) -> list[Any]:
    """The different values of a group's runs, in the order of the runs; a run without the key counts as null."""
    if not any(path in config for config in members):
        return []
    values: list[Any] = []
    for config in members:
        if config.get(path) not in values:
            values.append(config.get(path))
    return values
