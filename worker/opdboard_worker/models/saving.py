"""Models as folders that every loader of this project, and transformers, reads."""

import json
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.core_model_loading import revert_weight_conversion


def save(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    weights: Mapping[str, Tensor] | None = None,
) -> None:
    """Write a folder that FolderModel loads to the same weights: config, safetensors, tokenizer. Raises OSError.

    weights: a state dict to write in place of the model's own.
    """
    model.save_pretrained(folder, state_dict=None if weights is None else dict(weights))
    tokenizer.save_pretrained(folder)


def save_tokens_alone(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path, weights: Mapping[str, Tensor], size: int
) -> None:
    """As `save`, of a model that has logits and embeddings of the first `size` tokens only. Raises OSError."""
    save(model, tokenizer, folder, of_tokens_alone(model, weights, size))
    file = folder / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    for settings in (config, *(one for one in config.values() if isinstance(one, dict))):
        if "vocab_size" in settings:
            settings["vocab_size"] = size
    file.write_text(json.dumps(config), encoding="utf-8")


def of_tokens_alone(model: PreTrainedModel, weights: Mapping[str, Tensor], size: int) -> dict[str, Tensor]:
    """Weights by the names in memory, with the rows of embeddings and head beyond the first `size` cut off; tied ones stay tied."""
    tables = (model.get_input_embeddings(), model.get_output_embeddings())
    places = [place for place, module in model.named_modules() if module in tables]
    names = {f"{place}.{leaf}" for place in places for leaf in ("weight", "bias")} & weights.keys()
    cut = {weights[name].data_ptr(): weights[name][:size].clone() for name in names}
    return dict(weights) | {name: cut[weights[name].data_ptr()] for name in names}


def as_saved(model: PreTrainedModel, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights by the names in memory -> by the names, and cut as, they have on disk: what other programs know."""
    return revert_weight_conversion(model, dict(weights))
