"""The one Celery task: an id comes in, a supervisor does the work."""

from celery import Celery

from opdboard.domain.run_state import RunState
from opdboard.queue import EXECUTE_RUN, JobQueue
from opdboard_worker.supervisor import Supervisor


def register(celery: Celery, supervisor: Supervisor, queue: JobQueue) -> None:
    """Add the task to the app."""

    @celery.task(name=EXECUTE_RUN)
    def execute_run(run_id: str) -> None:
        """See the run through one attempt; a lost trainer's run is queued anew."""
        if supervisor.execute(run_id) is RunState.QUEUED:
            queue.send(run_id)
