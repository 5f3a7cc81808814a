"""Runs: list, group, launch, read, change, delete; and one action on many."""

from typing import Annotated

from fastapi import APIRouter, Query

from opdboard.api.bodies import JsonRoute
from opdboard.api.commands.actor import Actor
from opdboard.api.context import Ctx
from opdboard.api.named_runs import RunId
from opdboard.api.runs import bulk, fields, listing, service
from opdboard.api.runs.bulk_schemas import BulkChange, BulkResult
from opdboard.api.runs.listing_schemas import RunFields, RunGroupQuery, RunGroups, RunList, RunListQuery
from opdboard.api.runs.schemas import RunChange, RunCreate, RunDetail
from opdboard.lifecycle.births import NewRun

router = APIRouter(prefix="/api/runs", tags=["runs"], route_class=JsonRoute)


@router.get("")
def list_runs(context: Ctx, query: Annotated[RunListQuery, Query()]) -> RunList:
    """Runs that match a query, newest first or as sorted; 422 says at which character it cannot be read."""
    return listing.find(context, query)


@router.get("/groups")
def list_groups(context: Ctx, query: Annotated[RunGroupQuery, Query()]) -> RunGroups:
    """Runs that match, in groups, with mean and range of measures."""
    return listing.groups(context, query)


@router.get("/fields")
def list_fields(context: Ctx) -> RunFields:
    """What runs can be filtered, sorted and grouped by."""
    return fields.fields(context)


@router.post("/bulk")
def act_on_runs(context: Ctx, body: BulkChange, actor: Actor) -> BulkResult:
    """Stop, pause, resume, delete, tag or group many runs; the answer says run by run what happened."""
    return bulk.act(context, body, actor=actor)


@router.post("", status_code=201)
def create_run(context: Ctx, body: RunCreate) -> RunDetail:
    """Launch a run."""
    return service.create(context, NewRun(body.config, body.group, body.tags, body.notes, body.copied_from))


@router.get("/{run_id}")
def read_run(context: Ctx, run_id: RunId) -> RunDetail:
    """One run."""
    return service.detail(context, run_id)


@router.patch("/{run_id}")
def change_run(context: Ctx, run_id: RunId, body: RunChange) -> RunDetail:
    """Rename, annotate, tag or group a run."""
    return service.change(context, run_id, body)


@router.delete("/{run_id}", status_code=204)
def delete_run(context: Ctx, run_id: RunId) -> None:
    """Delete a run, its series and its files; 409 while it is active or another run needs its checkpoints."""
    service.delete(context, run_id)
