"""The Hugging Face hub, asked by its own client with this server's token; the browser gives one and never sees it again."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query

from opdboard.api.bodies import JsonRoute
from opdboard.api.context import Ctx
from opdboard.api.hub.schemas import (
    HubAccess,
    HubDataset,
    HubParts,
    HubQuery,
    HubRepositories,
    HubRepository,
    HubToken,
)
from opdboard.data_files.hub import commit_of, configurations_of, splits_of
from opdboard.domain.data import HubData
from opdboard.domain.errors import Conflict, DataProblem, Unavailable
from opdboard.hub_problems import hub_problem
from opdboard.hub_token import forget, masked, source, store
from opdboard.settings import Settings

router = APIRouter(prefix="/api/hub", tags=["hub"], route_class=JsonRoute)

_TOLD = ["private", "gated", "downloads", "tags"]
Asked = Annotated[HubQuery, Query()]


@router.get("/token")
def read_access(context: Ctx) -> HubAccess:
    """Whether there is a token, and whether the hub is asked at all."""
    from huggingface_hub import is_offline_mode  # which no other request needs

    return HubAccess(token=source(context.settings), offline=is_offline_mode())


@router.put("/token")
def store_token(context: Ctx, given: HubToken) -> HubAccess:
    """Keep a token for searches, downloads and pushes, in place of the one before; it is never told again."""
    store(context.settings, given.token.get_secret_value())
    return read_access(context)


@router.delete("/token")
def forget_token(context: Ctx) -> HubAccess:
    """Keep none: that of the environment is used, where there is one."""
    forget(context.settings)
    return read_access(context)


@router.get("/models")
def search_models(context: Ctx, query: Asked) -> HubRepositories:
    """Models that generate text; 409 where the server is told to stay offline, 503 when the hub does not answer."""
    about: dict[str, Any] = {"pipeline_tag": "text-generation", "expand": [*_TOLD, "safetensors"]}
    return context.hub(lambda: _found("list_models", query, about, context.settings))


@router.get("/datasets")
def search_datasets(context: Ctx, query: Asked) -> HubRepositories:
    """Data sets; errors as above."""
    return context.hub(lambda: _found("list_datasets", query, {"expand": _TOLD}, context.settings))


@router.get("/datasets/parts")
def read_dataset_parts(context: Ctx, query: Annotated[HubDataset, Query()]) -> HubParts:
    """Configurations and splits of a data set; 422 where it cannot be read, 503 when the hub does not answer."""
    return context.hub(lambda: _parts(query))


def _parts(query: HubDataset) -> HubParts:
    commit_of.cache_clear()  # a branch may have moved since the last look
    named = configurations_of(query.repo_id, query.revision)
    try:
        splits = splits_of(HubData.model_validate(query.model_dump()))
    except DataProblem as problem:
        if problem.where != "data.configuration":
            raise
        splits = []
    return HubParts(configurations=named, splits=splits)


def _found(listing: str, query: HubQuery, about: dict[str, Any], settings: Settings) -> HubRepositories:
    from huggingface_hub import HfApi, is_offline_mode  # which no other request needs
    from huggingface_hub.errors import OfflineModeIsEnabled

    if is_offline_mode():
        raise Conflict(hub_problem(OfflineModeIsEnabled(), "search"), where="hub")
    asked = getattr(HfApi(), listing)
    try:
        found = asked(search=query.search or None, sort="downloads", limit=query.limit, **about)
        return HubRepositories(found=[_repository(one) for one in found])
    except Exception as error:  # which HTTP library the client uses, and so what it raises, changes with its version
        raise Unavailable(masked(hub_problem(error, "search"), settings), where="hub") from error


def _repository(info: Any) -> HubRepository:
    return HubRepository(
        id=info.id,
        private=bool(info.private),
        gated=bool(info.gated),
        license=_license(info.tags or ()),
        parameters=getattr(getattr(info, "safetensors", None), "total", None),
        downloads=info.downloads or 0,
    )


def _license(tags: Iterable[str]) -> str | None:
    return next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), None)
