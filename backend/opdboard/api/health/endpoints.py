"""Liveness and readiness, for supervisors and load balancers."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from opdboard.api.context import Ctx
from opdboard.api.errors import ErrorBody, answer
from opdboard.api.health.schemas import Health

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/readyz", response_model=Health, responses={503: {"model": ErrorBody}})
def readyz(context: Ctx) -> Health | JSONResponse:
    """The database answers and its schema is the newest."""
    try:
        current = context.database.is_current()
    except SQLAlchemyError as error:
        return answer(
            503, ErrorBody(error="DatabaseUnavailable", detail=f"the database does not answer: {type(error).__name__}")
        )
    if not current:
        return answer(
            503,
            ErrorBody(
                error="SchemaOutdated", detail="the database's tables are not up to date: run 'opdboard db upgrade'"
            ),
        )
    return Health(status="ok")
