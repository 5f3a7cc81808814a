"""What `opdboard export` and `opdboard report` write, as downloads."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from opdboard.api.context import Context, Ctx
from opdboard.api.exports.in_process import client_of
from opdboard.api.parameters import RunId
from opdboard.client import Client
from opdboard.db import runs
from opdboard.export import files, report

router = APIRouter(prefix="/api/runs/{run_id}", tags=["runs"])


@router.get("/export", response_class=FileResponse)
async def export_run(request: Request, context: Ctx, run_id: RunId) -> FileResponse:
    """All that is stored of the run as a ZIP: a CSV per table, samples as JSON lines, configuration and history as JSON."""
    return await _download(request, context, run_id, ".zip", _export)


@router.get("/report", response_class=FileResponse)
async def report_run(request: Request, context: Ctx, run_id: RunId) -> FileResponse:
    """One HTML page about the run that needs no server and no network: pictures, decisions, samples, configuration."""
    return await _download(request, context, run_id, ".html", _report)


def _export(client: Client, run_id: str, file: Path) -> None:
    files.export_all(client, [client.run(run_id)], file)


def _report(client: Client, run_id: str, file: Path) -> None:
    file.write_text(report.page(client, [run_id]), encoding="utf-8")


async def _download(
    request: Request, context: Context, run_id: str, suffix: str, write: Callable[[Client, str, Path], None]
) -> FileResponse:
    def made() -> tuple[str, Path]:
        with context.database.read() as session:
            name = runs.get(session, run_id).name
        with tempfile.NamedTemporaryFile(prefix="opdboard-", suffix=suffix, delete=False) as empty:
            file = Path(empty.name)
        try:
            with client_of(request.app, context.settings.token) as client:
                write(client, run_id, file)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
        return re.sub(r"[^\w.-]+", "-", name), file

    async with context.exports:
        name, file = await to_thread.run_sync(made)
    return FileResponse(file, filename=f"{name}-{run_id}{suffix}", background=BackgroundTask(file.unlink))
