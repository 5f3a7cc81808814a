"""Other trainers report their runs here: begin, points, end. A write names its attempt; 409 says that it must stop."""

from fastapi import APIRouter

from opdboard.api.bodies import JsonRoute
from opdboard.api.context import Ctx
from opdboard.api.named_runs import RunId
from opdboard.api.reported import service
from opdboard.api.reported.schemas import (
    AttemptBegun,
    AttemptCreate,
    PointsAdded,
    PointsCreate,
    ReportedEnd,
    ReportedRunCreate,
)

router = APIRouter(prefix="/api", tags=["reported runs"], route_class=JsonRoute)


@router.post("/reported-runs", status_code=201)
def create_reported_run(context: Ctx, body: ReportedRunCreate) -> AttemptBegun:
    """Begin to report a run that no worker of opdboard trains; it is running at once."""
    return service.create(context, body)


@router.post("/runs/{run_id}/attempts", status_code=201)
def begin_attempt(context: Ctx, run_id: RunId, body: AttemptCreate | None = None) -> AttemptBegun:
    """Go on with a reported run after a step, under a new attempt; writes of earlier ones are refused from now on."""
    return service.begin_again(context, run_id, body or AttemptCreate())


@router.post("/runs/{run_id}/points")
def add_points(context: Ctx, run_id: RunId, body: PointsCreate) -> PointsAdded:
    """Add points to a reported run: all or none. Points stored before are passed over, so a report may be sent again."""
    return service.append(context, run_id, body)


@router.post("/runs/{run_id}/end", status_code=204)
def end_reported_run(context: Ctx, run_id: RunId, body: ReportedEnd) -> None:
    """A reported run has finished, was stopped or failed."""
    service.end(context, run_id, body)
