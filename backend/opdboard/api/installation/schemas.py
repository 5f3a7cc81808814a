"""What is known of this installation; nothing secret."""

from pydantic import BaseModel, Field


class DatabaseOut(BaseModel):
    """Where runs are stored; never with a password."""

    kind: str = Field(description="SQLite or PostgreSQL, with its version.")
    address: str = Field(description="A file, or host and name.")
    bytes: int | None = Field(description="Its size; null when it cannot be told.")


class BrokerOut(BaseModel):
    """How workers are told of runs; never with a password."""

    kind: str
    address: str


class DiskOut(BaseModel):
    """The disk that holds the data folder; bytes. Null where the web server's machine does not have that folder."""

    total: int | None
    free: int | None
    checkpoints: int = Field(description="Taken by checkpoints of runs.")


class QueueOut(BaseModel):
    """A queue, and how many live workers listen to it."""

    name: str
    workers: int
    waiting: int = Field(description="Queued runs for it.")


class InstallationOut(BaseModel):
    """This installation."""

    versions: dict[str, str] = Field(description="opdboard, Python and the libraries that matter.")
    started_at: float = Field(description="When this web process started, s since the epoch.")
    host: str = Field(description="Address that the web server binds to.")
    port: int
    token_required: bool
    data_dir: str
    database: DatabaseOut
    broker: BrokerOut
    disk: DiskOut
    queues: list[QueueOut]
    lease_seconds: float
