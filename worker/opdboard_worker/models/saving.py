"""Models as folders that every loader of this project, and transformers, reads."""

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


def as_saved(model: PreTrainedModel, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights by the names in memory -> by the names, and cut as, they have on disk: what other programs know."""
    return revert_weight_conversion(model, dict(weights))
