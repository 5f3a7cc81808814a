"""The demo pair is what it is said to be, small, and made by the recipe that is shipped with it."""

import json

import pytest
import torch
from support.threads import torch_threads
from transformers import AutoTokenizer

from opdboard_worker.models.demo import ASSETS, build_model, build_tokenizer, load_demo
from opdboard_worker.models.demo_recipe import Recipe, accuracy, reverse_kl, sums


def test_fifteen_characters_go_there_and_back(tmp_path):
    tokenizer = build_tokenizer()
    assert len(tokenizer) == 15
    assert tokenizer("123+456=")["input_ids"] == [13, 1, 2, 3, 10, 4, 5, 6, 11]
    assert tokenizer.decode([9, 7, 5, 14], skip_special_tokens=True) == "975"
    assert (tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id) == (12, 13, 14)
    tokenizer.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert again.get_vocab() == tokenizer.get_vocab()
    assert again("7+8=<eos>")["input_ids"] == tokenizer("7+8=<eos>")["input_ids"]
    assert again.special_tokens_map == tokenizer.special_tokens_map


def test_training_rows_are_prompt_reversed_sum_end_and_padding():
    tokenizer = build_tokenizer()
    for row in tokenizer.batch_decode(sums(20, torch.Generator().manual_seed(0))):
        prompt, answered = row.removeprefix("<bos>").split("=")
        answer, padding = answered.split("<eos>")
        first, second = prompt.split("+")
        assert int(answer[::-1]) == int(first) + int(second)
        assert padding.replace("<pad>", "") == ""


def test_the_architecture_is_a_third_of_a_million_parameters():
    model = build_model()
    assert sum(parameter.numel() for parameter in model.parameters()) == 322_240
    config = model.config
    assert (config.num_hidden_layers, config.hidden_size, config.num_attention_heads) == (6, 64, 4)


@pytest.fixture(autouse=True)
def one_thread():
    with torch_threads(1):
        yield


@pytest.fixture(scope="module")
def pair():
    return load_demo("base"), load_demo("teacher")


@pytest.mark.slow
def test_the_pair_stands_where_distillation_has_something_to_do(pair):
    base, teacher = (loaded.model for loaded in pair)
    assert 0.09 < accuracy(base, 1000) < 0.20
    assert 0.43 < accuracy(teacher, 1000) < 0.60
    assert accuracy(teacher, 1000, greedy=True) > accuracy(teacher, 1000)
    assert 0.5 < reverse_kl(base, teacher, 1000) < 1.0
    assert reverse_kl(base, base, 100) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.slow
def test_the_shipped_numbers_are_those_of_the_shipped_weights(pair):
    told = json.loads((ASSETS / "recipe.json").read_text())
    assert Recipe(**told["recipe"]) == Recipe()
    expected = told["measured"]["base_greedy_accuracy"]
    assert accuracy(pair[0].model, 4000, greedy=True) == pytest.approx(expected, abs=0.005)


def test_the_assets_are_small_and_in_half_precision():
    assert sum(file.stat().st_size for file in ASSETS.iterdir()) < 2_000_000
    assert {file.name for file in ASSETS.iterdir()} == {"base.safetensors", "teacher.safetensors", "recipe.json"}
    model = load_demo("base").model
    assert all(torch.equal(parameter, parameter.half().float()) for parameter in model.parameters())


def test_loading_leaves_the_callers_random_numbers_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    load_demo("base")
    assert torch.equal(torch.rand(2), expected)
