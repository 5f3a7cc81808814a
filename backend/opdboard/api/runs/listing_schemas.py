"""The runs table over HTTP: pages of rows, groups, and what can be asked for."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from opdboard.api.parameters import NO_NUL, Count, Parameters
from opdboard.api.runs.schemas import RunSummary

QueryText = Annotated[
    str,
    Field(
        max_length=4000,
        pattern=NO_NUL,
        description="For example: method = effopd and accuracy > 0.5; empty lists all. See GET /api/runs/fields.",
    ),
]


class Page(Parameters):
    """A page of what matches a query."""

    query: QueryText = ""
    limit: int = Field(default=200, ge=1, le=1000)
    offset: Count = 0


class RunListQuery(Page):
    """Which runs to list."""

    sort: str = Field(
        default="",
        max_length=300,
        pattern=NO_NUL,
        description="Up to 3 comma-separated fields, '-' before a descending one; empty is newest first.",
    )
    first: str = Field(
        default="",
        max_length=4000,
        pattern=NO_NUL,
        description="Up to 100 comma-separated ids of runs that come before the others where they match.",
    )
    columns: str = Field(
        default="", max_length=4000, pattern=NO_NUL, description="Comma-separated configuration paths to answer."
    )


class RunRow(RunSummary):
    """A run as a line of the table."""

    configured: dict[str, Any] = Field(description="The configuration's values at the paths asked for in columns.")


class RunList(BaseModel):
    """One page of runs."""

    runs: list[RunRow]
    total: int = Field(description="How many runs match in all.")


class RunGroupQuery(Page):
    """Which groups to list."""

    by: str = Field(min_length=1, max_length=300, pattern=NO_NUL, description="Up to 3 comma-separated fields.")
    measures: str = Field(
        default="", max_length=1000, pattern=NO_NUL, description="Comma-separated numbers to summarise."
    )
    sort: str = Field(
        default="-newest",
        max_length=200,
        pattern=NO_NUL,
        description="newest, name, count, or one of the measures by its mean; '-' before it for descending.",
    )


class SpreadOut(BaseModel):
    """A number over the runs of a group that have it."""

    count: int
    mean: float | None
    low: float | None
    high: float | None
    total: float | None


class RunGroupOut(BaseModel):
    """Runs that agree in the fields they are grouped by."""

    values: list[str | None] = Field(description="One per field; null where the runs have none.")
    query: str = Field(description="The condition that picks the group's runs.")
    count: int
    active: int = Field(description="How many of them a worker holds.")
    failed: int
    newest: float = Field(description="When the newest of them was made.")
    measures: dict[str, SpreadOut]


class RunGroups(BaseModel):
    """One page of groups."""

    groups: list[RunGroupOut]
    total: int


class RunFieldOut(BaseModel):
    """Something that runs can be filtered, sorted or grouped by."""

    name: str
    key: str = Field(
        description="What holds it: an attribute of a run, a key of its measures, a path of its configuration."
    )
    source: str = Field(description="run, measure or config.")
    type: str = Field(description="text, word, number, time, tags, error, or any: what the configuration holds.")
    title: str
    short: str = Field(description="What the head of a column says.")
    description: str
    groupable: bool
    examples: list[str] = Field(description="Values that are allowed, or that runs have.")


class RunFields(BaseModel):
    """Everything a query can name, for autocompletion."""

    fields: list[RunFieldOut]
