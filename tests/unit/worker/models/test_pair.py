"""The preflight checks name what does not fit, and let pass what does."""

import dataclasses

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from opdboard.domain.errors import BadInput, ModelProblem
from opdboard.domain.model_sources import DemoModel
from opdboard_worker.core.vocabulary import Vocabulary
from opdboard_worker.models.demo import build_tokenizer
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.models.pair import (
    check_pair,
    check_starts_near_zero,
    check_teacher_repeatable,
    eos_token_ids,
    tokens_of,
    vocabulary_of,
)


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


def test_what_tokens_are_used_as_may_differ(student):
    other = build_tokenizer()
    other.pad_token, other.eos_token, other.bos_token = "<eos>", "<bos>", "<eos>"
    check_pair(student, dataclasses.replace(student, tokenizer=other))


@pytest.mark.parametrize("rows", [16, 24])
def test_rows_beyond_the_tokenizer_may_differ_on_either_side(student, tiny, rows):
    other = LoadedModel(tiny(vocab_size=rows), build_tokenizer(), "padded")
    check_pair(student, other)
    check_pair(other, student)
    assert vocabulary_of(student) == vocabulary_of(other) == Vocabulary(15)


def test_an_additional_token_is_named(student, tiny):
    tokenizer = build_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<think>"]})
    thinker = LoadedModel(tiny(vocab_size=16), tokenizer, "thinker")
    assert "'<think>' is not encodable to the student (small) and token 15 to the teacher (thinker)" in _refusal(
        student, thinker
    )
    assert "'<think>' is token 15 to the student (thinker)" in _refusal(thinker, student)


def byte_level(**changes):
    """A GPT-2-like tokenizer of bytes and one merge, with an end token at an id of its own."""
    tokens = {token: number for number, token in enumerate([*sorted(pre_tokenizers.ByteLevel.alphabet()), "\u0120a"])}
    rust = Tokenizer(models.BPE(tokens | changes.get("tokens", {}), [("\u0120", "a")]))
    rust.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    rust.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=rust, clean_up_tokenization_spaces=False)
    tokenizer.add_special_tokens({"eos_token": "<end>"})
    return tokenizer


def test_a_token_is_shown_as_the_text_that_it_writes(tiny):
    model = tiny(vocab_size=300)
    one, other = byte_level(), byte_level()
    one.add_tokens(["boxed"])
    detail = _refusal(LoadedModel(model, one, "a"), LoadedModel(model, other, "b"))
    assert "'boxed' is token 258 to the student (a) and tokens [" in detail


def test_a_tokenizer_with_holes_counts_up_to_its_largest_id(tiny):
    holes = LoadedModel(tiny(vocab_size=320), byte_level(tokens={"<late>": 300}), "holes")
    assert len(holes.tokenizer) == 259 and vocabulary_of(holes) == Vocabulary(301)
    check_pair(holes, holes)


def test_rows_that_a_gguf_conversion_names_are_no_tokens(tiny):
    filled = byte_level(tokens={f"[PAD{number}]": number for number in range(257, 300)})
    loaded = LoadedModel(tiny(vocab_size=301), filled, "gguf")
    assert "[PAD299]" in filled.get_vocab() and "[PAD299]" not in tokens_of(loaded)


def test_tokens_in_another_order_are_refused_by_the_first(student):
    vocabulary = {token: number for number, token in enumerate([*"9876543210+=", "<pad>", "<bos>", "<eos>"])}
    rust = Tokenizer(models.WordLevel(vocabulary))
    rust.pre_tokenizer = build_tokenizer().backend_tokenizer.pre_tokenizer
    other = PreTrainedTokenizerFast(tokenizer_object=rust, pad_token="<pad>", bos_token="<bos>", eos_token="<eos>")
    detail = _refusal(student, dataclasses.replace(student, tokenizer=other))
    assert "'0' is token 0 to the student (small) and token 9 to the teacher (small)" in detail
    assert detail.count(". ") == 0, "one sentence"


def test_a_text_that_is_cut_otherwise_is_shown(tiny):
    model = tiny(vocab_size=300)
    one, other = byte_level(), byte_level()
    other.backend_tokenizer.normalizer = normalizers.Lowercase()
    detail = _refusal(LoadedModel(model, one, "a"), LoadedModel(model, other, "b"))
    assert detail.startswith("'The answer is") and detail.count("tokens [") == 2


def test_a_tokenizer_larger_than_its_model_is_refused(tiny):
    lone = LoadedModel(tiny(vocab_size=14, eos_token_id=13), build_tokenizer(), "small")
    assert "a token with the id 14, but the model has only 14 logits" in _refusal(lone, lone)


def test_responses_end_at_every_token_that_is_declared_to_end_them(student):
    assert eos_token_ids(student) == [14]
    student.model.generation_config.eos_token_id = [11, 14]
    assert eos_token_ids(student) == [14, 11], "the tokenizer's own first"
    student.model.generation_config.eos_token_id = [11, 14, 15, 99]
    assert eos_token_ids(student) == [14, 11], "others are no tokens"


def test_end_tokens_can_be_named(student):
    assert eos_token_ids(student, ["<bos>", "="]) == [11, 13]
    assert eos_token_ids(student, ["+", "<eos>"]) == [14, 10]
    for text, written in {"12": r"tokens \[1, 2\]", "<im_end>": "not encodable"}.items():
        with pytest.raises(
            BadInput, match=f"{text}' in reading.teacher.end_tokens is {written} to the teacher"
        ) as caught:
            eos_token_ids(student, ["+", text], "teacher")
        assert caught.value.where == "reading.teacher.end_tokens"


def test_a_teacher_need_not_end_anything(tiny):
    tokenizer = build_tokenizer()
    tokenizer.eos_token = None
    assert eos_token_ids(LoadedModel(tiny(eos_token_id=None), tokenizer, "endless"), (), "teacher") == []


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
