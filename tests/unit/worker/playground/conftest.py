"""Playgrounds on a real database."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from support.stored_runs import decision
from support.talking import Folders, Talking, config_of, write_models

from opdboard.db import evidence
from opdboard.db.database import Database
from opdboard.domain.playground import PlaygroundConfig
from opdboard.domain.records import CheckpointRecord
from opdboard.lifecycle import births
from opdboard.lifecycle.births import NewRun
from opdboard.settings import Settings


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Written once."""
    torch.set_num_threads(1)
    return write_models(tmp_path_factory.mktemp("playground"))


@pytest.fixture
def talk(folders: Folders, settings: Settings, sqlite_database: Database) -> Callable[..., Talking]:
    """talk(**changes of the run's configuration) -> its playground, whose worker goes as soon as all is answered."""
    settings = settings.model_copy(update={"playground_idle_minutes": 1e-9})

    def opened(**changes: Any) -> Talking:
        with sqlite_database.write() as session:
            run = births.add(session, NewRun(config_of(folders.root, **changes)))
            folder = settings.root / "runs"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / run.id).symlink_to(folders.root)
            evidence.add_checkpoints(session, run.id, 1, [CheckpointRecord(2, f"runs/{run.id}/trained", 1, "schedule")])
            tried = replace(decision(2, 0.0, []), weights_path=f"runs/{run.id}/candidates/step-000002")
            evidence.add_decisions(session, run.id, 1, [tried])
            playground = births.add(session, NewRun(PlaygroundConfig(run_id=run.id, device="cpu")))
            return Talking(settings, sqlite_database, run.id, playground.id)

    return opened
