"""Playgrounds on a real database."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.talking import Folders, Talking, store_run, write_models

from opdboard.db.database import Database
from opdboard.domain.playground import PlaygroundConfig
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
            run_id = store_run(session, settings.root, folders, **changes)
            playground = births.add(session, NewRun(PlaygroundConfig(run_id=run_id, device="cpu")))
            return Talking(settings, sqlite_database, run_id, playground.id)

    return opened
