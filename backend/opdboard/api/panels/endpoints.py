"""Pictures: which there are, whole figures, and what changed since."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from opdboard.api.context import Ctx
from opdboard.api.live import LiveHub
from opdboard.api.named_runs import Runs
from opdboard.api.panels import service
from opdboard.api.panels.recent import Answer
from opdboard.api.panels.schemas import PanelExtension, PanelFigure, PanelOut, PanelTable
from opdboard.domain.entries import GROUP_PREFIX

router = APIRouter(prefix="/api/panels", tags=["panels"])

PanelName = Annotated[str, Path(max_length=64, description="Name of a panel.")]
After = Annotated[
    str,
    Query(
        max_length=2000,
        description="The figure's cursors, comma-separated in the order of runs, members of a group oldest first.",
    ),
]


@router.get("")
def list_panels() -> list[PanelOut]:
    """Every picture with the schema of its parameters."""
    return service.listed()


@router.get("/{name}", response_model=PanelFigure)
def draw_panel(context: Ctx, request: Request, name: PanelName, runs: Runs) -> Response:
    """The whole figure; further query parameters are the panel's own (see its params_schema)."""
    return _json(service.figure(context, name, runs, _own_parameters(request)))


@router.get("/{name}/table", response_model=PanelTable)
def tell_panel(context: Ctx, request: Request, name: PanelName, runs: Runs) -> Response:
    """The numbers that the figure draws, with the same parameters."""
    return _json(service.table(context, name, runs, _own_parameters(request)))


@router.get("/{name}/table.csv", response_class=StreamingResponse, responses={200: {"content": {"text/csv": {}}}})
def download_panel(context: Ctx, request: Request, name: PanelName, runs: Runs) -> StreamingResponse:
    """All of the table as a file."""
    lines = service.csv_lines(context, name, runs, _own_parameters(request))
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8")


@router.get("/{name}/extension", response_model=PanelExtension)
async def extend_panel(context: Ctx, request: Request, name: PanelName, runs: Runs, after: After) -> Response:
    """What changed in a figure since its cursors, with the same parameters as the figure."""
    own = _own_parameters(request)

    async def make() -> Answer:
        return await run_in_threadpool(service.extension, context, name, runs, after, own)

    if GROUP_PREFIX in runs:  # who is in a group may change while its runs stay where they are
        return _json((await make()).body)
    live: LiveHub = request.app.state.live
    question = (name, request.url.query)
    return _json(await context.recent_extensions.get_or_make(question, live.known_seq, make))


def _own_parameters(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.query_params.items() if name not in ("runs", "after")}


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
