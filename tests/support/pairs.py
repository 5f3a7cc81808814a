"""Pairs that do not quite match: more rows of logits than tokens, other end tokens; as folders that a run can name."""

from pathlib import Path
from typing import Any

import torch

from opdboard.domain.model_sources import FolderModel
from opdboard_worker.models.demo import BOS_ID, EOS_ID, build_tokenizer, load_demo
from opdboard_worker.models.loaded import LoadedModel


def padded(model: Any, rows: int, seed: int = 0, size: float = 3.0) -> Any:
    """The same model, changed: with so many more rows in embeddings and head, large enough to be likely."""
    tokens = model.get_input_embeddings().weight.shape[0]
    model.resize_token_embeddings(tokens + rows, mean_resizing=False)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for table in (model.get_input_embeddings(), model.get_output_embeddings()):
            weight = table.weight
            weight[tokens:] = size * weight.std() * torch.randn(rows, weight.shape[1], generator=generator)
    return model


def in_folder(model: Any, folder: Path, tokenizer: Any = None) -> FolderModel:
    """The model as a run names it; with the demo's tokenizer if none is given."""
    model.save_pretrained(folder)
    (tokenizer or build_tokenizer()).save_pretrained(folder)
    return FolderModel(path=str(folder))


def ending_otherwise() -> LoadedModel:
    """The demo teacher, which writes <bos> where it would write <eos>, and says so."""
    model, tokenizer = load_demo("teacher").model, build_tokenizer()
    head: Any = model.get_output_embeddings()
    with torch.no_grad():
        head.weight[[BOS_ID, EOS_ID]] = head.weight[[EOS_ID, BOS_ID]].clone()
    model.generation_config.eos_token_id = BOS_ID
    tokenizer.eos_token = "<bos>"
    return LoadedModel(model, tokenizer, "otherwise")
