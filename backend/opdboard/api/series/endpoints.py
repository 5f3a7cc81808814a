"""Stored numbers of a run."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from opdboard.api.context import Ctx
from opdboard.api.named_runs import RunId
from opdboard.api.series import service
from opdboard.api.series.schemas import CurveGroups, ModuleList, SeriesOut, SeriesQuery, StatisticOut, StatisticQuery

router = APIRouter(prefix="/api/runs/{run_id}", tags=["series"])
Statistic = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9_@.-]{1,64}$", description="For example update_norm or subspace_affinity@20.")
]


@router.get("/series")
def read_series(context: Ctx, run_id: RunId, query: Annotated[SeriesQuery, Query()]) -> SeriesOut:
    """Scalars, all of them or only those written after a sequence number."""
    return service.scalars(context, run_id, query)


@router.get("/curves")
def read_curve_groups(context: Ctx, run_id: RunId) -> CurveGroups:
    """Which pictures draw the run's scalars, and what they are called."""
    return service.curve_groups(context, run_id)


@router.get("/modules")
def read_modules(context: Ctx, run_id: RunId) -> ModuleList:
    """The run's attention and MLP matrices; empty until its trainer is ready."""
    return service.modules(context, run_id)


@router.get("/statistics/{statistic}")
def read_statistic(
    context: Ctx, run_id: RunId, statistic: Statistic, query: Annotated[StatisticQuery, Query()]
) -> StatisticOut:
    """One statistic of all modules over the steps."""
    return service.statistic(context, run_id, statistic, query)
