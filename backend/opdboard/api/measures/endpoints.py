"""What measures are called: one table for every axis, legend, column and choice."""

from collections.abc import Iterable

from fastapi import APIRouter

from opdboard.api.context import Ctx
from opdboard.api.measures.schemas import MeasureOut, Measures
from opdboard.api.rows import filled
from opdboard.db import run_listing
from opdboard.domain.measure import Measure
from opdboard.domain.measures import MODULE_STATISTICS, SCORES, by_number, scalar
from opdboard.domain.scalar_measures import SCALARS, WHOLE_MODEL

LOOKED_AT = 200

router = APIRouter(prefix="/api/measures", tags=["series"])


@router.get("")
def list_measures(context: Ctx) -> Measures:
    """Every measure that opdboard knows, and the scalars that the newest runs have besides."""
    with context.database.read() as session:
        stored = {key for run in run_listing.newest(session, LOOKED_AT) for key in run.latest}
    known = SCALARS | WHOLE_MODEL
    more = [scalar(key) for key in sorted(stored - known.keys(), key=by_number)]
    return Measures(
        scalar=_told([*known.values(), *more]),
        module=_told(MODULE_STATISTICS.values()),
        score=_told(SCORES.values()),
    )


def _told(measures: Iterable[Measure]) -> list[MeasureOut]:
    return [filled(MeasureOut, one) for one in measures]
