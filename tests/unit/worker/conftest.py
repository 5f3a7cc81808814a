"""An attempt at a job, as its process would have it, on a real database."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.short_run import CONFIG, found, train
from support.stored_runs import create

from opdboard.db import evidence
from opdboard.db.database import Database
from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.domain.interventions import INTERVENTIONS
from opdboard.domain.modules import module_of
from opdboard.domain.records import CheckpointRecord, VariantRecord
from opdboard.lifecycle import births, claims
from opdboard.lifecycle.births import NewRun
from opdboard.settings import Settings
from opdboard_worker.analysis import interventions
from opdboard_worker.analysis.job import do_job
from opdboard_worker.models.demo import load_demo
from opdboard_worker.process import Attempt
from opdboard_worker.sinks import DatabaseSink
from opdboard_worker.training.control import DatabaseControl


@pytest.fixture
def analysis(sqlite_database: Database) -> str:
    """A queued analysis of a run."""
    subject = create(sqlite_database)
    with sqlite_database.write() as session:
        return births.add(session, NewRun(AnalysisConfig(kind="nothing_yet", run_id=subject))).id


@pytest.fixture
def attempt(settings: Settings, sqlite_database: Database) -> Callable[[str], Attempt]:
    """The next attempt at a queued run."""

    def claim(run_id: str) -> Attempt:
        with sqlite_database.write() as session:
            number = claims.claim(session, run_id, "host:1:0")
        assert number is not None
        control = DatabaseControl(sqlite_database, run_id, number)
        return Attempt(
            run_id, number, settings, sqlite_database, control, DatabaseSink(sqlite_database, run_id, number)
        )

    return claim


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a run of four steps, whose id is 'subject'."""
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("trained")
    train(root)
    return root


@pytest.fixture
def subject(trained: Path, settings: Settings, sqlite_database: Database) -> str:
    """That run in a database, with its modules and checkpoints."""
    modules = [module_of(name, tuple(one.shape)) for name, one in load_demo("base").model.named_parameters()]
    with sqlite_database.write() as session:
        run = births.add(session, NewRun(CONFIG))
        run.modules = [
            {"name": one.name, "layer": one.layer, "kind": one.kind, "shape": list(one.shape)} for one in modules if one
        ]
        records = [
            CheckpointRecord(step, f"runs/{run.id}/checkpoints/step-{step:06d}", 1, "schedule") for step in range(1, 5)
        ]
        evidence.add_checkpoints(session, run.id, 1, records)
    settings.run_folder(run.id).parent.mkdir(parents=True)
    settings.run_folder(run.id).symlink_to(trained / "runs" / "subject")
    return run.id


@pytest.fixture
def analyse(subject: str, attempt, sqlite_database: Database) -> Callable[..., list[VariantRecord]]:
    """analyse(kind, **parameters) -> what a whole analysis found."""

    def queue(kind: str, **parameters: Any) -> str:
        asked = INTERVENTIONS[kind].read(parameters).model_dump(mode="json")
        with sqlite_database.write() as session:
            return births.add(session, NewRun(AnalysisConfig(kind=kind, run_id=subject, parameters=asked))).id

    def run(kind: str, **parameters: Any) -> list[VariantRecord]:
        run_id = queue(kind, **parameters)
        assert do_job(attempt(run_id), interventions.prepare) == 0
        return found(sqlite_database, run_id)

    return run
