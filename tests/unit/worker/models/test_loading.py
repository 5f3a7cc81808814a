"""Models come from where they are said to be, or an error says what is wrong there; no pickle is ever opened."""

import json
import os
import shutil
from typing import Any, cast

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM

from opdboard.domain.errors import ModelProblem
from opdboard.domain.model_sources import DemoModel, FolderModel, GgufModel, HubModel, RunModel
from opdboard.settings import Settings
from opdboard_worker.models.demo import build_tokenizer
from opdboard_worker.models.loading import load, load_tokenizer, save


def _same_weights(first, second):
    ours, theirs = first.state_dict(), second.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def _change_config(folder, **changes):
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_a_folder_is_loaded_for_use(folder, tiny, load_source):
    loaded = load_source(folder)
    assert _same_weights(loaded.model, tiny())
    assert not loaded.model.training
    assert loaded.label == "model"
    assert {parameter.dtype for parameter in loaded.model.parameters()} == {torch.float32}
    assert loaded.tokenizer("12=")["input_ids"] == [13, 1, 2, 11]


def test_a_tokenizer_is_read_by_itself(folder, tmp_path):
    def read(source):
        return load_tokenizer(source, settings=Settings(data_dir=tmp_path), run_folder=lambda _: folder)

    demo = build_tokenizer().get_vocab()
    sources = [FolderModel(path=str(folder)), RunModel(run_id="a", step=2), DemoModel(role="teacher")]
    assert [read(source).get_vocab() for source in sources] == [demo] * 3


def test_half_precision_weights_become_float32(folder, tiny, load_source):
    tiny().to(torch.bfloat16).save_pretrained(folder)
    loaded = load_source(folder)
    assert {parameter.dtype for parameter in loaded.model.parameters()} == {torch.float32}
    assert _same_weights(loaded.model, tiny().to(torch.bfloat16).float())


def test_a_relative_path_may_lie_in_the_data_folder(folder, tmp_path, load_source):
    shutil.copytree(folder, tmp_path / "data" / "models" / "mine")
    assert load_source("models/mine").label == "mine"


def test_scores_and_gradients_are_repeatable_bit_for_bit(folder, load_source):
    def once():
        model = load_source(folder).model
        tokens = torch.arange(2 * 12).reshape(2, 12) % 12
        mask = torch.ones_like(tokens)
        mask[0, :5] = 0
        logp = model(input_ids=tokens, attention_mask=mask).logits[:, 5:].log_softmax(-1)
        logp.square().mean().backward()
        return [logp.detach(), *(parameter.grad for parameter in model.parameters())]

    assert all(torch.equal(first, again) for first, again in zip(once(), once(), strict=True))


def test_what_is_saved_loads_to_the_same_weights(tmp_path, load_source):
    demo = load_source(DemoModel(role="base"))
    with torch.no_grad():
        for parameter in demo.model.parameters():
            parameter.add_(1e-7)
    save(demo.model, demo.tokenizer, tmp_path / "saved")
    again = load_source(tmp_path / "saved")
    assert _same_weights(again.model, demo.model)
    assert again.tokenizer("1+2=")["input_ids"] == demo.tokenizer("1+2=")["input_ids"]
    assert again.tokenizer.eos_token_id == demo.tokenizer.eos_token_id
    kinds = {file.suffix for file in (tmp_path / "saved").iterdir()}
    assert ".safetensors" in kinds and not kinds & {".bin", ".pt", ".pkl"}


@pytest.mark.parametrize(("step", "label"), [(7, "run abc, step 7"), (None, "run abc, latest checkpoint")])
def test_a_runs_checkpoint_is_found_by_the_caller(folder, load_source, step, label):
    asked = []

    def run_folder(source):
        asked.append(source)
        return folder

    source = RunModel(run_id="abc", step=step)
    assert load_source(source, run_folder).label == label
    assert asked == [source]


def test_a_tokenizer_without_padding_pads_with_its_end(folder, load_source):
    tokenizer = build_tokenizer()
    tokenizer.pad_token = None
    tokenizer.save_pretrained(folder)
    assert load_source(folder).tokenizer.pad_token_id == 14


def _refusal(load_source, source, match):
    with pytest.raises(ModelProblem, match=match) as caught:
        load_source(source)
    return caught.value.where


def test_pickled_weights_are_refused_unopened(folder, load_source):
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    where = _refusal(load_source, folder, r"only as pytorch_model\.bin, a pickle.*convert it to model\.safetensors")
    assert where == str(folder / "pytorch_model.bin")


def test_what_is_missing_is_named(folder, load_source, tmp_path):
    assert _refusal(load_source, tmp_path / "nowhere", "there is no folder") == str(tmp_path / "nowhere")
    for name in ("tokenizer.json", "model.safetensors", "config.json"):
        (folder / name).unlink()
        _refusal(load_source, folder, f"has no {name.removesuffix('.json') if 'tok' in name else name}")


def test_an_adapter_beside_a_model_is_not_added_to_it(folder, load_source, tiny):
    config = LoraConfig(task_type="CAUSAL_LM", init_lora_weights=False, target_modules=["q_proj"])
    wrapped = cast("Any", get_peft_model(tiny(), config))
    wrapped.save_pretrained(folder)
    wrapped.merge_and_unload().save_pretrained(folder)
    where = _refusal(load_source, folder, "holds a whole model and an adapter")
    assert where == str(folder / "adapter_config.json")
    (folder / "model.safetensors").unlink()
    _refusal(load_source, folder, "an adapter of PEFT and no whole model")


def test_truncated_weights_are_named(folder, load_source):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    assert _refusal(load_source, folder, "not a complete safetensors file") == str(file)


def test_a_missing_tensor_is_not_replaced_by_random_numbers(folder, load_source):
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.0.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    _refusal(load_source, folder, r"first model\.layers\.0\.mlp\.up_proj\.weight; they would be random")


def test_wrong_shapes_and_nan_are_refused(folder, load_source):
    weights = load_file(folder / "model.safetensors")
    name = "model.layers.0.mlp.up_proj.weight"
    save_file(weights | {name: torch.zeros(5, 5)}, folder / "model.safetensors", {"format": "pt"})
    _refusal(load_source, folder, r"up_proj\.weight in .* has shape \(5, 5\), but config\.json asks for \(24, 16\)")
    save_file(weights | {name: weights[name] * float("nan")}, folder / "model.safetensors", {"format": "pt"})
    _refusal(load_source, folder, "up_proj.* holds NaN")


@pytest.mark.parametrize("changes", [{"hidden_size": 10**7}, {"vocab_size": 10**9}, {"num_hidden_layers": 10**9}])
def test_a_config_that_asks_for_far_more_than_there_is(folder, load_source, changes):
    _change_config(folder, **changes)
    assert _refusal(load_source, folder, "they do not belong together") == str(folder / "config.json")


@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000])
def test_a_damaged_config_is_named(folder, load_source, content):
    (folder / "config.json").write_text(content)
    assert _refusal(load_source, folder, "config.json") == str(folder / "config.json")


def test_code_that_comes_with_a_model_is_not_run(folder, load_source, tmp_path):
    trace = tmp_path / "was-run"
    (folder / "custom.py").write_text(f"open({str(trace)!r}, 'w')")
    auto_map = {"AutoConfig": "custom.Config", "AutoModelForCausalLM": "custom.Model"}
    _change_config(folder, model_type="custom", auto_map=auto_map, architectures=["LlamaForCausalLM"])
    _refusal(load_source, folder, "cannot be loaded")
    assert not trace.exists()


def test_a_model_that_does_not_continue_text_is_refused(folder, load_source):
    config = BertConfig(vocab_size=15, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24)
    BertForMaskedLM(config).save_pretrained(folder)
    _refusal(load_source, folder, "BertForMaskedLM, which is not a causal language model")


def test_shards_must_lie_beside_their_index(folder, load_source):
    (folder / "model.safetensors").rename(folder / "part-1.safetensors")
    names = load_file(folder / "part-1.safetensors")
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": dict.fromkeys(names, "part-1.safetensors")}))
    assert load_source(folder).label == "model"
    index.write_text(json.dumps({"metadata": {}, "weight_map": dict.fromkeys(names, "part-2.safetensors")}))
    _refusal(load_source, folder, r"lacks part-2\.safetensors")
    index.write_text(json.dumps({"metadata": {}, "weight_map": dict.fromkeys(names, "../part-1.safetensors")}))
    _refusal(load_source, folder, r"points to '\.\./part-1\.safetensors'")


def test_what_is_no_gguf_file_is_refused(tmp_path, load_source):
    file = tmp_path / "model.gguf"
    assert _refusal(load_source, GgufModel(path=str(file)), "there is no file") == str(file)
    file.write_bytes(b"PK\x03\x04" * 100)
    _refusal(load_source, GgufModel(path=str(file)), "is not a GGUF file")
    file.write_bytes(b"GGUF" + b"\xff" * 60)
    _refusal(load_source, GgufModel(path=str(file)), "cannot be loaded")


@pytest.fixture
def offline_cache(tmp_path, monkeypatch):
    """A hub cache of its own, and no network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def test_a_cached_hub_model_needs_no_network(folder, tiny, load_source, offline_cache):
    repository, commit = offline_cache / "models--acme--tiny", "a" * 40
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    shutil.copytree(folder, repository / "snapshots" / commit)
    loaded = load_source(HubModel(repo_id="acme/tiny"))
    assert loaded.label == "acme/tiny@main" and _same_weights(loaded.model, tiny())


def test_an_unreachable_hub_says_what_to_do(load_source, offline_cache):
    where = _refusal(load_source, HubModel(repo_id="acme/absent"), "does not ask the hub")
    assert where == "acme/absent"
    _refusal(load_source, HubModel(repo_id="not a name"), "not a hub name")


def test_the_precision_is_the_callers(folder, tmp_path):
    how = {"settings": Settings(data_dir=tmp_path), "run_folder": lambda source: folder}
    for source in (FolderModel(path=str(folder)), DemoModel(role="teacher")):
        loaded = load(source, dtype=torch.bfloat16, **how)
        assert {parameter.dtype for parameter in loaded.model.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "tokenizer.json", "generation_config.json", "chat_template.jinja"]
)
def test_a_pipe_in_the_folder_is_refused_before_anybody_reads_it(folder, load_source, name):
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    with pytest.raises(ModelProblem, match=f"{name} is not a regular file"):
        load_source(folder)


@pytest.mark.parametrize("path", ["/dev/ptmx", "/dev/zero", "/proc/kmsg"])
def test_a_device_is_no_model(load_source, path):
    with pytest.raises(ModelProblem, match=path):
        load_source(GgufModel(path=path))
