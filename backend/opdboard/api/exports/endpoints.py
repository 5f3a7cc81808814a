"""What `opdboard export` and `opdboard report` write, as downloads that are sent as they are made."""

import re
from collections.abc import AsyncIterator, Callable
from typing import IO
from urllib.parse import quote

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from opdboard.api.context import Context, Ctx
from opdboard.api.exports.in_process import client_of
from opdboard.api.exports.streaming import streamed
from opdboard.api.named_runs import RunId
from opdboard.client import Client
from opdboard.db import runs
from opdboard.export import files, report

router = APIRouter(prefix="/api/runs/{run_id}", tags=["runs"])


@router.get("/export", response_class=StreamingResponse)
async def export_run(request: Request, context: Ctx, run_id: RunId) -> StreamingResponse:
    """All that is stored of the run as a ZIP: a CSV per table, samples as JSON lines, configuration and history as JSON.

    It is sent as it is made; a ZIP that breaks off has no directory, so that every tool says so.
    """

    def write(client: Client, stream: IO[bytes]) -> None:
        files.stream_all(client, [client.run(run_id)], stream)

    return await _sent(request, context, run_id, ".zip", "application/zip", write)


@router.get("/report", response_class=StreamingResponse)
async def report_run(request: Request, context: Ctx, run_id: RunId) -> StreamingResponse:
    """One HTML page about the run that needs no server and no network: pictures, decisions, samples, configuration.

    It is sent as it is made.
    """

    def write(client: Client, stream: IO[bytes]) -> None:
        stream.writelines(part.encode() for part in report.page(client, [run_id]))

    return await _sent(request, context, run_id, ".html", "text/html", write)


async def _sent(
    request: Request,
    context: Context,
    run_id: str,
    suffix: str,
    media_type: str,
    write: Callable[[Client, IO[bytes]], None],
) -> StreamingResponse:
    name = await to_thread.run_sync(_name, context, run_id)

    def made(stream: IO[bytes]) -> None:
        with client_of(request.app, context.settings.token) as client:
            write(client, stream)

    async def blocks() -> AsyncIterator[bytes]:
        async with context.exports:
            async for block in streamed(made):
                yield block

    file = f"{name}-{run_id}{suffix}"
    named = f'filename="{file}"' if quote(file) == file else f"filename*=utf-8''{quote(file)}"
    headers = {"Content-Disposition": f"attachment; {named}"}
    return StreamingResponse(blocks(), media_type=media_type, headers=headers)


def _name(context: Context, run_id: str) -> str:
    with context.database.read() as session:
        return re.sub(r"[^\w.-]+", "-", runs.get(session, run_id).name)
