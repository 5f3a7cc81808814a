"""Saved views of pages: list, save, delete."""

from typing import Annotated

from fastapi import APIRouter, Query

from opdboard.api.bodies import JsonRoute
from opdboard.api.context import Ctx
from opdboard.api.views.schemas import ViewKey, ViewList, ViewListQuery, ViewOut, ViewPut
from opdboard.db import saved_views
from opdboard.db.tables import SavedView

router = APIRouter(prefix="/api/views", tags=["views"], route_class=JsonRoute)


@router.get("")
def list_views(context: Ctx, query: Annotated[ViewListQuery, Query()]) -> ViewList:
    """The page's views by name."""
    with context.database.read() as session:
        return ViewList(views=[_view(row) for row in saved_views.of_page(session, query.page)])


@router.put("")
def put_view(context: Ctx, body: ViewPut) -> ViewOut:
    """Save a view, in place of one with the same name."""
    with context.database.write() as session:
        return _view(saved_views.put(session, body.page, body.name, body.search))


@router.delete("", status_code=204)
def delete_view(context: Ctx, query: Annotated[ViewKey, Query()]) -> None:
    """Forget a view."""
    with context.database.write() as session:
        saved_views.remove(session, query.page, query.name)


def _view(row: SavedView) -> ViewOut:
    return ViewOut(page=row.page, name=row.name, search=row.search, updated_at=row.updated_at)
