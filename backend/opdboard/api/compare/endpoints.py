"""Runs and groups side by side."""

from typing import Annotated

from fastapi import APIRouter, Query

from opdboard.api.compare import meter, service
from opdboard.api.compare.schemas import (
    ChoiceList,
    ChoiceQuery,
    CompareQuery,
    ConfigDifference,
    EntryList,
    SpeedupOut,
    SpeedupQuery,
)
from opdboard.api.context import Ctx

router = APIRouter(prefix="/api/compare", tags=["compare"])


@router.get("/entries")
def read_entries(context: Ctx, query: Annotated[CompareQuery, Query()]) -> EntryList:
    """The runs behind what is compared."""
    return service.listed(context, query)


@router.get("/choices")
def find_choices(context: Ctx, query: Annotated[ChoiceQuery, Query()]) -> ChoiceList:
    """Runs and groups that can be compared."""
    return service.choices(context, query)


@router.get("/config")
def compare_configs(context: Ctx, query: Annotated[CompareQuery, Query()]) -> ConfigDifference:
    """Which configuration keys differ."""
    return service.configs(context, query)


@router.get("/speedup")
def measure_speedup(context: Ctx, query: Annotated[SpeedupQuery, Query()]) -> SpeedupOut:
    """Steps, tokens, seconds and GPU-seconds, search included, to a share of the reference's way."""
    return meter.speedups(context, query)
