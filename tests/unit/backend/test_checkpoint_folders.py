"""Checkpoints are recognised, and their steps read, by names alone."""

from pathlib import Path

import pytest

from opdboard.checkpoint_folders import CheckpointFormat, format_of, numbered, series_in, step_of, weights_in
from opdboard.domain.errors import BadInput


def made(folder: Path, file: str = "model.safetensors") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).touch()
    return folder


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("checkpoint-500", 500),
        ("global_step_40", 40),
        ("global_step_40/actor", 40),
        ("global_step_40/actor/huggingface", 40),
        ("step-000016", 16),
        ("my-run_step7", 7),
        ("epoch_3", 3),
        ("checkpoint-99999999999", None),
        ("Qwen3-1", None),
        ("final", None),
    ],
)
def test_steps_are_read_from_names(name, step):
    assert step_of(Path("/somewhere") / name) == step


def test_formats_are_told_by_files(tmp_path):
    assert format_of(made(tmp_path / "a")) is CheckpointFormat.MODEL
    assert format_of(made(tmp_path / "b", "model.safetensors.index.json")) is CheckpointFormat.MODEL
    assert format_of(made(made(tmp_path / "c"), "adapter_config.json")) is CheckpointFormat.ADAPTER
    assert format_of(made(tmp_path / "d", "model_world_size_2_rank_1.pt")) is CheckpointFormat.SHARDS
    assert format_of(made(tmp_path / "e", "pytorch_model.bin")) is None
    actor = made(tmp_path / "global_step_4" / "actor", "model_world_size_1_rank_0.pt")
    assert weights_in(tmp_path / "global_step_4") == actor
    exported = made(tmp_path / "global_step_8" / "actor" / "huggingface")
    assert weights_in(tmp_path / "global_step_8") == exported
    assert weights_in(tmp_path / "e") is None


def test_a_series_comes_by_step_and_not_by_name(tmp_path):
    for step in (100, 20, 3):
        made(tmp_path / f"checkpoint-{step}")
    made(tmp_path / "checkpoint-7", "trainer_state.json")
    made(tmp_path / "runs")
    assert [step_of(folder) for folder in series_in(tmp_path)] == [3, 20, 100]
    assert series_in(tmp_path / "nothing") == []


def test_numbers_come_from_the_names_or_from_the_order():
    folders = [Path("/a/checkpoint-20"), Path("/a/checkpoint-3")]
    assert numbered(folders) == [(3, folders[1]), (20, folders[0])]
    nameless = [Path("/a/late"), Path("/a/checkpoint-3")]
    assert numbered(nameless) == [(1, nameless[0]), (2, nameless[1])]
    with pytest.raises(BadInput, match="both of step 3"):
        numbered([Path("/a/checkpoint-3"), Path("/b/checkpoint-3")])
