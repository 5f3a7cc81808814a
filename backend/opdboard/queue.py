"""The job queue: Celery on the configured broker; jobs carry a run's id and nothing else."""

import time
from collections.abc import Sequence

from celery import Celery
from kombu.entity import Exchange, Queue
from kombu.transport import resolve_transport
from sqlalchemy.orm import Session

from opdboard.db import runs
from opdboard.db.database import Database
from opdboard.domain.errors import BadInput
from opdboard.domain.run_state import RunState
from opdboard.settings import QUEUES, Settings

EXECUTE_RUN = "opdboard.execute_run"


def make_celery(settings: Settings) -> Celery:
    """The Celery app of this installation, for senders and workers alike. BadInput when there is no such kind of broker."""
    if settings.broker_url:
        _check_broker(settings.broker_url)
    celery = Celery("opdboard", broker=settings.broker_url or "filesystem://")
    celery.conf.update(
        task_acks_late=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        task_queues=queues_named(QUEUES),
        task_default_queue="any",
    )
    if not settings.broker_url:
        folder = settings.root / "queue"
        for name in ("messages", "processed", "control"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        celery.conf.broker_transport_options = {
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "processed_folder": str(folder / "processed"),
            "control_folder": str(folder / "control"),
            "polling_interval": 0.2,
        }
    return celery


def _check_broker(url: str) -> None:
    transport, separator, _ = url.partition("://")
    try:
        if not separator:
            raise KeyError
        resolve_transport(transport)
    except (KeyError, ImportError) as error:
        raise BadInput(
            "the broker's URL cannot be used; it takes one such as redis://host:6379/0", where="OPDBOARD_BROKER_URL"
        ) from error


def queues_named(names: Sequence[str]) -> list[Queue]:
    """Queues with an exchange of their own, so that a message reaches exactly one of them."""
    return [Queue(name, Exchange(name), routing_key=name) for name in names]


class JobQueue:
    """Sends runs to workers, always after the commit that made them ready."""

    def __init__(self, database: Database, celery: Celery) -> None:
        """database: to note when a run was last sent; celery: from make_celery."""
        self._database = database
        self._celery = celery

    def send(self, run_id: str) -> None:
        """Tell the workers of the run's device about it; a run that is no longer QUEUED is left alone."""
        with self._database.write() as session:
            queue = self._mark_sent(session, run_id)
        if queue is None:
            return
        try:
            self._celery.send_task(EXECUTE_RUN, args=[run_id], queue=queue)
        except Exception:
            with self._database.write() as session:
                runs.get(session, run_id, lock=True).sent_at = None
            raise

    def _mark_sent(self, session: Session, run_id: str) -> str | None:
        run = runs.get(session, run_id, lock=True)
        if run.state != RunState.QUEUED:
            return None
        run.sent_at = time.time()
        return queue_for(run.config["device"])


def queue_for(device: str) -> str:
    """The queue of a configuration's device."""
    return "any" if device == "auto" else device
