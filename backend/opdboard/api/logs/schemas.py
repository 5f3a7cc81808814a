"""Log lines as they travel over HTTP."""

from typing import Literal

from pydantic import BaseModel, Field

from opdboard.api.parameters import NO_NUL, Count, Parameters
from opdboard.db.logs import LogFilter


class LogChoice(Parameters):
    """Which of a run's lines are meant."""

    attempt: Count | None = Field(default=None, description="Only lines of this attempt.")
    level: Literal["warning", "error"] | None = Field(
        default=None, description="Only lines with words of trouble; 'warning' includes errors."
    )

    def wanted(self) -> LogFilter:
        """For the repository."""
        return LogFilter(self.attempt, self.level)


class LogQuery(LogChoice):
    """Which lines to read: the newest ones after an id, or a page from a position."""

    after: Count = Field(default=0, description="Only lines with a larger id.")
    offset: Count | None = Field(
        default=None, description="Position of the first line among those chosen; empty takes the newest lines."
    )
    limit: int = Field(default=1000, ge=1, le=10_000, description="At most this many lines.")


class LogSearch(LogChoice):
    """What to look for."""

    search: str = Field(min_length=1, max_length=500, pattern=NO_NUL, description="Text in the line, in any case.")


class LogLineOut(BaseModel):
    """One line that a trainer or its supervisor wrote."""

    id: int
    attempt: int
    at: float
    text: str


class LogLines(BaseModel):
    """Lines, oldest first."""

    lines: list[LogLineOut]
    total: int = Field(description="Lines of this choice in all.")
    attempts: list[int] = Field(description="Attempts that have written lines.")


class LogMatches(BaseModel):
    """Where a text is in the log."""

    positions: list[int] = Field(description="Positions from 0 among the lines chosen; the first 10,000.")
    total: int = Field(description="Lines that have the text.")
