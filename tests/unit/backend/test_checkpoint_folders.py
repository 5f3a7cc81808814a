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
        ("global_step_100/actor/lora_adapter", 100),
        ("global_step_100_hf", 100),
        ("checkpoint-20-merged", 20),
        ("step_500_epoch_3", 500),
        ("epoch_3_step_500", 500),
        ("checkpoint-20-step-40", None),
        ("multistep3", None),
        ("checkpoint-20b", None),
        ("checkpoint-20/default", 20),
        ("step_7/policy/model", 7),
        ("run-of-step-2/early", None),
        ("tmp-checkpoint-20", None),
        ("tmp-checkpoint-20/lora_adapter", None),
        ("checkpoint-20.tmp", None),
        ("_tmp.checkpoint-20", None),
        ("temp-0.7-checkpoint-20", 20),
        ("temperature_step_3", 3),
        ("tmp/checkpoint-20", 20),
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
    adapter = made(made(tmp_path / "global_step_4" / "actor" / "lora_adapter"), "adapter_config.json")
    assert weights_in(tmp_path / "global_step_4") == adapter
    assert step_of(adapter) == 4


def test_a_series_comes_by_step_and_not_by_name(tmp_path):
    for step in (100, 20, 3):
        made(tmp_path / f"checkpoint-{step}")
    made(tmp_path / "runs")
    made(tmp_path / "final")
    found = series_in(tmp_path)
    assert [step_of(folder) for folder in found.folders] == [3, 20, 100]
    assert found.left_out == {}
    assert series_in(tmp_path / "nothing").folders == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("tmp-checkpoint-20", "not written to its end"),
        ("checkpoint-20.tmp", "not written to its end"),
        ("checkpoint-20.partial", "not written to its end"),
        ("checkpoint-20_incomplete", "not written to its end"),
        (".step-000020.partial", "not written to its end"),
        ("checkpoint-20.orbax-checkpoint-tmp-1699", "not written to its end"),
        ("checkpoint-20-old", "checkpoint-20 is of the same step"),
        ("checkpoint-30-step-40", "does not tell one step"),
        ("checkpoint-99999999999", "does not tell one step"),
    ],
)
def test_what_is_no_member_of_a_series_is_told(name, why, tmp_path):
    made(tmp_path / "checkpoint-20")
    made(tmp_path / name)
    found = series_in(tmp_path)
    assert [folder.name for folder in found.folders] == ["checkpoint-20"]
    assert why in found.left_out[tmp_path / name]


def test_steps_before_the_end_of_a_name_make_a_series_too(tmp_path):
    for step in (200, 100):
        made(tmp_path / f"global_step_{step}_hf")
    assert [step_of(folder) for folder in series_in(tmp_path).folders] == [100, 200]


def test_a_member_without_weights_is_told(tmp_path):
    made(tmp_path / "checkpoint-7", "pytorch_model.bin")
    assert "no weights" in series_in(tmp_path).left_out[tmp_path / "checkpoint-7"]


def test_numbers_come_from_the_names_or_from_the_order():
    folders = [Path("/a/checkpoint-20"), Path("/a/checkpoint-3")]
    assert numbered(folders) == [(3, folders[1]), (20, folders[0])]
    nameless = [Path("/a/late"), Path("/a/early")]
    assert numbered(nameless) == [(1, nameless[0]), (2, nameless[1])]
    with pytest.raises(BadInput, match="/a/late tells no step and that of /a/checkpoint-3 does"):
        numbered([Path("/a/late"), Path("/a/checkpoint-3")])
    with pytest.raises(BadInput, match="/a/epoch_1 is of an epoch and /a/checkpoint-3 of a step"):
        numbered([Path("/a/epoch_1"), Path("/a/checkpoint-3")])
    with pytest.raises(BadInput, match="both of step 3"):
        numbered([Path("/a/checkpoint-3"), Path("/b/checkpoint-3")])
