"""The preflight checks name what does not fit, and let pass what does."""

import dataclasses

import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from opdboard.domain.errors import ModelProblem
from opdboard.domain.model_sources import DemoModel
from opdboard_worker.models.demo import build_tokenizer
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.models.pair import check_pair, check_starts_near_zero, check_teacher_repeatable, eos_token_ids


@pytest.fixture
def student(tiny):
    return LoadedModel(tiny(), build_tokenizer(), "small")


def _refusal(student, teacher):
    with pytest.raises(ModelProblem) as caught:
        check_pair(student, teacher)
    return caught.value.detail


def test_models_of_one_tokenizer_fit(student, tiny, load_source):
    check_pair(student, student)
    check_pair(student, LoadedModel(tiny(hidden_size=32), build_tokenizer(), "wider"))
    check_pair(load_source(DemoModel(role="base")), load_source(DemoModel(role="teacher")))


def test_padding_may_differ(student):
    other = build_tokenizer()
    other.pad_token = other.eos_token
    check_pair(student, dataclasses.replace(student, tokenizer=other))


def test_another_number_of_logits_is_named(student, tiny):
    detail = _refusal(student, LoadedModel(tiny(vocab_size=16), build_tokenizer(), "padded"))
    assert "student (small) and teacher (padded)" in detail and "logits: 15 and 16" in detail


def test_every_differing_special_token_is_named_with_both_values(student):
    tokenizer = build_tokenizer()
    tokenizer.eos_token, tokenizer.bos_token = "<bos>", "<eos>"
    detail = _refusal(student, dataclasses.replace(student, tokenizer=tokenizer))
    assert "eos_token: <eos> (14) and <bos> (13)" in detail
    assert "bos_token: <bos> (13) and <eos> (14)" in detail


def test_an_additional_special_token_is_named(student, tiny):
    tokenizer = build_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<think>"]})
    detail = _refusal(student, LoadedModel(tiny(), tokenizer, "thinker"))
    assert "tokens in the tokenizer: 15 and 16" in detail and "<think>: none and id 15" in detail


def test_tokens_in_another_order_are_shown_on_a_probe(student):
    vocabulary = {token: number for number, token in enumerate([*"9876543210+=", "<pad>", "<bos>", "<eos>"])}
    rust = Tokenizer(models.WordLevel(vocabulary))
    rust.pre_tokenizer = build_tokenizer().backend_tokenizer.pre_tokenizer
    other = PreTrainedTokenizerFast(tokenizer_object=rust, pad_token="<pad>", bos_token="<bos>", eos_token="<eos>")
    detail = _refusal(student, dataclasses.replace(student, tokenizer=other))
    assert "'0123456789+=' is [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] and [9, 8, 7" in detail


def test_a_tokenizer_larger_than_its_model_is_refused(tiny):
    lone = LoadedModel(tiny(vocab_size=14, eos_token_id=13), build_tokenizer(), "small")
    assert "15 tokens but the model only 14 logits" in _refusal(lone, lone)


def test_responses_end_at_every_token_that_is_declared_to_end_them(student):
    assert eos_token_ids(student) == [14]
    student.model.generation_config.eos_token_id = [11, 14]
    assert eos_token_ids(student) == [11, 14]


def test_a_model_that_cannot_end_is_refused(tiny):
    tokenizer = build_tokenizer()
    tokenizer.eos_token = None
    endless = LoadedModel(tiny(eos_token_id=None), tokenizer, "endless")
    with pytest.raises(ModelProblem, match="responses cannot end"):
        eos_token_ids(endless)
    endless.model.generation_config.eos_token_id = 99
    with pytest.raises(ModelProblem, match="responses cannot end"):
        eos_token_ids(endless)


def test_a_repeatable_teacher_passes_and_a_random_one_does_not():
    logp = torch.tensor([-0.1, -3.0])
    check_teacher_repeatable(logp, logp.clone())
    check_teacher_repeatable(logp, logp + 5e-5)
    with pytest.raises(ModelProblem, match=r"0\.1 nats apart"):
        check_teacher_repeatable(logp, logp + torch.tensor([0.0, 0.1]))
    with pytest.raises(ModelProblem, match="NaN or infinite"):
        check_teacher_repeatable(logp * float("nan"), logp)
    with pytest.raises(ModelProblem, match="shapes"):
        check_teacher_repeatable(logp, logp[:1])


@pytest.mark.parametrize("kl", [0.01, -0.01, float("nan")])
def test_equal_weights_must_start_at_distance_zero(kl):
    check_starts_near_zero(1e-5)
    with pytest.raises(ModelProblem, match="instead of 0"):
        check_starts_near_zero(kl)
