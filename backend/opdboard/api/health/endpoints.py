"""Liveness and readiness, for supervisors and load balancers."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from opdboard.api.background import Background
from opdboard.api.context import Ctx
from opdboard.api.errors import ErrorBody, answer
from opdboard.api.health.schemas import Health, Ready, TaskHealth
from opdboard.api.rows import filled

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz(request: Request) -> Health:
    """The process answers; how its background tasks are."""
    background: Background = request.app.state.background
    tasks = [filled(TaskHealth, one) for one in background.kept]
    return Health(status="ok" if all(task.well for task in tasks) else "degraded", tasks=tasks)


@router.get("/readyz", response_model=Ready, responses={503: {"model": ErrorBody}})
def readyz(context: Ctx) -> Ready | JSONResponse:
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
    return Ready()
