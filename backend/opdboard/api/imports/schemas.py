"""Imports and folders as they travel over HTTP."""

from typing import Literal

from pydantic import BaseModel, Field

from opdboard.api.parameters import NO_NUL, Parameters
from opdboard.api.runs.schemas import Labels
from opdboard.checkpoint_folders import CheckpointFormat
from opdboard.domain.import_config import ImportConfig


class ImportCreate(Labels):
    """An import to queue."""

    config: ImportConfig


class FolderQuery(Parameters):
    """Which folder to look into."""

    path: str = Field(default="", max_length=4096, pattern=NO_NUL, description="Empty lists the folders to begin from.")
    files: Literal["none", "data", "gguf"] = Field(
        default="none", description="Which files to list beside the folders."
    )


class FileOut(BaseModel):
    """A file that can be named."""

    path: str
    name: str
    bytes: int


class FolderOut(BaseModel):
    """A folder, and what the names of its files say of it."""

    path: str
    name: str
    title: str = Field(description="The name of a run of opdboard, or what a root is; else empty.")
    format: CheckpointFormat | None = Field(description="How it holds weights; null when it holds none.")
    step: int | None = Field(description="The step that its name tells.")
    checkpoints: int = Field(description="How many checkpoints with a step lie in it.")


class FolderList(BaseModel):
    """A folder with the folders in it, checkpoints of a series in the order of their steps."""

    here: FolderOut | None = Field(description="Null for the list to begin from.")
    parent: str | None = Field(description="The folder above; null at the top.")
    folders: list[FolderOut]
    files: list[FileOut] = Field(default=[], description="Of the kind that was asked for.")
    left_out: int = Field(description="Folders and files beyond those listed.")
    configured: bool = Field(description="Whether OPDBOARD_MODEL_ROOTS names folders.")
