"""This installation as its settings page shows it."""

import platform
import shutil
from importlib.metadata import version

import psutil
from fastapi import APIRouter
from sqlalchemy import make_url

from opdboard.api.context import Context, Ctx
from opdboard.api.installation.schemas import BrokerOut, DatabaseOut, DiskOut, InstallationOut, QueueOut
from opdboard.api.workers.endpoints import list_workers
from opdboard.db import overview
from opdboard.queue import queue_for
from opdboard.settings import QUEUES, Settings

LIBRARIES = ("opdboard", "fastapi", "sqlalchemy", "celery", "plotly")

router = APIRouter(prefix="/api/installation", tags=["installation"])


@router.get("")
def read_installation(context: Ctx) -> InstallationOut:
    """Versions, database, broker, queues and disk; passwords are left out."""
    settings = context.settings
    with context.database.read() as session:
        checkpoints = overview.checkpoint_bytes(session)
        waiting = [queue_for(run.config["device"]) for run in overview.queued(session)]
    listening = [queue for worker in list_workers(context).workers if worker.alive for queue in worker.queues]
    total, free = _disk(settings)
    return InstallationOut(
        versions={name: version(name) for name in LIBRARIES} | {"python": platform.python_version()},
        started_at=psutil.Process().create_time(),
        host=settings.host,
        port=settings.port,
        token_required=bool(settings.token),
        data_dir=str(settings.root),
        database=_database(context),
        broker=_broker(settings),
        disk=DiskOut(total=total, free=free, checkpoints=checkpoints),
        queues=[
            QueueOut(name=name, workers=listening.count(name), waiting=waiting.count(name))
            for name in dict.fromkeys((*QUEUES, *sorted(listening)))
        ],
        lease_seconds=settings.lease_seconds,
    )


def _disk(settings: Settings) -> tuple[int | None, int | None]:
    try:
        usage = shutil.disk_usage(settings.root)
    except OSError:  # the workers' machines may have that folder, and this one not
        return None, None
    return usage.total, usage.free


def _database(context: Context) -> DatabaseOut:
    facts = context.database.facts()
    return DatabaseOut(
        kind=f"{facts.product} {facts.version}", address=_address(context.database.url), bytes=facts.bytes
    )


def _broker(settings: Settings) -> BrokerOut:
    if not settings.broker_url:
        return BrokerOut(kind="folder", address=str(settings.root / "queue"))
    return BrokerOut(kind=settings.broker_url.partition(":")[0], address=_address(settings.broker_url))


def _address(url: str) -> str:
    """A file, or host, port and name: neither user nor password."""
    parsed = make_url(url)
    if parsed.host is None:
        return parsed.database or ""
    port = f":{parsed.port}" if parsed.port else ""
    return f"{parsed.host}{port}/{parsed.database or ''}"
