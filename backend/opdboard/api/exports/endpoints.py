"""What `opdboard export` and `opdboard report` write, as downloads."""

import re
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO
from urllib.parse import quote

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, StreamingResponse
from starlette.background import BackgroundTask

from opdboard.api.context import Context, Ctx
from opdboard.api.exports.in_process import client_of
from opdboard.api.exports.streaming import streamed
from opdboard.api.parameters import RunId
from opdboard.client import Client
from opdboard.db import runs
from opdboard.export import files, report

router = APIRouter(prefix="/api/runs/{run_id}", tags=["runs"])


@router.get("/export", response_class=StreamingResponse)
async def export_run(request: Request, context: Ctx, run_id: RunId) -> StreamingResponse:
    """All that is stored of the run as a ZIP: a CSV per table, samples as JSON lines, configuration and history as JSON.

    It is sent as it is made; a ZIP that breaks off has no directory, so that every tool says so.
    """
    name = await to_thread.run_sync(_name, context, run_id)

    def write(stream: IO[bytes]) -> None:
        with client_of(request.app, context.settings.token) as client:
            files.stream_all(client, [client.run(run_id)], stream)

    async def blocks() -> AsyncIterator[bytes]:
        async with context.exports:
            async for block in streamed(write):
                yield block

    file = f"{name}-{run_id}.zip"
    named = f'filename="{file}"' if quote(file) == file else f"filename*=utf-8''{quote(file)}"
    headers = {"Content-Disposition": f"attachment; {named}"}
    return StreamingResponse(blocks(), media_type="application/zip", headers=headers)


@router.get("/report", response_class=FileResponse)
async def report_run(request: Request, context: Ctx, run_id: RunId) -> FileResponse:
    """One HTML page about the run that needs no server and no network: pictures, decisions, samples, configuration."""
    return await _download(request, context, run_id, ".html", _report)


def _name(context: Context, run_id: str) -> str:
    with context.database.read() as session:
        return re.sub(r"[^\w.-]+", "-", runs.get(session, run_id).name)


def _report(client: Client, run_id: str, file: Path) -> None:
    file.write_text(report.page(client, [run_id]), encoding="utf-8")


async def _download(
    request: Request, context: Context, run_id: str, suffix: str, write: Callable[[Client, str, Path], None]
) -> FileResponse:
    def made() -> tuple[str, Path]:
        name = _name(context, run_id)
        with tempfile.NamedTemporaryFile(prefix="opdboard-", suffix=suffix, delete=False) as empty:
            file = Path(empty.name)
        try:
            with client_of(request.app, context.settings.token) as client:
                write(client, run_id, file)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
        return name, file

    async with context.exports:
        name, file = await to_thread.run_sync(made)
    return FileResponse(file, filename=f"{name}-{run_id}{suffix}", background=BackgroundTask(file.unlink))
