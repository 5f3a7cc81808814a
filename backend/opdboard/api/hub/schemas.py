"""Repositories of the hub as they travel over HTTP."""

from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from opdboard.api.parameters import NO_NUL, Parameters
from opdboard.domain.patterns import REPOSITORY
from opdboard.hub_token import Source


class HubQuery(Parameters):
    """What to look for."""

    search: Annotated[str, Field(max_length=200, pattern=NO_NUL, description="A part of the name, or owner/part.")] = ""
    limit: Annotated[int, Field(ge=1, le=100, description="How many at most, the most downloaded first.")] = 20


class HubRepository(BaseModel):
    """A model or data set."""

    id: str = Field(description="owner/name, as configurations name it.")
    private: bool
    gated: bool = Field(description="Whether an agreement has to be accepted on the hub first.")
    license: str | None
    parameters: int | None = Field(description="Weights of a model in safetensors; null where the hub does not tell.")
    downloads: int = Field(description="Of the last 30 days.")


class HubDataset(Parameters):
    """Which data set is looked into."""

    repo_id: Annotated[str, Field(max_length=200, pattern=REPOSITORY, description="Its full name.")]
    revision: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)] = "main"
    configuration: Annotated[
        str, Field(max_length=200, pattern=NO_NUL, description="Whose splits are told; empty = the default one.")
    ] = ""


class HubParts(BaseModel):
    """What of a data set can be chosen."""

    configurations: list[str]
    splits: list[str] = Field(description="Of the configuration; empty where one has to be chosen first.")


class HubRepositories(BaseModel):
    """What was found."""

    found: list[HubRepository]


class HubToken(Parameters):
    """A token of the hub."""

    token: SecretStr


class HubAccess(BaseModel):
    """How this installation asks the hub."""

    token: Source = Field(description="Kept in the data folder, found in this server's environment, or none.")
    offline: bool = Field(
        description="Whether the hub is never asked (HF_HUB_OFFLINE): only what is cached can be used."
    )
