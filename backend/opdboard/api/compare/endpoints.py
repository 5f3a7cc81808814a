"""Several runs side by side."""

from typing import Annotated

from fastapi import APIRouter, Query

from opdboard.api.compare import service
from opdboard.api.compare.schemas import CompareQuery, ConfigDifference, SpeedupOut, SpeedupQuery
from opdboard.api.context import Ctx

router = APIRouter(prefix="/api/compare", tags=["compare"])


@router.get("/config")
def compare_configs(context: Ctx, query: Annotated[CompareQuery, Query()]) -> ConfigDifference:
    """Which configuration keys differ."""
    return service.configs(context, query)


@router.get("/speedup")
def measure_speedup(context: Ctx, query: Annotated[SpeedupQuery, Query()]) -> SpeedupOut:
    """Steps, tokens and seconds, search included, to a share of the reference's final value."""
    return service.speedups(context, query)
