"""Telling workers about a run, when the broker can be reached."""

import logging

from kombu.exceptions import OperationalError

from opdboard.queue import JobQueue

logger = logging.getLogger(__name__)


def send(queue: JobQueue, run_id: str) -> None:
    """Send the run after its commit; without a broker it stays queued, and a worker's reconciler sends it later."""
    try:
        queue.send(run_id)
    except (OperationalError, OSError) as error:
        logger.warning("run %s is queued but the broker was not told: %s", run_id, error)
