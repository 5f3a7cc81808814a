"""Small real models, written to real folders."""

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from opdboard.domain.model_sources import FolderModel
from opdboard.settings import Settings
from opdboard_worker.models.demo import build_tokenizer
from opdboard_worker.models.loading import load


@pytest.fixture
def tiny():
    """tiny(**config changes) -> a one-layer Llama over the demo's characters, with seeded random weights."""

    def build(**changes):
        config = LlamaConfig(
            **{
                "vocab_size": 15,
                "hidden_size": 16,
                "intermediate_size": 24,
                "num_hidden_layers": 1,
                "num_attention_heads": 2,
                "num_key_value_heads": 2,
                "pad_token_id": 12,
                "bos_token_id": 13,
                "eos_token_id": 14,
                **changes,
            }
        )
        torch.manual_seed(1)
        return LlamaForCausalLM(config).eval()

    return build


@pytest.fixture
def folder(tmp_path, tiny):
    """A model folder in Hugging Face format."""
    path = tmp_path / "model"
    tiny().save_pretrained(path)
    build_tokenizer().save_pretrained(path)
    return path


@pytest.fixture
def load_source(tmp_path):
    """load_source(ModelSource or path, run_folder) -> LoadedModel."""

    def no_runs(source):
        raise AssertionError(f"nothing here loads {source}")

    def read(source, run_folder=no_runs):
        source = source if hasattr(source, "kind") else FolderModel(path=str(source))
        return load(source, settings=Settings(data_dir=tmp_path / "data"), run_folder=run_folder)

    return read
