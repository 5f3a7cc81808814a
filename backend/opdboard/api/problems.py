"""Single values of the input that are wrong, by their paths."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field
from typing_extensions import override

from opdboard.domain.errors import OpdboardError
from opdboard.domain.field_names import hint
from opdboard.domain.reading import MOVED
from opdboard.domain.refusals import in_words
from opdboard.domain.storable import readable_text

MOST_PROBLEMS = 100


class FieldProblem(BaseModel):
    """One wrong value."""

    path: str = Field(description="Dotted, for example budget.steps; empty when it concerns the whole.")
    message: str


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


def problems(
    errors: Sequence[Mapping[str, Any]], given: object, *, skip: Sequence[str] = (), of_run: bool = False
) -> list[FieldProblem]:
    """pydantic's errors as dotted paths that a form knows.

    given: what was validated; it tells field names from the discriminator tags that pydantic puts between them.
    skip: leading names that are no part of the path ('body', 'config'). Of very many only the first are told.
    of_run: the paths are those of a run's configuration, of which a wrong name may mean another.
    """
    return [_problem(error, given, list(skip), of_run) for error in errors[:MOST_PROBLEMS]]


def _problem(error: Mapping[str, Any], given: object, skip: list[str], of_run: bool) -> FieldProblem:
    location = list(error["loc"])
    while skip and location[:1] == skip[:1]:
        name, skip = skip[0], skip[1:]
        location = location[1:]
        given = given.get(name) if isinstance(given, Mapping) and name in given else given
    message = in_words(error)
    if error["type"] == "json_invalid":
        return FieldProblem(
            path="", message=f"the body is not JSON: {error['ctx']['error']} at character {location[-1]}"
        )
    if not location and error["type"] in ("union_tag_invalid", "union_tag_not_found"):
        location.append(error["ctx"]["discriminator"].strip("'"))
    path = ".".join(_without_tags(location, given)) or _field_named_in(message)
    if error["type"] == "extra_forbidden":
        told = MOVED.get(path)
        meant = hint(path) if of_run and told is None else ""
        message = told or f"{message}{meant and f'; {meant}'}"
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
