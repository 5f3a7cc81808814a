"""Where everything is kept and how processes find each other; from OPDBOARD_* environment variables."""

import tempfile
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from opdboard.domain.addresses import bearer_token, web_address
from opdboard.domain.errors import BadInput
from opdboard.domain.refusals import in_words

QUEUES = ("any", "cpu", "cuda")
"""What a worker may listen to."""

_SECRET = ("token", "database_url", "broker_url")
"""Never repeated in a message: the first is one, the others may hold a password."""


def _queues(text: str) -> str:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in QUEUES]:
        raise ValueError(f"{unknown[0]!r} is none of {', '.join(QUEUES)}")
    return ",".join(names)


class Settings(BaseSettings):
    """One process's view of the installation; a variable that is set to nothing counts as not set."""

    model_config = SettingsConfigDict(
        env_prefix="OPDBOARD_", env_ignore_empty=True, extra="ignore", frozen=True, str_strip_whitespace=True
    )

    data_dir: Path = Field(default=Path("~/.local/share/opdboard"), description="Database, queue, checkpoints.")
    database_url: str = Field(default="", description="SQLAlchemy URL; empty is a SQLite file in data_dir.")
    broker_url: str = Field(default="", description="Celery broker; empty is a folder in data_dir.")
    host: str = Field(default="127.0.0.1", description="Address the web server binds to.")
    port: int = Field(default=8765, ge=0, le=65535, description="Port of the web server.")
    token: Annotated[str, AfterValidator(bearer_token)] = Field(
        default="", description="Bearer token that every call then needs; required beyond 127.0.0.1."
    )
    public_url: Annotated[str, AfterValidator(web_address)] = Field(
        default="",
        description="Address under which people reach the interface, for links in webhooks; empty leaves them out.",
    )
    model_roots: str = Field(
        default="",
        description="Comma-separated folders below which the browser may look for checkpoints; once set, imports and looks into data files read nothing else.",
    )
    code_roots: str = Field(
        default="",
        description="Comma-separated folders whose Python code workers may run: that of task files for lm-eval, and verifiers. Empty runs none.",
    )
    upload_mib: int = Field(
        default=1024,
        ge=0,
        le=1 << 20,
        description="Largest data file that the browser may upload, in MiB; 0 takes none.",
    )
    teacher_keys: str = Field(
        default="",
        description="VARIABLE=ADDRESS, separated by commas: keys that runs may have sent to remote teachers below these addresses.",
    )
    worker_queues: Annotated[str, AfterValidator(_queues)] = Field(
        default="", description="Comma-separated queues of a worker; empty asks the machine."
    )
    lease_seconds: float = Field(
        default=60.0,
        gt=0,
        allow_inf_nan=False,
        description="Silence after which a run is taken from a worker on another host.",
    )
    stop_grace_seconds: float = Field(
        default=300.0,
        gt=0,
        allow_inf_nan=False,
        description="Time without progress that a run has to stop in before its process is killed; three times its slowest step where that is longer.",
    )
    stall_seconds: float = Field(
        default=900.0,
        gt=0,
        allow_inf_nan=False,
        description="Time without progress after which a live run raises an alert; three times its slowest step where that is longer.",
    )
    end_stalled: bool = Field(
        default=False,
        description="Whether the process of such a run is killed, so that it goes on from its checkpoint.",
    )
    playground_idle_minutes: float = Field(
        default=10.0,
        gt=0,
        allow_inf_nan=False,
        description="Time without a question after which a worker lets go of the models of a playground.",
    )

    @classmethod
    def read(cls, **given: Any) -> "Settings":
        """From the environment, but for what is given; BadInput names the first variable that cannot be used."""
        try:
            return cls(**given)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = str(first["loc"][0])
            variable = f"OPDBOARD_{name.upper()}"
            value = "" if name in _SECRET else f" {str(first['input'])!r}"
            reason = in_words(first)
            if name == "port" and "://" in str(first["input"]):
                reason += (
                    ". Kubernetes sets such a variable for a service of this name: set enableServiceLinks to false"
                )
            raise BadInput(f"{variable}{value} cannot be used: {reason}", where=variable) from None

    @cached_property
    def root(self) -> Path:
        """The data folder as an absolute path; BadInput where it is below a home folder that there is not."""
        try:
            return self.data_dir.expanduser().resolve()
        except RuntimeError as error:
            raise BadInput(
                "this user has no home folder: set OPDBOARD_DATA_DIR to a folder for the data",
                where="OPDBOARD_DATA_DIR",
            ) from error

    def make_root(self) -> Path:
        """The data folder, made where it was not there; BadInput when nothing can be written to it."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.root).close()
        except OSError as error:
            raise BadInput(
                f"the data folder {self.root} cannot be written to ({error.strerror}): "
                "give this user the right to, or set OPDBOARD_DATA_DIR to another folder",
                where="OPDBOARD_DATA_DIR",
            ) from error
        return self.root

    @property
    def sql_url(self) -> str:
        """The database actually used."""
        from sqlalchemy import URL  # which client commands do without

        file = URL.create("sqlite", database=str(self.root / "opdboard.db"))
        return self.database_url or file.render_as_string(hide_password=False)

    def run_folder(self, run_id: str) -> Path:
        """Files of a run: checkpoints and snapshots."""
        return self.root / "runs" / run_id
