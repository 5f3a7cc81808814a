"""Starts a trainer per device: `python -m opdboard_worker.training.launch DEVICES RUN_ID ATTEMPT`, by torchrun's agent.

When one process ends badly the agent ends the others, and the exit status is that of the first. Asked to leave (SIGTERM)
it passes that on, waits while a checkpoint is written, and ends like a single trainer that was asked to.
"""

import os
import sys
import uuid

from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from opdboard_worker.exits import EXIT_INTERRUPTED

TRAINER = "opdboard_worker.training.main"
PATIENCE_SECONDS = 60
"""As long as the supervisor waits for a single trainer."""


def main() -> int:
    """Run one attempt on several devices; the exit status, 128 + n for an end by signal n."""
    devices, *arguments = sys.argv[1:]
    # Together they would otherwise all take every core.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // int(devices))))
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=int(devices),
        run_id=str(uuid.uuid4()),
        rdzv_backend="c10d",
        rdzv_endpoint="127.0.0.1:0",
        local_addr="127.0.0.1",
        max_restarts=0,  # the supervisor sends the run back to the queue, and it resumes from its checkpoint
        shutdown_timeout=PATIENCE_SECONDS,
    )
    try:
        elastic_launch(config, sys.executable)("-m", TRAINER, *arguments)
    except SignalException:
        return EXIT_INTERRUPTED
    except ChildFailedError as error:
        status = error.get_first_failure()[1].exitcode
        return status if status > 0 else 128 - status
    return 0


if __name__ == "__main__":
    sys.exit(main())
