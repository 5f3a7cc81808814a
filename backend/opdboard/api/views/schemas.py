"""Saved views over HTTP."""

from typing import Annotated

from pydantic import BaseModel, Field

from opdboard.api.parameters import NO_NUL, Parameters

Page = Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,31}$", description="Which page: runs, run, ...")]
ViewName = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]


class ViewListQuery(Parameters):
    """Whose views to list."""

    page: Page


class ViewKey(Parameters):
    """One view."""

    page: Page
    name: ViewName


class ViewPut(ViewKey):
    """A view to save."""

    search: str = Field(max_length=20_000, pattern=NO_NUL, description="The address from '?' on.")


class ViewOut(BaseModel):
    """A view that was saved."""

    page: str
    name: str
    search: str
    updated_at: float


class ViewList(BaseModel):
    """A page's views by name."""

    views: list[ViewOut]
