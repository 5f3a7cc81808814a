"""Workers as they travel over HTTP."""

from pydantic import BaseModel, Field

from opdboard.api.runs.schemas import RunSummary


class GpuOut(BaseModel):
    """One GPU of a worker's machine; null is what its driver does not tell."""

    index: int
    name: str
    utilisation: float | None = Field(default=None, description="Share of time that it computed, 0..1.")
    memory_used: float | None = Field(default=None, description="bytes")
    memory_total: float | None = Field(default=None, description="bytes")
    temperature: float | None = Field(default=None, description="degrees Celsius")


class LoadPoint(BaseModel):
    """The load at one moment; shares 0..1."""

    at: float = Field(description="s since the epoch")
    cpu: float
    memory: float
    gpus: list[float | None] = Field(default=[], description="Utilisation of each GPU.")


class WorkerLoad(BaseModel):
    """How busy a worker's machine is; everything on it counts, not only the worker."""

    cpu: float | None = Field(default=None, description="Share of all cores, 0..1.")
    memory_used: float | None = Field(default=None, description="bytes")
    memory_total: float | None = Field(default=None, description="bytes")
    gpus: list[GpuOut] = []
    history: list[LoadPoint] = Field(default=[], description="The last ten minutes.")


class WorkerOut(BaseModel):
    """One worker process."""

    id: str
    host: str
    pid: int
    queues: list[str]
    started_at: float
    heartbeat_at: float
    alive: bool = Field(description="It gave a sign of life within the lease.")
    run: RunSummary | None = Field(description="The run that it holds.")
    load: WorkerLoad


class WorkerList(BaseModel):
    """Every worker known, those alive first."""

    workers: list[WorkerOut]
    lease_seconds: float = Field(description="Silence after which a worker counts as gone.")
