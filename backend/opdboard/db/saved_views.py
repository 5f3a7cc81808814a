"""Saved views: the query string of a page's address under a name."""

import time

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from opdboard.db.tables import SavedView
from opdboard.domain.errors import NotFound


def of_page(session: Session, page: str) -> list[SavedView]:
    """The page's views by name."""
    return list(session.scalars(select(SavedView).where(SavedView.page == page).order_by(SavedView.name)))


def put(session: Session, page: str, name: str, search: str) -> SavedView:
    """Save a view, in place of one with the same name."""
    view = session.scalar(select(SavedView).where(SavedView.page == page, SavedView.name == name).with_for_update())
    if view is None:
        view = SavedView(page=page, name=name)
        session.add(view)
    view.search = search
    view.updated_at = time.time()
    session.flush()
    return view


def remove(session: Session, page: str, name: str) -> None:
    """Forget a view; NotFound when there is none of this name."""
    gone = session.scalars(
        delete(SavedView).where(SavedView.page == page, SavedView.name == name).returning(SavedView.id)
    )
    if not gone.all():
        raise NotFound(f"there is no view {name!r} of the page {page!r}", where=name)
