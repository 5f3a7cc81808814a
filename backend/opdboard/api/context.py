"""What every endpoint may use: settings, database and job queue, hung on the application at its creation."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from opdboard.api.looks import Looks
from opdboard.api.panels.cache import ResponseCache
from opdboard.api.panels.recent import RecentAnswers
from opdboard.db.database import Database
from opdboard.queue import JobQueue
from opdboard.settings import Settings


@dataclass(frozen=True)
class Context:
    """One web process's tools.

    exports: how many exports may be made at once, since each takes threads for long. files, hub: see `looks`.
    """

    settings: Settings
    database: Database
    queue: JobQueue
    panel_cache: ResponseCache
    recent_extensions: RecentAnswers
    exports: asyncio.Semaphore
    files: Looks
    hub: Looks


async def _context(request: Request) -> Context:  # a plain function would cost every request a change of thread
    return request.app.state.context


Ctx = Annotated[Context, Depends(_context)]
