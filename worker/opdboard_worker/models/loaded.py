"""What every way of loading gives."""

from dataclasses import dataclass

from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class LoadedModel:
    """A model in evaluation mode with its tokenizer; `label` names it to people."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    label: str
