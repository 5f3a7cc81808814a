"""The process of a job other than training: `python -m opdboard_worker.analysis.main RUN_ID ATTEMPT`."""

import sys
from collections.abc import Mapping

from opdboard.db import runs
from opdboard.domain.run_kinds import RunKind
from opdboard_worker.analysis import checking, importing, interventions
from opdboard_worker.analysis.job import Prepare, do_job
from opdboard_worker.playground import job as playground
from opdboard_worker.process import Attempt, carry_out

JOBS: Mapping[RunKind, Prepare] = {
    RunKind.IMPORT: importing.prepare,
    RunKind.ANALYSIS: interventions.prepare,
    RunKind.CHECK: checking.prepare,
    RunKind.PLAYGROUND: playground.prepare,
}


def main() -> int:
    """Do one attempt; the exit status tells the supervisor how it ended."""
    return carry_out(_do, out_of_memory="run it on a machine with more, or on the CPU")


def _do(attempt: Attempt) -> int:
    with attempt.database.read() as session:
        kind = RunKind(runs.get(session, attempt.run_id).kind)
    return do_job(attempt, JOBS[kind])


if __name__ == "__main__":
    sys.exit(main())
