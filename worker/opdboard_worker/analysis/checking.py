"""A check before a launch: what a run finds out when it starts, without the run.

As a job of a worker, and as a program that is given a configuration as JSON on its standard input and writes the check,
or {error, detail, where}, as JSON on its standard output: `python -m opdboard_worker.analysis.checking`.
"""

import json
import logging
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import transformers

from opdboard import hub_token
from opdboard.db import evidence
from opdboard.db.database import Database
from opdboard.domain.model_sources import RunModel
from opdboard.domain.records import Batch
from opdboard.domain.run_config import RunConfig
from opdboard.settings import Settings
from opdboard_worker.analysis.job import Job
from opdboard_worker.process import Attempt, explain
from opdboard_worker.training.assembly import assemble
from opdboard_worker.training.loop import Parts

OUT_OF_MEMORY = "check on a machine with more, or lower budget.micro_batch_size or budget.max_response_tokens"


def prepare(attempt: Attempt, stored: dict[str, Any]) -> Job:
    """The job of a check; BadInput where the pair or its data cannot be used."""
    parts = _assembled(RunConfig.model_validate(stored), attempt.settings, attempt.database)

    def steps(_after: int) -> Iterator[Batch | None]:
        yield Batch(step=1, at=0.0, check=parts.check)

    return Job(steps, 1, device=parts.device, made_with=parts.made_with)


def _assembled(config: RunConfig, settings: Settings, database: Database) -> Parts:
    def run_folder(source: RunModel) -> Path:
        with database.read() as session:
            return settings.root / evidence.weights_path(session, source)

    with tempfile.TemporaryDirectory() as nothing_is_kept:
        return assemble(config, settings, run_folder, Path(nothing_is_kept))


def main() -> int:
    """Check what standard input says; 1 where it cannot be used."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    transformers.utils.logging.disable_progress_bar()
    settings = Settings.read()
    hub_token.use(settings)
    try:
        config = RunConfig.model_validate_json(sys.stdin.read())
        print(_assembled(config, settings, Database(settings.sql_url)).check.model_dump_json())
    except Exception as error:  # the top of the program: every cause becomes a sentence
        print(json.dumps(explain(error, OUT_OF_MEMORY).as_dict()))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
