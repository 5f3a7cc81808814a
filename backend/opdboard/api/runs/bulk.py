"""One action on many runs; what cannot be done to one is said of it and does not keep the others from it."""

from collections.abc import Callable, Iterator, Sequence

from opdboard.api.commands import service as commands
from opdboard.api.context import Context
from opdboard.api.runs import service
from opdboard.api.runs.bulk_schemas import BulkAction, BulkChange, BulkOutcome, BulkResult
from opdboard.api.runs.listing import condition
from opdboard.db import run_listing, runs
from opdboard.db.tables import Run
from opdboard.domain.commands import request_of
from opdboard.domain.errors import BadInput, Conflict, OpdboardError
from opdboard.domain.events import Topic

MOST_TAGS = 50
RUNS_PER_TRANSACTION = 100
_DONE = {"stop": "asked to stop", "pause": "asked to pause", "resume": "asked to resume"}


def act(context: Context, wanted: BulkChange, *, actor: str) -> BulkResult:
    """Do it to each run in turn; actor: who asks, for the audit trail."""
    run_ids = _chosen(context, wanted)
    match wanted.action:
        case "stop" | "pause" | "resume":
            outcomes = list(_command(context, run_ids, wanted.action, actor))
        case "delete":
            outcomes = list(_delete(context, run_ids))
        case _:
            outcomes = list(_change(context, run_ids, _change_of(wanted)))
    return BulkResult(outcomes=outcomes, done=sum(outcome.ok for outcome in outcomes))


def _chosen(context: Context, wanted: BulkChange) -> list[str]:
    if wanted.ids is not None:
        return list(dict.fromkeys(wanted.ids))
    with context.database.read() as session:
        run_ids = run_listing.matching_ids(session, condition(session, wanted.query or ""))
    if wanted.expected is not None and wanted.expected != len(run_ids):
        raise Conflict(
            f"{len(run_ids)} runs match now, not {wanted.expected}; look at them again before you go on", where="query"
        )
    return run_ids


def _command(context: Context, run_ids: Sequence[str], command: str, actor: str) -> Iterator[BulkOutcome]:
    for run_id in run_ids:
        try:
            asked = commands.ask(context, run_id, request_of(command), actor=actor)
        except OpdboardError as problem:
            yield BulkOutcome(run=run_id, ok=False, detail=problem.detail)
        else:
            yield BulkOutcome(run=run_id, ok=True, detail=asked.result or _DONE[command])


def _delete(context: Context, run_ids: Sequence[str]) -> Iterator[BulkOutcome]:
    for run_id in run_ids:
        try:
            service.delete(context, run_id)
        except OpdboardError as problem:
            yield BulkOutcome(run=run_id, ok=False, detail=problem.detail)
        else:
            yield BulkOutcome(run=run_id, ok=True, detail="deleted")


def _change_of(wanted: BulkChange) -> Callable[[Run], str]:
    """How to change a run; says what came of it."""
    tags = wanted.tags

    def add(run: Run) -> str:
        together = list(dict.fromkeys([*run.tags, *tags]))
        if len(together) > MOST_TAGS:
            raise BadInput(f"it would have {len(together)} tags; {MOST_TAGS} are possible")
        run.tags = together
        return f"tagged {', '.join(tags)}"

    def remove(run: Run) -> str:
        run.tags = [tag for tag in run.tags if tag not in tags]
        return f"without {', '.join(tags)}"

    def regroup(run: Run) -> str:
        run.group = wanted.group or ""
        return f"in {run.group}" if run.group else "in no group"

    changes: dict[BulkAction, Callable[[Run], str]] = {"tag": add, "untag": remove, "group": regroup}
    return changes[wanted.action]


def _change(context: Context, run_ids: Sequence[str], change: Callable[[Run], str]) -> Iterator[BulkOutcome]:
    ordered = sorted(run_ids)  # locks are taken in one order everywhere
    for start in range(0, len(ordered), RUNS_PER_TRANSACTION):
        outcomes = []
        with context.database.write() as session:
            for run_id in ordered[start : start + RUNS_PER_TRANSACTION]:
                try:
                    run = runs.get(session, run_id, lock=True)
                    detail = change(run)
                except OpdboardError as problem:
                    outcomes.append(BulkOutcome(run=run_id, ok=False, detail=problem.detail))
                else:
                    runs.touch(run, Topic.STATE)
                    outcomes.append(BulkOutcome(run=run_id, ok=True, detail=detail))
        yield from outcomes
