"""Checks: a run's own, made when it starts, and those asked for before a launch."""

from fastapi import APIRouter

from opdboard.api.bodies import JsonRoute
from opdboard.api.checks import service
from opdboard.api.checks.schemas import CheckCreate
from opdboard.api.context import Ctx
from opdboard.api.named_runs import RunId
from opdboard.api.runs.schemas import RunDetail
from opdboard.domain.check import Check

router = APIRouter(prefix="/api", tags=["checks"], route_class=JsonRoute)


@router.get("/runs/{run_id}/check")
def read_check(context: Ctx, run_id: RunId) -> Check:
    """What each side reads, how far apart they are, what to beware of; 404 until the run, or a check, has loaded its models."""
    return service.read(context, run_id)


@router.post("/checks", status_code=201)
def create_check(context: Ctx, body: CheckCreate) -> RunDetail:
    """Have a worker load both models and look, without training; a run of kind 'check', gone an hour after it has ended."""
    return service.create(context, body.config)
