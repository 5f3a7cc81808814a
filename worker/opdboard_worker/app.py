"""The worker's Celery app: `celery -A opdboard_worker.app worker --pool threads --concurrency 1`."""

from celery.signals import worker_ready, worker_shutdown, worker_shutting_down

from opdboard.db.database import Database
from opdboard.domain.errors import OpdboardError
from opdboard.queue import JobQueue, make_celery, queues_named
from opdboard.settings import Settings
from opdboard_worker.housekeeping import Housekeeper, default_queues
from opdboard_worker.identity import Identity
from opdboard_worker.run_process import warm_up
from opdboard_worker.supervisor import Supervisor
from opdboard_worker.tasks import register

try:
    settings = Settings.read()
    settings.make_root()
    database = Database(settings.sql_url)
    app = make_celery(settings)
except OpdboardError as error:  # Celery makes the app by importing this module
    raise SystemExit(f"error: {error.detail}") from error
queues = settings.worker_queues.split(",") if settings.worker_queues else default_queues()
app.conf.task_queues = queues_named(queues)
queue = JobQueue(database, app)
identity = Identity.mine()
supervisor = Supervisor(database, identity.worker_id, settings)
housekeeper = Housekeeper(settings, database, queue, supervisor, identity, queues)
register(app, supervisor, queue)


@worker_ready.connect
def _ready(**_) -> None:
    warm_up()
    housekeeper.start()


@worker_shutting_down.connect
def _leaving(**_) -> None:
    supervisor.interrupt()


@worker_shutdown.connect
def _left(**_) -> None:
    housekeeper.stop()
    database.close()
