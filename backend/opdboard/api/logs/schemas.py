"""Log lines as they travel over HTTP."""

from pydantic import BaseModel, Field

from opdboard.api.parameters import Count, Parameters


class LogQuery(Parameters):
    """Which lines to read: the newest ones after an id."""

    after: Count = Field(default=0, description="Only lines with a larger id.")
    limit: int = Field(default=1000, ge=1, le=10_000, description="The newest this many.")


class LogLineOut(BaseModel):
    """One line that a trainer or its supervisor wrote."""

    id: int
    attempt: int
    at: float
    text: str


class LogLines(BaseModel):
    """Lines, oldest first."""

    lines: list[LogLineOut]
    total: int = Field(description="Lines the run has in all.")
