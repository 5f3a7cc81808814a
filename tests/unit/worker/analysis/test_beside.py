"""A whole model and an adapter in one folder: the adapter counts once, or the folder is refused."""

import pytest
import torch
from support.adapters import change_config, made
from support.tiny_models import matrices_of, moved, tiny_model

from opdboard.domain.errors import ModelProblem
from opdboard_worker.analysis.series import open_base, open_checkpoint


def plain(tmp_path):
    return made(tmp_path, "Qwen2", {})


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("merged", [True, False])
def test_the_adapter_counts_once_whether_merged_or_not(merged, dtype, tmp_path, caplog):
    caplog.set_level("INFO")
    base_folder, folder, before, wrapped = plain(tmp_path)
    merge = wrapped.merge_and_unload() if merged else wrapped.unload()
    after = before if not merged else matrices_of(merge)
    merge.to(dtype).save_pretrained(folder)
    base = open_base(base_folder)
    checkpoint = open_checkpoint(folder, base)
    assert ("with the adapter merged in" if merged else "the base without it") in caplog.text
    for name in checkpoint.modules:
        update = checkpoint.moved(name, base.matrix(name)).update_MN
        if merged:
            torch.testing.assert_close(update, after[name] - before[name], atol=1e-6, rtol=1e-4)
        assert bool(update.any()) == (name.split(".")[-2] in {"q_proj", "v_proj", "o_proj", "up_proj", "down_proj"})


def test_a_model_that_is_neither_is_refused(tmp_path):
    base_folder, folder, _, wrapped = plain(tmp_path)
    moved(wrapped.merge_and_unload(), seed=1, size=1e-2).save_pretrained(folder)
    with pytest.raises(ModelProblem, match="neither that of the base"):
        open_checkpoint(folder, open_base(base_folder))


def test_a_model_with_the_adapter_merged_twice_is_refused(tmp_path):
    base_folder, folder, _, wrapped = plain(tmp_path)
    twice = wrapped.merge_and_unload()
    for name, matrix in tiny_model("Qwen2").state_dict().items():
        parameter = twice.get_parameter(name)
        parameter.data += parameter.data - matrix
    twice.save_pretrained(folder)
    with pytest.raises(ModelProblem, match="neither that of the base"):
        open_checkpoint(folder, open_base(base_folder))


def test_an_adapter_that_is_not_understood_tells_how_to_use_the_model(tmp_path):
    base_folder, folder, _, wrapped = plain(tmp_path)
    wrapped.merge_and_unload().save_pretrained(folder)
    change_config(folder, {"alora_invocation_tokens": [3]})
    with pytest.raises(ModelProblem, match=r"activated LoRA.*move adapter_config\.json out of it"):
        open_checkpoint(folder, open_base(base_folder))


def test_no_base_has_an_adapter_beside_it(tmp_path):
    _, folder, _, wrapped = plain(tmp_path)
    with pytest.raises(ModelProblem, match="is an adapter; give the model"):
        open_base(folder)
    wrapped.merge_and_unload().save_pretrained(folder)
    with pytest.raises(ModelProblem, match="cannot be told"):
        open_base(folder)


def test_a_model_whose_factors_are_not_merged_is_no_checkpoint(tmp_path):
    base_folder, folder, _, wrapped = plain(tmp_path)
    (folder / "adapter_config.json").unlink()
    (folder / "adapter_model.safetensors").rename(folder / "model.safetensors")
    wrapped.unload().config.save_pretrained(folder)
    with pytest.raises(ModelProblem, match="LoRA factors that are not merged"):
        open_checkpoint(folder, open_base(base_folder))
