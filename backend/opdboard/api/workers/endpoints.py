"""Worker processes."""

from typing import Annotated

from fastapi import APIRouter, Path

from opdboard.api.context import Ctx
from opdboard.api.workers import service
from opdboard.api.workers.schemas import WorkerList

router = APIRouter(prefix="/api/workers", tags=["workers"])
WorkerId = Annotated[str, Path(max_length=200, pattern=r"^[^\x00]+$", description="Id of a worker.")]


@router.get("")
def list_workers(context: Ctx) -> WorkerList:
    """Every worker known, and whether it still gives signs of life."""
    return service.list_all(context)


@router.delete("/{worker_id}", status_code=204)
def forget_worker(context: Ctx, worker_id: WorkerId) -> None:
    """Take a silent worker off the list; its run, if it held one, goes back to the queue by itself."""
    service.forget(context, worker_id)
