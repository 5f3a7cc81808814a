"""Checkpoints: complete or absent, readable without pickle, and honest about a full disk."""

import errno
import random

import numpy as np
import pytest
import torch

from opdboard.domain.errors import DiskFull, ModelProblem
from opdboard_worker.training import checkpoint


def _write(folder, loaded, step=3):
    tensors = {"exp_avg|w": torch.arange(4.0), "step|w": torch.tensor(3.0)}
    state = checkpoint.TrainerState(step, {"loop": {"tokens": 7}}, tensors, {"anchor|w": torch.ones(2)})
    return checkpoint.write(folder, loaded.model, loaded.tokenizer, state)


def test_everything_comes_back_with_the_generators(tmp_path, load_demo):
    random.seed(5)
    np.random.seed(5)
    torch.manual_seed(5)
    size = _write(tmp_path, load_demo("base"))
    expected = random.random(), np.random.rand(), torch.rand(1)
    random.seed(9)
    np.random.seed(9)
    torch.manual_seed(9)

    state = checkpoint.read(checkpoint.checkpoint_folder(tmp_path, 3))

    assert (random.random(), np.random.rand(), torch.rand(1)) == expected
    assert state.step == 3 and state.progress == {"loop": {"tokens": 7}}
    assert torch.equal(state.optimizer["exp_avg|w"], torch.arange(4.0))
    assert torch.equal(state.strategy["anchor|w"], torch.ones(2))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert size == sum(path.stat().st_size for path in files)
    assert not {path.suffix for path in files} & {".pt", ".bin", ".pkl", ".pth"}


def test_a_failed_write_leaves_the_older_checkpoint_and_no_rest(tmp_path, load_demo, monkeypatch):
    loaded = load_demo("base")
    _write(tmp_path, loaded)

    def no_space(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, "_save_tensors", no_space)
    with pytest.raises(DiskFull, match="free some space"):
        _write(tmp_path, loaded, step=4)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000003"]


def test_a_damaged_checkpoint_is_named(tmp_path, load_demo):
    _write(tmp_path, load_demo("base"))
    folder = checkpoint.checkpoint_folder(tmp_path, 3)
    file = folder / "trainer" / "optimizer.safetensors"
    file.write_bytes(file.read_bytes()[:20])
    with pytest.raises(ModelProblem, match="step-000003"):
        checkpoint.read(folder)


def test_fingerprint_sees_a_changed_weight():
    weights = {"a": torch.randn(4, 4), "b": torch.randn(3)}
    other = weights | {"b": weights["b"] + torch.tensor([0.0, 1e-3, 0.0])}
    assert checkpoint.fingerprint(weights) == checkpoint.fingerprint(dict(reversed(weights.items())))
    assert checkpoint.fingerprint(weights) != checkpoint.fingerprint(other)
