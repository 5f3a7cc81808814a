"""Health answers."""

from typing import Literal

from pydantic import BaseModel, Field


class Ready(BaseModel):
    """Requests will be answered."""

    status: Literal["ok"] = "ok"


class TaskHealth(BaseModel):
    """A task of the web process that runs beside the requests."""

    name: str
    well: bool = Field(description="False for a minute after it failed and was begun again.")
    restarts: int
    last_error: str | None


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok", "degraded"] = Field(description="degraded while a task is not well.")
    tasks: list[TaskHealth]
