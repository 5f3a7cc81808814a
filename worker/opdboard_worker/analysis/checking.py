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
from opdboard.data_files.look import Measure, look
from opdboard.data_files.recognition import Recogniser
from opdboard.data_files.rows import read_rows
from opdboard.db import evidence
from opdboard.db.database import Database
from opdboard.domain.check import Check
from opdboard.domain.data import ArithmeticData
from opdboard.domain.model_sources import RunModel
from opdboard.domain.records import Batch
from opdboard.domain.run_config import RunConfig
from opdboard.settings import Settings
from opdboard_worker.analysis.job import Job
from opdboard_worker.data.examples import example_of
from opdboard_worker.process import Attempt, explain
from opdboard_worker.training.assembly import assemble
from opdboard_worker.training.loop import Parts

OUT_OF_MEMORY = "check on a machine with more, or lower budget.micro_batch_size or budget.max_response_tokens"


def prepare(attempt: Attempt, stored: dict[str, Any]) -> Job:
    """The job of a check; BadInput where the pair or its data cannot be used."""
    parts = _assembled(RunConfig.model_validate(stored), attempt.settings, attempt.database)
    check = with_data(parts, attempt.settings)

    def steps(_after: int) -> Iterator[Batch | None]:
        yield Batch(step=1, at=0.0, check=check)

    return Job(steps, 1, device=parts.device, made_with=parts.made_with)


def _assembled(config: RunConfig, settings: Settings, database: Database) -> Parts:
    def run_folder(source: RunModel) -> Path:
        with database.read() as session:
            return settings.root / evidence.weights_path(session, source)

    with tempfile.TemporaryDirectory() as nothing_is_kept:
        return assemble(config, settings, run_folder, Path(nothing_is_kept))


def with_data(parts: Parts, settings: Settings) -> Check:
    """The check and what the data hold, prompts as long as the student reads them."""
    data, route_by = parts.config.data, parts.config.teacher.routed_by
    if isinstance(data, ArithmeticData):
        return parts.check
    prompts = parts.scorer.prompts
    recogniser, apart = (Recogniser(data.columns, route_by) for _ in range(2))
    measure = Measure(
        "tokens",
        as_read=True,
        lengths=lambda rows: [len(prompts.student_ids(example_of(place, row))) for place, row in enumerate(rows)],
        limit=parts.config.budget.max_prompt_tokens,
    )
    rows = read_rows(data, recogniser, settings.root)
    held_out = read_rows(data, apart, settings.root, held_out=True) if data.held_out else None
    return parts.check.model_copy(update={"data": look(rows, recogniser, measure, held_out)})


def main() -> int:
    """Check what standard input says; 1 where it cannot be used."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    transformers.utils.logging.disable_progress_bar()
    settings = Settings.read()
    try:
        hub_token.use(settings)
        config = RunConfig.model_validate_json(sys.stdin.read())
        parts = _assembled(config, settings, Database(settings.sql_url))
        print(with_data(parts, settings).model_dump_json())
    except Exception as error:  # the top of the program: every cause becomes a sentence
        print(json.dumps(explain(error, OUT_OF_MEMORY).as_dict()))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
