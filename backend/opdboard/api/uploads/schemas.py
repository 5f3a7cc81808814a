"""Uploaded files as they travel over HTTP."""

from typing import Annotated

from pydantic import BaseModel, Field

from opdboard.api.parameters import NO_NUL, Parameters


class UploadQuery(Parameters):
    """What is sent."""

    name: Annotated[
        str,
        Field(min_length=1, max_length=200, pattern=NO_NUL, description="Of the file; its end says what it holds."),
    ]


class KeptFile(BaseModel):
    """An uploaded file."""

    file: str = Field(description="As data.file names it.")
    name: str
    bytes: int
    at: float = Field(description="When it was kept.")
    needed_by: list[str] = Field(
        description="Names of runs that have not ended and read it; it cannot be deleted then."
    )


class Uploaded(BaseModel):
    """A file that is kept."""

    file: str = Field(description="As data.file names it: the beginning of its SHA-256, and its name.")
    bytes: int
    sha256: str
