"""Every error leaves as {error, detail, where}, with fields[] where single values of the input are wrong."""

import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException

from opdboard.api.problems import MOST_PROBLEMS, FieldProblem, InvalidFields, problems
from opdboard.domain.errors import OpdboardError

logger = logging.getLogger(__name__)


class ErrorBody(BaseModel):
    """The body of every answer from 400 up."""

    error: str = Field(description="Machine-readable name.")
    detail: str = Field(description="A sentence for the user: what, and what to do.")
    where: str | None = Field(default=None, description="The field, file or run it concerns.")
    fields: list[FieldProblem] | None = Field(default=None, description="Each wrong value of the input.")


def answer(status: int, body: ErrorBody, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error as a response."""
    return JSONResponse(body.model_dump(exclude={"fields"} if body.fields is None else None), status, headers)


def _render(error: OpdboardError) -> JSONResponse:
    fields = error.fields if isinstance(error, InvalidFields) else None
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    return answer(
        error.status, ErrorBody(error=error.code, detail=error.detail, where=error.where, fields=fields), headers
    )


def _render_validation(request: Request, error: RequestValidationError) -> JSONResponse:
    wrong = error.errors()[:MOST_PROBLEMS]
    first = wrong[0]["loc"][:1]
    if first == ("body",):
        of_run = wrong[0]["loc"][1:2] == ("config",)
        fields = problems(wrong, error.body, skip=("body", "config"), of_run=of_run)
    elif first == ("path",):
        fields = problems(wrong, {}, skip=("path",))
    else:
        fields = problems(wrong, {}, skip=("query",))
        known = request.scope["route"].dependant.query_params
        names = [
            name
            for parameter in known
            for name in getattr(parameter.field_info.annotation, "model_fields", {parameter.name: 0})
        ]
        if any(problem["type"] == "extra_forbidden" for problem in wrong):
            fields = [
                field.model_copy(update={"message": f"{field.message}; known are {', '.join(names)}"})
                for field in fields
            ]
    return _render(InvalidFields(fields))


def install(app: FastAPI) -> None:
    """Make the application answer every failure in this shape."""

    @app.exception_handler(OpdboardError)
    def _opdboard(_request: Request, error: OpdboardError) -> JSONResponse:
        return _render(error)

    @app.exception_handler(RequestValidationError)
    def _validation(request: Request, error: RequestValidationError) -> JSONResponse:
        return _render_validation(request, error)

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        name = {404: "NotFound", 405: "MethodNotAllowed"}.get(error.status_code, "BadRequest")
        detail = f"{error.detail}: {request.method} {request.url.path}"
        return answer(error.status_code, ErrorBody(error=name, detail=detail, where=request.url.path), error.headers)

    @app.exception_handler(DataError)
    def _unstorable(_request: Request, error: DataError) -> JSONResponse:
        detail = "a value cannot be stored: a number is too large or a text holds a character that databases refuse"
        logger.info("refused by the database: %s", error.orig)
        return answer(422, ErrorBody(error="BadInput", detail=detail))

    @app.exception_handler(OperationalError)
    def _database(_request: Request, error: OperationalError) -> JSONResponse:
        logger.error("database: %s", error)
        detail = "the database does not answer or its tables are missing; see the server's log, and run 'opdboard db upgrade'"
        return answer(503, ErrorBody(error="DatabaseUnavailable", detail=detail))

    @app.exception_handler(Exception)
    def _unexpected(request: Request, _error: Exception) -> JSONResponse:
        detail = "opdboard has a fault here; the server's log has the details"
        return answer(500, ErrorBody(error="InternalError", detail=detail, where=request.url.path))
