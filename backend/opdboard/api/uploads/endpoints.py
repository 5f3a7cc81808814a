"""Receives data files."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi import Path as ApiPath

from opdboard.api.context import Ctx
from opdboard.api.limits import BODY_SECONDS
from opdboard.api.uploads import kept
from opdboard.api.uploads.schemas import KeptFile, Uploaded, UploadQuery
from opdboard.api.uploads.service import Incoming
from opdboard.domain.errors import Unavailable
from opdboard.domain.patterns import UPLOADED

router = APIRouter(prefix="/api", tags=["uploads"])
KeptName = Annotated[str, ApiPath(max_length=300, pattern=UPLOADED, description="As data.file names it.")]

_BYTES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/uploads", status_code=201, openapi_extra=_BYTES)
async def upload(context: Ctx, query: Annotated[UploadQuery, Query()], request: Request) -> Uploaded:
    """Keep a data file, whose bytes are the body; the same content is kept once. 422 where it cannot be read as rows."""
    incoming = await asyncio.to_thread(Incoming, query.name, context.settings)
    try:
        chunks = request.stream()
        while True:
            async with asyncio.timeout(BODY_SECONDS):
                chunk = await anext(chunks, None)
            if chunk is None:
                break
            await asyncio.to_thread(incoming.add, chunk)
        return await asyncio.to_thread(incoming.kept)
    except TimeoutError as error:
        raise Unavailable(f"nothing of the file came for {BODY_SECONDS:.0f} s; send it again", where="body") from error
    finally:
        await asyncio.to_thread(incoming.close)


@router.get("/uploads")
def list_uploads(context: Ctx) -> list[KeptFile]:
    """Every file that is kept, newest first, and which runs that have not ended read it."""
    return kept.listed(context)


@router.delete("/uploads/{file}", status_code=204)
def delete_upload(context: Ctx, file: KeptName) -> None:
    """Delete a kept file; 409 while a run that has not ended reads it."""
    kept.delete(context, file)
