"""A small real student: the demo base model."""

import pytest
import torch

from opdboard.domain.model_sources import DemoModel
from opdboard.settings import Settings
from opdboard_worker.models.loading import load
from opdboard_worker.training.policy import Policy


def _no_runs(source):
    raise AssertionError(f"nothing here loads {source}")


@pytest.fixture
def load_demo(tmp_path):
    """load_demo(role) -> LoadedModel."""
    return lambda role: load(DemoModel(role=role), settings=Settings(data_dir=tmp_path), run_folder=_no_runs)


@pytest.fixture
def policy(load_demo):
    return Policy(load_demo("base"), torch.device("cpu"), "float32")
