"""Imports of checkpoint series; what becomes of one is read as of any run."""

from typing import Annotated

from fastapi import APIRouter, Query

from opdboard.api.bodies import JsonRoute
from opdboard.api.context import Ctx
from opdboard.api.imports import service
from opdboard.api.imports.schemas import FolderList, FolderQuery, ImportCreate
from opdboard.api.runs.schemas import RunDetail

router = APIRouter(prefix="/api/imports", tags=["imports"], route_class=JsonRoute)


@router.post("", status_code=201)
def create_import(context: Ctx, body: ImportCreate) -> RunDetail:
    """Queue an import: a worker measures the checkpoints, and they appear as a run of kind 'import'."""
    return service.create(context, body)


@router.get("/folders")
def list_folders(context: Ctx, query: Annotated[FolderQuery, Query()]) -> FolderList:
    """Folders below the configured roots, the checkpoints among them, and files where they are asked for."""
    return service.folders(context, query)
