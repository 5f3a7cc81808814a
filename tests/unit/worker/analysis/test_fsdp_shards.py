"""Shards that two real processes wrote are put together; what is no tensor is never unpickled."""

import os
import shutil
import zipfile

import pytest
import torch
from support.fsdp_writer import write_shards
from support.tiny_models import matrices_of, moved, tiny_model
from typing_extensions import override

from opdboard.domain.errors import ModelProblem
from opdboard_worker.analysis.fsdp_shards import FsdpShards
from opdboard_worker.analysis.series import open_base, open_checkpoint

FIRST = "model_world_size_2_rank_0.pt"
SECOND = "model_world_size_2_rank_1.pt"
pytestmark = pytest.mark.slow  # two processes write them


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A base in Hugging Face format, and the moved model as `rows/` and `columns/` of two ranks."""
    folder = tmp_path_factory.mktemp("fsdp")
    model = tiny_model("Qwen3Moe")  # experts are one tensor in memory, one each on disk
    model.save_pretrained(folder / "base")
    moved(model, seed=1)
    write_shards(
        folder, {name: tensor.detach() for name, tensor in model.state_dict().items()} | {"odd": torch.rand(5, 3)}
    )
    return folder, model


@pytest.fixture
def shards(written, tmp_path):
    """A copy of the shards, to be damaged."""
    folder = tmp_path / "global_step_4" / "actor"
    shutil.copytree(written[0] / "rows", folder)
    return folder


@pytest.mark.parametrize("cut", ["rows", "columns"])
def test_whole_tensors_and_parts_come_out_as_they_went_in(written, cut):
    folder, _ = written
    whole = torch.load(folder / "whole.pt", weights_only=True)
    stored = FsdpShards(folder / cut)
    assert stored.shapes == {name: tuple(tensor.shape) for name, tensor in whole.items()}
    for name, tensor in whole.items():
        assert torch.equal(stored.read(name), tensor), name
        assert torch.equal(stored.read(name, (slice(1, 3),)), tensor[1:3]), name
    experts = whole["model.layers.0.mlp.experts.gate_up_proj"]
    assert torch.equal(stored.read("model.layers.0.mlp.experts.gate_up_proj", (3, slice(24, 48))), experts[3, 24:48])


def test_a_checkpoint_in_shards_is_compared_with_a_base_in_safetensors(written):
    folder, model = written
    base = open_base(folder / "base")
    checkpoint = open_checkpoint(folder / "rows", base)
    after = matrices_of(model)
    assert list(checkpoint.modules) == list(base.modules)
    for name in base.modules:
        before = base.matrix(name)
        moved = checkpoint.moved(name, before)
        assert torch.equal(moved.value_MN, after[name]), name
        assert torch.equal(moved.update_MN, after[name] - before), name


def test_a_missing_rank_is_named(shards):
    (shards / SECOND).unlink()
    with pytest.raises(ModelProblem, match=SECOND):
        FsdpShards(shards)


def test_a_truncated_shard_is_named(shards):
    content = (shards / SECOND).read_bytes()
    (shards / SECOND).write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelProblem, match=f"{SECOND} is not a complete file"):
        FsdpShards(shards)


def test_shards_of_different_models_do_not_go_together(shards, written):
    shutil.copy(written[0] / "columns" / SECOND, shards / SECOND)
    with pytest.raises(ModelProblem, match=r"rank_1|make up"):
        FsdpShards(shards)


def test_a_shard_that_unfolds_to_more_than_it_holds_is_refused(shards):
    with zipfile.ZipFile(shards / FIRST) as archive:
        content = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(shards / FIRST, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    with pytest.raises(ModelProblem, match=f"{FIRST} is compressed"):
        FsdpShards(shards)


class Trap:
    """Runs a command when it is unpickled."""

    def __init__(self, file: str) -> None:
        self.file = file

    @override
    def __reduce__(self):
        return os.system, (f"touch {self.file}",)


def test_code_in_a_shard_is_refused_by_name_and_not_run(shards, tmp_path):
    sprung = tmp_path / "sprung"
    torch.save({"model.layers.0.mlp.up_proj.weight": Trap(str(sprung))}, shards / FIRST)
    with pytest.raises(ModelProblem, match=f"{FIRST} holds more than tensors.*system"):
        FsdpShards(shards)
    assert not sprung.exists()


def test_shards_of_a_model_with_factors_name_the_adapter_beside_them(written, tmp_path):
    folder = tmp_path / "global_step_4" / "actor"
    folder.mkdir(parents=True)
    layer = "base_model.model.model.layers.0.self_attn.q_proj"
    names = (f"{layer}.base_layer.weight", f"{layer}.lora_A.default.weight", f"{layer}.lora_B.default.weight")
    torch.save({name: torch.rand(4, 4) for name in names}, folder / "model_world_size_1_rank_0.pt")
    with pytest.raises(ModelProblem, match=r"LoRA factors that are not merged.*lora_A\.default"):
        open_checkpoint(folder, open_base(written[0] / "base"))
