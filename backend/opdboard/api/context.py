"""What every endpoint may use: settings, database and job queue, hung on the application at its creation."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from opdboard.api.file_looks import FileLooks
from opdboard.api.panels.cache import ResponseCache
from opdboard.api.panels.recent import RecentAnswers
from opdboard.db.database import Database
from opdboard.queue import JobQueue
from opdboard.settings import Settings


@dataclass(frozen=True)
class Context:
    """One web process's tools.

    exports: how many exports may be made at once, since each takes threads for long; files: by which alone files are looked at
    whose names came from a client.
    """

    settings: Settings
    database: Database
    queue: JobQueue
    panel_cache: ResponseCache
    recent_extensions: RecentAnswers
    exports: asyncio.Semaphore
    files: FileLooks


async def _context(request: Request) -> Context:  # a plain function would cost every request a change of thread
    return request.app.state.context


Ctx = Annotated[Context, Depends(_context)]
