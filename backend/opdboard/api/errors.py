"""Every error leaves as {error, detail, where}, with fields[] where single values of the input are wrong."""

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException
from typing_extensions import override

from opdboard.domain.errors import OpdboardError
from opdboard.domain.storable import readable_text

logger = logging.getLogger(__name__)


MOST_PROBLEMS = 100


class FieldProblem(BaseModel):
    """One wrong value."""

    path: str = Field(description="Dotted, for example budget.steps; empty when it concerns the whole.")
    message: str


class ErrorBody(BaseModel):
    """The body of every answer from 400 up."""

    error: str = Field(description="Machine-readable name.")
    detail: str = Field(description="A sentence for the user: what, and what to do.")
    where: str | None = Field(default=None, description="The field, file or run it concerns.")
    fields: list[FieldProblem] | None = Field(default=None, description="Each wrong value of the input.")


class InvalidFields(OpdboardError):
    """Single values of the input are wrong."""

    status = 422

    def __init__(self, fields: Sequence[FieldProblem]) -> None:
        """fields: at least one."""
        sentences = [
            field.message if field.message.startswith(field.path) else f"{field.path}: {field.message}"
            for field in fields
        ]
        super().__init__("; ".join(sentences[:5]), where=fields[0].path or None)
        self.fields = list(fields)

    @property
    @override
    def code(self) -> str:
        """To clients this is the same as any other wrong input."""
        return "BadInput"


def problems(errors: Sequence[Mapping[str, Any]], given: object, *, skip: Sequence[str] = ()) -> list[FieldProblem]:
    """pydantic's errors as dotted paths that a form knows.

    given: what was validated; it tells field names from the discriminator tags that pydantic puts between them.
    skip: leading names that are no part of the path ('body', 'config'). Of very many only the first are told.
    """
    return [_problem(error, given, list(skip)) for error in errors[:MOST_PROBLEMS]]


def _problem(error: Mapping[str, Any], given: object, skip: list[str]) -> FieldProblem:
    location = list(error["loc"])
    while skip and location[:1] == skip[:1]:
        name, skip = skip[0], skip[1:]
        location = location[1:]
        given = given.get(name) if isinstance(given, Mapping) and name in given else given
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "json_invalid":
        return FieldProblem(
            path="", message=f"the body is not JSON: {error['ctx']['error']} at character {location[-1]}"
        )
    if not location and error["type"] in ("union_tag_invalid", "union_tag_not_found"):
        location.append(error["ctx"]["discriminator"].strip("'"))
    path = ".".join(_without_tags(location, given)) or _field_named_in(message)
    if error["type"] == "extra_forbidden":
        message = "there is no such key"
    return FieldProblem(path=readable_text(path), message=readable_text(message))


def _without_tags(location: Sequence[str | int], given: object) -> list[str]:
    names: list[str] = []
    for part in location:
        if isinstance(given, Mapping):
            if part not in given and part in (given.get("kind"), given.get("command")):
                continue
            given = given.get(part)
        elif isinstance(given, Sequence) and not isinstance(given, str) and isinstance(part, int):
            given = given[part] if part < len(given) else None
        names.append(str(part))
    return names


def _field_named_in(message: str) -> str:
    """A check across fields has no path of its own: its sentence begins with the field to show it at."""
    match = re.match(r"[a-z_0-9]+(\.[a-z_0-9]+)+\b", message)
    return match.group() if match else ""


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
        fields = problems(wrong, error.body, skip=("body", "config"))
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
