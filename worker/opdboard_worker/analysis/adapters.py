"""LoRA adapters of PEFT as checkpoints: dW = scaling B A (arXiv:2106.09685), W_t = W_0 + dW, without a merged model.

scaling is alpha / r, or alpha / sqrt(r) with rank-stabilised LoRA (arXiv:2312.03732). Modules that the adapter holds whole
(modules_to_save) take the place of the base's.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from opdboard.domain.errors import ModelProblem
from opdboard.domain.modules import Module
from opdboard_worker.analysis.naming import normalised
from opdboard_worker.analysis.stored import SafetensorsFiles
from opdboard_worker.analysis.weights import Weights
from opdboard_worker.models.weight_files import read_json

_FACTOR = re.compile(r"(?P<module>.+)\.lora_(?P<factor>[AB])\.weight$")
_HEAD = "lm_head.weight"
_CHANGES_BASE = ("pissa", "olora", "corda", "loftq")
"""Ways to initialise that take something off the base weights: what then is learnt is not relative to the base."""


@dataclass(frozen=True)
class _LowRank:
    """Stored names of the factors, and what their product is multiplied by."""

    a: str
    b: str
    scaling: float


class Adapter:
    """An adapter seen as the matrices of its base; see `weights.Updated`."""

    def __init__(self, folder: Path, base: Weights) -> None:
        """ModelProblem where the adapter is of another kind, is not whole, or does not fit the base."""
        self.where = folder
        self.modules: Mapping[str, Module] = base.modules
        self._base = base
        config = read_json(folder / "adapter_config.json", "an adapter of PEFT has one")
        _check_kind(config, folder)
        self._in_out = bool(config.get("fan_in_fan_out"))
        file = folder / "adapter_model.safetensors"
        if not file.is_file():
            pickled = (folder / "adapter_model.bin").is_file()
            why = (
                "only adapter_model.bin, a pickle, which is not read: save the adapter with safe_serialization"
                if pickled
                else ""
            )
            raise ModelProblem(
                f"{folder} has no {file.name}{', ' + why if why else '; copy it there'}", where=str(file)
            )
        self._stored = SafetensorsFiles(folder, [file])
        self._low_rank = _factors(self._stored.shapes, config, file)
        self._whole = {normalised(name): name for name in self._stored.shapes if ".lora_" not in name}
        self._check_fits()

    def _check_fits(self) -> None:
        """Each changed matrix is one of the base's, of its shape."""
        shapes = {normalised(name): shape for name, shape in self._base.stored.shapes.items()}
        for name, factors in self._low_rank.items():
            (rank, inner), (out, other) = self._stored.shapes[factors.a], self._stored.shapes[factors.b]
            changed = (inner, out) if self._in_out else (out, inner)
            if name == _HEAD:
                continue  # may be tied to the embeddings, and is no matrix of a layer
            if name not in shapes or shapes[name] != changed or rank != other:
                has = f"has it as {shapes[name]}" if name in shapes else "does not have it"
                raise ModelProblem(
                    f"the adapter in {self.where} changes {name} of shape {changed}, but the base {self._base.where} {has}: "
                    "give the base that it was trained on",
                    where=str(self.where),
                )

    def update(self, name: str, base_MN: Tensor) -> tuple[Tensor, Tensor]:
        """See Updated; dW itself, without the rounding of W_t - W_0."""
        stored_name, view = self._base.place(name)
        key = normalised(stored_name)
        if key in self._whole:
            value_MN = view.turned(self._stored.read(self._whole[key], view.index))
            return value_MN.to(torch.float32, copy=True).sub_(base_MN), value_MN
        factors = self._low_rank.get(key)
        if factors is None:
            return torch.zeros(base_MN.shape), base_MN
        a, b = (self._stored.read(one).float() for one in (factors.a, factors.b))
        change = (b @ a).mul_(factors.scaling)
        update_MN = view.of(change.mT if self._in_out else change)
        return update_MN, update_MN + base_MN


def _check_kind(config: dict[str, Any], folder: Path) -> None:
    kind, start = config.get("peft_type"), config.get("init_lora_weights")
    if kind != "LORA":
        _refuse(f"the adapter in {folder} is of type {kind}; LoRA is known", folder)
    if config.get("use_dora"):
        _refuse(f"the adapter in {folder} uses DoRA, which changes more than by a low-rank product", folder)
    if config.get("target_parameters"):
        _refuse(f"the adapter in {folder} has target_parameters, which are not known here", folder)
    if isinstance(start, str) and start.lower().startswith(_CHANGES_BASE):
        _refuse(
            f"the adapter in {folder} began as {start}, which changes the base weights too; convert it to plain LoRA first",
            folder,
        )


def _refuse(reason: str, folder: Path) -> None:
    raise ModelProblem(
        f"{reason}. Merge it (merge_and_unload) and save the whole model", where=str(folder / "adapter_config.json")
    )


def _factors(shapes: Mapping[str, tuple[int, ...]], config: dict[str, Any], file: Path) -> dict[str, _LowRank]:
    """By the normalised name of the weight that they change."""
    pairs: dict[str, dict[str, str]] = {}
    for name, shape in shapes.items():
        match = _FACTOR.fullmatch(name)
        if match is not None and len(shape) == 2:
            pairs.setdefault(match["module"], {})[match["factor"]] = name
    found = {}
    for module, names in pairs.items():
        if names.keys() != {"A", "B"}:
            raise ModelProblem(f"{file} has only one factor of {module}; save the adapter again", where=str(file))
        rank = shapes[names["A"]][0]
        alpha = _of_pattern(config.get("alpha_pattern"), module, config.get("lora_alpha", rank))
        scaling = alpha / math.sqrt(rank) if config.get("use_rslora") else alpha / rank
        found[normalised(f"{module}.weight")] = _LowRank(names["A"], names["B"], scaling)
    return found


def _of_pattern(patterns: Any, module: str, default: float) -> float:
    """The value whose pattern is the end of the module's name, as PEFT reads rank_pattern and alpha_pattern."""
    from peft.utils.other import get_pattern_key

    path = module.removeprefix("base_model.model.")
    return (patterns or {}).get(get_pattern_key(list(patterns or {}), path), default)
