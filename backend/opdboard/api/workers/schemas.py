"""Workers as they travel over HTTP."""

from typing import Any

from pydantic import BaseModel, Field


class WorkerOut(BaseModel):
    """One worker process."""

    id: str
    host: str
    pid: int
    queues: list[str]
    started_at: float
    heartbeat_at: float
    alive: bool = Field(description="It gave a sign of life within the lease.")
    run_id: str | None
    load: dict[str, Any] = Field(description="cpu (0..1), memory_used, memory_total (bytes), gpus.")


class WorkerList(BaseModel):
    """Every worker known, latest sign of life first."""

    workers: list[WorkerOut]
