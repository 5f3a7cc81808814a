"""Repositories of the hub as they travel over HTTP."""

from typing import Annotated

from pydantic import BaseModel, Field

from opdboard.api.parameters import NO_NUL, Parameters


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


class HubRepositories(BaseModel):
    """What was found."""

    found: list[HubRepository]
