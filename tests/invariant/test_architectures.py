"""Any transformers causal LM trains: tiny random models of several families, through a folder in Hugging Face format."""

import json
import math

import pytest
import torch
import transformers
from invariant.conftest import tiny_config

from opdboard.domain.model_sources import FolderModel
from opdboard.domain.run_config import FileData, ModelTeacher
from opdboard_worker.models.demo import build_tokenizer

SMALL = {"vocab_size": 15, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
FAMILIES = {
    "LlamaConfig": SMALL | {"num_key_value_heads": 2, "tie_word_embeddings": True},
    "Qwen2Config": SMALL | {"num_key_value_heads": 2, "vocab_size": 16},  # its tokenizer class adds a token of its own
    "Qwen3Config": SMALL | {"num_key_value_heads": 2, "head_dim": 8},
    "MistralConfig": SMALL | {"num_key_value_heads": 2},
    "Gemma2Config": SMALL | {"num_key_value_heads": 2, "head_dim": 8, "final_logit_softcapping": 5.0},
    "Phi3Config": SMALL | {"num_key_value_heads": 2, "pad_token_id": 12},
    "GPT2Config": {"vocab_size": 15, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64},
}


def folder_of(path, family, seed):
    tokenizer = build_tokenizer()
    ids = {
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    torch.manual_seed(seed)
    config = getattr(transformers, family)(**(FAMILIES[family] | ids))
    model = transformers.AutoModelForCausalLM.from_config(config)
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return FolderModel(path=str(path))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_trains_and_its_modules_are_seen(train, tmp_path, family):
    data = tmp_path / "sums.jsonl"
    data.write_text(
        "".join(json.dumps({"prompt": f"{n:03d}+{n:03d}=", "answer": str(2 * n)[::-1]}) + "\n" for n in range(40))
    )
    config = tiny_config(
        steps=2,
        student=folder_of(tmp_path / "student", family, 0),
        teacher=ModelTeacher(source=folder_of(tmp_path / "teacher", family, 1)),
        data=FileData(path=str(data), prompt_format="plain", instruction="", verifier="exact"),
    )
    training, sink = train(config)
    assert all(math.isfinite(value) and value > 0 for value in sink.series("reverse_kl").values())
    kinds = {module.kind for module in training.parts.monitor.modules}
    assert {"o", "down"} <= kinds
    assert {module.layer for module in training.parts.monitor.modules} == {0, 1}
    norms = next(v.values for v in sink.batches[-1].vectors + sink.batches[-2].vectors if v.statistic == "update_norm")
    assert all(value > 0 for value in norms)
