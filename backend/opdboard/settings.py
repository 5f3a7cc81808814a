"""Where everything is kept and how processes find each other; from OPDBOARD_* environment variables."""

from functools import cached_property
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One process's view of the installation."""

    model_config = SettingsConfigDict(env_prefix="OPDBOARD_", extra="ignore", frozen=True)

    data_dir: Path = Field(
        default=Path.home() / ".local" / "share" / "opdboard", description="Database, queue, checkpoints."
    )
    database_url: str = Field(default="", description="SQLAlchemy URL; empty is a SQLite file in data_dir.")
    broker_url: str = Field(default="", description="Celery broker; empty is a folder in data_dir.")
    host: str = Field(default="127.0.0.1", description="Address the web server binds to.")
    port: int = Field(default=8765, ge=0, le=65535, description="Port of the web server.")
    token: str = Field(default="", description="Bearer token that every call then needs; required beyond 127.0.0.1.")
    public_url: str = Field(
        default="",
        description="Address under which people reach the interface, for links in webhooks; empty leaves them out.",
    )
    model_roots: str = Field(
        default="",
        description="Comma-separated folders below which the browser may look for checkpoints; once set, imports read nothing else.",
    )
    worker_queues: str = Field(default="", description="Comma-separated queues of a worker; empty asks the machine.")
    lease_seconds: float = Field(
        default=60.0, gt=0, description="Silence after which a run is taken from a worker on another host."
    )

    @cached_property
    def root(self) -> Path:
        """The data folder as an absolute path."""
        return self.data_dir.expanduser().resolve()

    @property
    def sql_url(self) -> str:
        """The database actually used."""
        return self.database_url or f"sqlite:///{self.root / 'opdboard.db'}"

    def run_folder(self, run_id: str) -> Path:
        """Files of a run: checkpoints and snapshots."""
        return self.root / "runs" / run_id
