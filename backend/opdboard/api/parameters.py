"""Types of parameters and bodies, with limits that every database accepts."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from opdboard.api.problems import FieldProblem, InvalidFields
from opdboard.domain.errors import BadInput
from opdboard.domain.storable import problems_in

LARGEST_INTEGER = 2**31 - 1
RUN_ID_PATTERN = r"^[A-Za-z0-9_-]{1,32}$"

Count = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
NO_NUL = r"^[^\x00]*$"


class Parameters(BaseModel):
    """Base of query and body models: an unknown name, and what could not be stored and read again, is refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _check_storable(cls, given: Any) -> Any:
        if isinstance(given, dict):
            wrong = [FieldProblem(path=path.removeprefix("config."), message=why) for path, why in problems_in(given)]
            if wrong:
                raise InvalidFields(wrong)
        return given


def split_list(text: str, *, where: str, at_most: int) -> list[str]:
    """Comma-separated names, each once, in order; BadInput when there are too many or a NUL character."""
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if len(names) > at_most:
        raise BadInput(f"{where} takes at most {at_most} names, got {len(names)}", where=where)
    if any("\x00" in name for name in names):
        raise BadInput(f"{where} must not contain the NUL character", where=where)
    return names
