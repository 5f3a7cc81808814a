"""What every endpoint may use: settings, database and job queue, hung on the application at its creation."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from opdboard.api.panels.cache import ResponseCache
from opdboard.db.database import Database
from opdboard.queue import JobQueue
from opdboard.settings import Settings


@dataclass(frozen=True)
class Context:
    """One web process's tools."""

    settings: Settings
    database: Database
    queue: JobQueue
    panel_cache: ResponseCache


def _context(request: Request) -> Context:
    return request.app.state.context


Ctx = Annotated[Context, Depends(_context)]
