"""A GGUF file, written here by the gguf package from a real model, becomes a plain model that can be trained and saved."""

import gguf
import pytest
import torch
from tokenizers import pre_tokenizers

from opdboard.domain.errors import ModelProblem
from opdboard.domain.model_sources import FolderModel, GgufModel
from opdboard_worker.models.loading import save
from opdboard_worker.models.pair import eos_token_ids

TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}{% if add_generation_prompt %}>{% endif %}"
NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
HEADS, WIDTH = 2, 32


def _interleaved(matrix):
    """GGUF keeps the two halves of a rotary pair next to each other."""
    rows, columns = matrix.shape
    return matrix.reshape(HEADS, 2, rows // HEADS // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _tensors(model):
    weights = {name.removesuffix(".weight"): value.detach().numpy() for name, value in model.named_parameters()}
    yield "token_embd.weight", weights["model.embed_tokens"]
    yield "output_norm.weight", weights["model.norm"]
    yield "output.weight", weights["lm_head"]
    for theirs, ours in NAMES.items():
        value = weights[f"model.layers.0.{theirs}"]
        yield f"blk.0.{ours}.weight", _interleaved(value) if ours in {"attn_q", "attn_k"} else value


@pytest.fixture
def written(tmp_path, tiny):
    """(path, the model in it): a one-layer Llama with a byte-level tokenizer and a chat template."""
    tokens = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "01", "<s>", "</s>"]
    model = tiny(vocab_size=len(tokens), hidden_size=WIDTH, intermediate_size=64, bos_token_id=257, eos_token_id=258)
    path = tmp_path / "tiny.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(64)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(model.config.rms_norm_eps)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * 257 + [gguf.TokenType.CONTROL] * 2)
    writer.add_token_merges(["0 1"])
    writer.add_bos_token_id(257)
    writer.add_eos_token_id(258)
    writer.add_eot_token_id(256)
    writer.add_chat_template(TEMPLATE)
    for name, value in _tensors(model):
        writer.add_tensor(name, value.copy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path, model


def test_weights_tokenizer_and_chat_template_come_from_the_file(written, load_source):
    path, model = written
    loaded = load_source(GgufModel(path=str(path)))
    assert loaded.label == "tiny"
    tokens = torch.arange(12).reshape(1, 12)
    with torch.no_grad():
        assert torch.allclose(loaded.model(tokens).logits, model(tokens).logits, atol=1e-6)
    tokenizer = loaded.tokenizer
    assert tokenizer.decode(tokenizer("1+2 = 3", add_special_tokens=False)["input_ids"]) == "1+2 = 3"
    assert tokenizer.chat_template == TEMPLATE
    assert (tokenizer.eos_token, tokenizer.pad_token) == ("</s>", "</s>")
    assert eos_token_ids(loaded) == [258, 256]  # the tokenizer's own first


def test_it_is_trainable_and_saves_as_an_ordinary_folder(written, load_source, tmp_path):
    loaded = load_source(GgufModel(path=str(written[0])))
    loaded.model(torch.arange(6).reshape(1, 6)).logits.square().mean().backward()
    assert all(parameter.grad is not None for parameter in loaded.model.parameters())
    save(loaded.model, loaded.tokenizer, tmp_path / "saved")
    again = load_source(FolderModel(path=str(tmp_path / "saved")))
    expected = loaded.model.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in again.model.state_dict().items())
    assert again.tokenizer.chat_template == TEMPLATE


def test_an_adapter_beside_the_file_is_not_added_to_it(written, load_source):
    (written[0].parent / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelProblem, match="lies beside"):
        load_source(GgufModel(path=str(written[0])))
