"""One action on many runs over HTTP."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from opdboard.api.parameters import RUN_ID_PATTERN, Count, Parameters
from opdboard.api.runs.listing_schemas import QueryText
from opdboard.api.runs.schemas import Group, Tags

MOST_IDS = 10_000

BulkAction = Literal["stop", "pause", "resume", "delete", "tag", "untag", "group"]


class BulkChange(Parameters):
    """What to do with which runs: with these ids, or with all that match a query."""

    action: BulkAction
    ids: Annotated[list[Annotated[str, Field(pattern=RUN_ID_PATTERN)]], Field(max_length=MOST_IDS)] | None = None
    query: QueryText | None = None
    expected: Count | None = Field(
        default=None, description="With a query: how many runs it matched when you looked; 409 if that has changed."
    )
    tags: Tags = Field(default=[], description="For tag and untag.")
    group: Group | None = Field(default=None, description="For group; empty takes the runs out of their groups.")

    @model_validator(mode="after")
    def _says_which_and_what(self) -> "BulkChange":
        if (self.ids is None) == (self.query is None):
            raise ValueError("give either ids or a query")
        if self.action in ("tag", "untag") and not self.tags:
            raise ValueError(f"{self.action} needs tags")
        if self.action == "group" and self.group is None:
            raise ValueError("group needs a group")
        return self


class BulkOutcome(BaseModel):
    """What happened to one run."""

    run: str
    ok: bool
    detail: str = Field(description="What was done, or why it was not possible.")


class BulkResult(BaseModel):
    """What happened, run by run."""

    outcomes: list[BulkOutcome]
    done: int = Field(description="To how many it was done.")
