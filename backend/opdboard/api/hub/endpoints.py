"""Searches of the Hugging Face hub, by its own client and with the web server's HF_TOKEN; the browser never sees the token."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query

from opdboard.api.bodies import JsonRoute
from opdboard.api.context import Ctx
from opdboard.api.hub.schemas import HubDataset, HubParts, HubQuery, HubRepositories, HubRepository
from opdboard.data_files.hub import commit_of, configurations_of, splits_of
from opdboard.domain.data import HubData
from opdboard.domain.errors import Conflict, DataProblem, Unavailable

router = APIRouter(prefix="/api/hub", tags=["hub"], route_class=JsonRoute)

_TOLD = ["private", "gated", "downloads", "tags"]
Asked = Annotated[HubQuery, Query()]


@router.get("/models")
def search_models(context: Ctx, query: Asked) -> HubRepositories:
    """Models that generate text; 409 where the server is told to stay offline, 503 when the hub does not answer."""
    about: dict[str, Any] = {"pipeline_tag": "text-generation", "expand": [*_TOLD, "safetensors"]}
    return context.hub(lambda: _found("list_models", query, about))


@router.get("/datasets")
def search_datasets(context: Ctx, query: Asked) -> HubRepositories:
    """Data sets; errors as above."""
    return context.hub(lambda: _found("list_datasets", query, {"expand": _TOLD}))


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


def _found(listing: str, query: HubQuery, about: dict[str, Any]) -> HubRepositories:
    from huggingface_hub import HfApi, is_offline_mode  # which no other request needs
    from huggingface_hub.errors import HfHubHTTPError

    if is_offline_mode():
        raise Conflict(
            "this server does not ask the hub (HF_HUB_OFFLINE); type the name, or unset the variable", where="hub"
        )
    try:
        asked = getattr(HfApi(), listing)(search=query.search or None, sort="downloads", limit=query.limit, **about)
        return HubRepositories(found=[_repository(one) for one in asked])
    except HfHubHTTPError as error:
        status = error.response.status_code
        reason = {
            401: "the hub does not know the token of this server (HF_TOKEN)",
            403: "the hub does not know the token of this server (HF_TOKEN)",
            429: "the hub has had too many requests from this server; try again in a minute",
        }.get(status, f"the hub answers with status {status}")
        raise Unavailable(reason, where="hub") from error
    except (
        Exception
    ) as error:  # which HTTP library the hub's client uses, and so what it raises, changes with its version
        raise Unavailable(
            f"the hub cannot be reached from this server ({type(error).__name__})", where="hub"
        ) from error


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
