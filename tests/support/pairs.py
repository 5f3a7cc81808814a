"""Models whose logits have more rows than their tokenizer has tokens, as folders that a run can name."""

from pathlib import Path
from typing import Any

import torch

from opdboard.domain.model_sources import FolderModel
from opdboard_worker.models.demo import build_tokenizer


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
