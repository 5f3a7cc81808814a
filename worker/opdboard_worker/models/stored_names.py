"""What of a checkpoint's tensors becomes which tensor in memory, by transformers' own table of conversions.

Saving renames: experts that are one tensor in memory are many on disk, GPT-NeoX-like and multi-modal models have other
names there. So names are read as transformers reads them, whatever wrote the file: itself, or FSDP with its wrappers.
"""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel
from transformers.conversion_mapping import get_model_conversion_mapping
from transformers.core_model_loading import (
    Concatenate,
    MergeModulelist,
    WeightConverter,
    WeightRenaming,
    dot_natural_key,
    rename_source_key,
)

_WRAPPERS = re.compile(r"(?:^module\.|_orig_mod\.|_fsdp_wrapped_module\.|_checkpoint_wrapped_module\.)")
_NUMBER = re.compile(r"(?<=\.)(\d+)(?=\.)")

Shapes = Mapping[str, tuple[int, ...]]


def unwrapped(name: str) -> str:
    """The name without what torch.compile, FSDP and PEFT put around modules."""
    return _WRAPPERS.sub("", name).removeprefix("base_model.model.")


def architecture(folder: Path) -> PreTrainedModel | None:
    """The model that the folder's config.json describes, without weights; None where transformers does not know it."""
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        named = getattr(transformers, (config.architectures or [""])[0], None)
        with torch.device("meta"):
            if named is None or type(config) in transformers.MODEL_FOR_CAUSAL_LM_MAPPING:
                return AutoModelForCausalLM.from_config(config)
            return named._from_config(config)
    except Exception:  # every architecture fails in its own way over a configuration that it does not understand
        return None


@dataclass(frozen=True)
class Conversion:
    """Several stored tensors that transformers makes one or more tensors of."""

    first: str
    """By the name of the first, in memory."""
    converter: WeightConverter
    sources: tuple[tuple[str, str], ...]
    """(stored name, the pattern of the converter that it stands for), in order."""

    def __call__(self, model: PreTrainedModel, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The tensors in memory by name, from the stored ones."""
        converter = deepcopy(self.converter)
        for name, pattern in self.sources:
            tensor: Any = tensors[name]  # where transformers has one that is still being read
            converter.add_tensor(self.first, name, pattern, tensor)
        made = converter.convert(self.first, model=model, config=model.config)
        return {name: one[0] if isinstance(one, list) else one for name, one in made.items()}


@dataclass(frozen=True)
class Placed:
    """Where the tensors in memory are among the stored ones."""

    shapes: Shapes
    """Of the tensors in memory; experts that are stored one by one keep their own names."""
    direct: Mapping[str, str]
    """Name in memory -> stored name."""
    made: Mapping[str, Conversion]
    """Name in memory -> what makes it."""
    left_out: Sequence[str] = ()
    """Stored names of what the architecture does not have."""


class StoredNames:
    """Reads stored names as one architecture's."""

    def __init__(self, model: PreTrainedModel | None) -> None:
        """model: without weights; names are taken as they are where it is not known."""
        self.model = model
        if model is None:
            return
        mapping = get_model_conversion_mapping(model)
        self._renamings = [one for one in mapping if isinstance(one, WeightRenaming)]
        self._converters = [one for one in mapping if isinstance(one, WeightConverter)]
        self._converter_of = {pattern: one for one in self._converters for pattern in one.source_patterns}
        self._tensors: dict[str, Tensor] = model.state_dict()

    def in_memory(self, stored_name: str) -> str:
        """The name of what a stored tensor becomes, or becomes part of; of an expert's own matrix, that matrix' name."""
        name, pattern = self._renamed(stored_name)
        converter = None if pattern is None else self._converter_of[pattern]
        if converter is None or not _one_by_one(converter):
            return name
        return _expert_name(name, stored_name, converter, pattern or "") or name

    def placed(self, stored: Shapes) -> Placed:
        """Where each tensor in memory is."""
        shapes: dict[str, tuple[int, ...]] = {}
        direct: dict[str, str] = {}
        groups: dict[str, list[tuple[str, str]]] = {}
        left_out: list[str] = []
        for stored_name in sorted(stored, key=dot_natural_key):
            name, pattern = self._renamed(stored_name)
            if self.model is not None and name not in self._tensors:
                left_out.append(stored_name)
                continue
            converter = None if pattern is None else self._converter_of[pattern]
            if converter is not None and not _one_by_one(converter):
                groups.setdefault(name, []).append((stored_name, pattern or ""))
                continue
            if converter is not None:
                name = _expert_name(name, stored_name, converter, pattern or "") or name
            shapes[name], direct[name] = stored[stored_name], stored_name
        made = {}
        for first, sources in groups.items():
            conversion = Conversion(first, self._converter_of[sources[0][1]], tuple(sources))
            for name in self._names_made(conversion):
                made[name], shapes[name] = conversion, tuple(self._tensors[name].shape)
        return Placed(shapes, direct, made, left_out)

    def _renamed(self, stored_name: str) -> tuple[str, str | None]:
        """As transformers does while it loads: the name in memory, and the pattern of a converter that matched."""
        plain = unwrapped(stored_name)
        if self.model is None:
            return plain, None
        prefix, tensors = self.model.base_model_prefix, self._tensors
        name, pattern = rename_source_key(plain, self._renamings, self._converters, prefix, tensors)
        if name not in tensors and plain in tensors:
            name, pattern = rename_source_key(plain, [], [], base_model_prefix=prefix, meta_state_dict=tensors)
        return name, pattern

    def _names_made(self, conversion: Conversion) -> list[str]:
        first, *others = conversion.converter.target_patterns
        names = [conversion.first, *(conversion.first.replace(first, other) for other in others)]
        return [name for name in names if name in self._tensors]


def _one_by_one(converter: WeightConverter) -> bool:
    """Whether it only stacks experts' matrices, gate and up one after the other: each can be read alone."""
    kinds: Sequence[type] = [type(one) for one in converter.operations]
    stacks = kinds == [MergeModulelist] or kinds == [MergeModulelist, Concatenate]
    return stacks and len(converter.source_patterns) <= len(kinds) and len(converter.target_patterns) == 1


def _expert_name(name: str, stored_name: str, converter: WeightConverter, pattern: str) -> str | None:
    """The plain name of an expert's projection, as `models.matrices` gives it to a part of the stacked tensor."""
    before, _, leaf = name.removesuffix(".weight").rpartition(".")
    if leaf == "gate_up_proj":
        leaf = ("gate_proj", "up_proj")[converter.source_patterns.index(pattern)]
    numbers = _NUMBER.findall(stored_name)
    return f"{before}.{numbers[-1]}.{leaf}.weight" if numbers else None
