"""Saved views of pages: list, save, delete."""

from typing import Annotated

from fastapi import APIRouter, Query

from opdboard.api.bodies import JsonRoute
from opdboard.api.context import Ctx
from opdboard.api.rows import filled
from opdboard.api.views.schemas import ViewKey, ViewList, ViewListQuery, ViewOut, ViewPut
from opdboard.db import saved_views

router = APIRouter(prefix="/api/views", tags=["views"], route_class=JsonRoute)


@router.get("")
def list_views(context: Ctx, query: Annotated[ViewListQuery, Query()]) -> ViewList:
    """The page's views by name."""
    with context.database.read() as session:
        return ViewList(views=[filled(ViewOut, row) for row in saved_views.of_page(session, query.page)])


@router.put("")
def put_view(context: Ctx, body: ViewPut) -> ViewOut:
    """Save a view, in place of one with the same name."""
    with context.database.write() as session:
        return filled(ViewOut, saved_views.put(session, body.page, body.name, body.search))


@router.delete("", status_code=204)
def delete_view(context: Ctx, query: Annotated[ViewKey, Query()]) -> None:
    """Forget a view."""
    with context.database.write() as session:
        saved_views.remove(session, query.page, query.name)
