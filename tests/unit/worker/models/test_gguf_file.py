"""GGUF files of ours, read back by transformers' own loader and compared with a file of somebody else's making."""

import copy
from pathlib import Path
from typing import Any

import gguf
import pytest
import torch
from support.smollm2 import smollm2_file, smollm2_tokenizer
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from opdboard.domain.errors import ModelProblem
from opdboard_worker.models.gguf_file import write_gguf
from opdboard_worker.models.gguf_tokens import _WORDS
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.models.loading import complete_tokens

TEXTS = ["What is 12+34567?", " Two  spaces,\ttab\nand line\r\nends. ", "it's f(x) ≤ ½, naïve café, 東京 🙂", "<|im_start|>user\nHi<|im_end|>", "def add(a):\n    return a + 1_000\n<tool>"]  # fmt: skip
TEMPLATE = "{% for message in messages %}<|im_start|>{{ message['content'] }}<|im_end|>{% endfor %}"
WORDS = pre_tokenizers.ByteLevel(add_prefix_space=False)
SPLIT = pre_tokenizers.Sequence(
    [
        pre_tokenizers.Split(Regex(_WORDS % ""), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]
)
SHAPE: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "rms_norm_eps": 1e-5,
}


def tokenizer(cut: Any, normalizer: Any = None) -> PreTrainedTokenizerFast:
    """A byte-level BPE that was trained on the texts, with special tokens and one that is added and not special."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = cut, decoders.ByteLevel()
    if normalizer is not None:
        made.normalizer = normalizer
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False))
    made.add_special_tokens([AddedToken(one, special=True) for one in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")])
    made.add_tokens([AddedToken("<tool>", normalized=False)])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=TEMPLATE
    )


def built(kind: str, cut: Any = None, **changes: Any) -> LoadedModel:
    """A small random model of a family, with more rows than its tokenizer has tokens."""
    model_type, config_type, cuts, normalizer = {
        "llama": (LlamaForCausalLM, LlamaConfig, WORDS, None),
        "qwen2": (Qwen2ForCausalLM, Qwen2Config, SPLIT, normalizers.NFC()),
        "qwen3": (Qwen3ForCausalLM, Qwen3Config, SPLIT, None),
    }[kind]
    tokens = tokenizer(cut or cuts, normalizer)
    torch.manual_seed(1)
    ends = {"eos_token_id": tokens.eos_token_id, "bos_token_id": None, "pad_token_id": tokens.pad_token_id}
    config: Any = config_type(vocab_size=len(tokens) + 5, **(SHAPE | ends | changes))
    model = model_type(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn_like(weight)  # biases and norms, too
    complete_tokens(model, tokens)
    return LoadedModel(model, tokens, "tiny")


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.arange(60).reshape(2, 30) * 3).logits


def read(file: Path) -> tuple[Any, Any]:
    how = {"gguf_file": file.name}
    return AutoModelForCausalLM.from_pretrained(file.parent, dtype=torch.float32, **how).eval(), AutoTokenizer.from_pretrained(file.parent, **how)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("llama", {}),
        ("llama", {"tie_word_embeddings": True, "num_key_value_heads": 4, "rope_parameters": {"rope_type": "default", "rope_theta": 5e5}}),
        ("llama", {"head_dim": 32}),
        ("qwen2", {"tie_word_embeddings": True}),
        ("qwen2", {"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}}),
        ("qwen3", {"head_dim": 128}),
    ],
)  # fmt: skip
def test_transformers_reads_the_same_model_and_tokenizer(tmp_path: Path, kind, changes):
    ours = built(kind, **changes)
    write_gguf(ours, tmp_path / "m.gguf", "f32", "Tiny")
    model, tokens = read(tmp_path / "m.gguf")
    torch.testing.assert_close(logits(model), logits(ours.model), rtol=1e-5, atol=1e-5)
    for text in TEXTS:
        assert tokens(text)["input_ids"] == ours.tokenizer(text)["input_ids"], text
        assert tokens.decode(tokens(text)["input_ids"]) == text
    assert tokens.eos_token_id == ours.tokenizer.eos_token_id
    assert tokens.chat_template == TEMPLATE


@pytest.mark.parametrize("precision", ["f16", "bf16", "q8_0"])
def test_matrices_are_rounded_and_vectors_are_not(tmp_path: Path, precision):
    ours = built("llama")
    write_gguf(ours, tmp_path / "m.gguf", precision, "Tiny")
    model, _ = read(tmp_path / "m.gguf")
    stored = dict(model.named_parameters())
    for name, weight in ours.model.named_parameters():
        step = {"f16": 2**-11, "bf16": 2**-8, "q8_0": 2**-10}[precision] * weight.abs()
        if precision == "q8_0" and weight.dim() > 1:  # besides the rounding of the scale, which is float16
            step = step + (weight.unflatten(-1, (-1, 32)).abs().amax(-1) / 127 * 0.51).repeat_interleave(32, -1)
        error = (stored[name] - weight).abs()
        assert bool((error <= (step + 1e-7 if weight.dim() > 1 else 0)).all()), name


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (lambda: built("llama", rope_parameters={"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}), "positions are scaled .linear"),
        (lambda: built("llama", attention_bias=True), "its attention_bias is True"),
        (lambda: built("llama", pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), WORDS])), "cuts texts otherwise than gpt-2, smollm"),
    ],
)  # fmt: skip
def test_what_the_file_would_not_say_is_refused(tmp_path: Path, model, told):
    with pytest.raises(ModelProblem, match=told):
        write_gguf(model(), tmp_path / "m.gguf", "f32", "Tiny")


def test_other_families_and_numbers_that_do_not_fit_are_refused(tmp_path: Path):
    ours = built("llama", hidden_size=48)
    with pytest.raises(ModelProblem, match="have 48 numbers, no multiple of 32"):
        write_gguf(ours, tmp_path / "m.gguf", "q8_0", "Tiny")
    with torch.no_grad():
        ours.model.lm_head.weight[0, 0] = 1e5
    with pytest.raises(ModelProblem, match="f16 cannot hold; choose bf16"):
        write_gguf(ours, tmp_path / "m.gguf", "f16", "Tiny")
    ours.model.config.model_type = "mamba"  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ModelProblem, match="it is a mamba, and only llama, qwen2, qwen3 are written"):
        write_gguf(ours, tmp_path / "m.gguf", "f32", "Tiny")


@pytest.mark.slow
def test_smollm2_is_written_as_its_makers_file_has_it(tmp_path: Path):
    theirs = gguf.GGUFReader(smollm2_file())
    model = AutoModelForCausalLM.from_pretrained(smollm2_file().parent, gguf_file=smollm2_file().name)
    tokens = copy.deepcopy(smollm2_tokenizer())
    digits = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), WORDS])
    tokens.backend_tokenizer.pre_tokenizer = digits  # which transformers does not read from the file
    model.model.layers = model.model.layers[:2]
    model.config.num_hidden_layers = 2
    write_gguf(LoadedModel(model, tokens, "SmolLM2"), tmp_path / "m.gguf", "f32", "SmolLM2")
    ours = gguf.GGUFReader(tmp_path / "m.gguf")
    expected = {one.name: one for one in theirs.tensors}
    for one in ours.tensors:
        made = gguf.dequantize(expected[one.name].data, expected[one.name].tensor_type)
        assert one.data.shape == made.shape and abs(one.data - made).max() == 0, one.name
    assert len(ours.tensors) == 2 * 9 + 2
    about = {name: field.contents() for name, field in theirs.fields.items()}
    written = {name: field.contents() for name, field in ours.fields.items()}
    other = {"llama.block_count", "general.file_type", "general.name", "GGUF.tensor_count", "GGUF.kv_count"}
    shared = (about.keys() & written.keys()) - other
    assert {name for name in shared if about[name] != written[name]} == set()
    assert {
        "tokenizer.ggml.pre",
        "tokenizer.ggml.merges",
        "tokenizer.ggml.token_type",
        "tokenizer.chat_template",
    } <= shared
    described = ("general.organization", "general.finetune", "general.basename", "general.size_label", "general.license", "general.languages")  # fmt: skip
    assert about.keys() - written.keys() == set(described)
    assert written.keys() - about.keys() == {"llama.attention.key_length", "llama.attention.value_length"}
