"""What the configuration of a LoRA adapter says, read as PEFT reads it; a setting of unknown meaning is refused by name.

The base weights and the two factors decide the merged matrix only under settings that we know. So each setting is one of
three: it does not touch the merge, it is read here, or it is at its default; anything else is not plain LoRA, now or in
a version of PEFT that is to come.
"""

import dataclasses
import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from peft import LoraConfig
from peft.tuners.tuners_utils import check_target_module_exists
from peft.utils.constants import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING
from peft.utils.other import get_pattern_key

from opdboard.domain.errors import ModelProblem
from opdboard_worker.models.weight_files import read_json

_NO_PART_IN_MERGE = frozenset(
    {
        "auto_mapping", "base_model_name_or_path", "corda_config", "ensure_weight_tying", "eva_config", "fan_in_fan_out",
        "inference_mode", "loftq_config", "lora_dropout", "lora_ga_config", "megatron_core", "peft_version",
        "qalora_group_size", "revision", "runtime_config", "task_type",
    }
)  # fmt: skip
"""How it was trained, or details of an initialisation that init_lora_weights must name. fan_in_fan_out: PEFT goes by the
layer's type and so do we, for what it saves is that of the layer it adapted last."""

_READ = frozenset(
    {
        "alpha_pattern", "bias", "exclude_modules", "init_lora_weights", "layers_pattern", "layers_to_transform", "lora_alpha",
        "lora_bias", "modules_to_save", "peft_type", "r", "rank_pattern", "target_modules", "trainable_token_indices",
        "use_dora", "use_rslora",
    }
)  # fmt: skip

_LEAVES_BASE = ("gaussian", "eva", "orthogonal", "mica")
"""Ways to initialise that change the factors alone. Others take something off the base weights, so that what the adapter
holds is not relative to them: PiSSA, OLoRA, CorDA, LoftQ, LoRA-GA."""

_LARGEST = 2**31

_WHY = {
    "target_parameters": "factors of parameters that are no layers, such as experts",
    "alora_invocation_tokens": "activated LoRA, which changes some tokens only and cannot be merged",
    "layer_replication": "copies of layers, which the base does not have",
}


@dataclass(frozen=True)
class AdapterSettings:
    """The settings of an adapter, all of which are understood."""

    file: Path
    lora: LoraConfig
    _all_linear: bool

    @classmethod
    def read(cls, folder: Path, model_type: str) -> "AdapterSettings":
        """From adapter_config.json. ModelProblem names what is not understood.

        model_type: of the base, by which PEFT chooses the layers where the configuration names none.
        """
        file = folder / "adapter_config.json"
        config = read_json(file, "an adapter of PEFT has one")
        kind = config.get("peft_type")
        if kind != "LORA":
            refuse(f"the adapter in {folder} is of type {kind}; LoRA is known", file)
        _check_settings(config, file)
        known = {field.name for field in dataclasses.fields(LoraConfig)} & _READ - {"peft_type"}
        given = {name: value for name, value in config.items() if name in known}
        if given.get("target_modules") is None:
            given["target_modules"] = TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING.get(model_type)
        if given["target_modules"] is None:
            refuse(f"{file} names no target_modules", file)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                lora = LoraConfig(**given)
        except (TypeError, ValueError) as error:
            refuse(f"{file} is not a configuration that PEFT takes ({error})", file, error)
        _check_values(lora, file)
        return cls(file, lora, given["target_modules"] == "all-linear")

    def rank(self, path: str) -> int:
        """Of the factors of a layer, by its path in the model."""
        return self._of_pattern(self.lora.rank_pattern, path, self.lora.r)

    def scaling(self, path: str) -> float:
        """What the product of a layer's factors is multiplied by: alpha / r, or alpha / sqrt(r) if rank-stabilised."""
        rank = self.rank(path)
        alpha = self._of_pattern(self.lora.alpha_pattern, path, self.lora.lora_alpha)
        return alpha / math.sqrt(rank) if self.lora.use_rslora else alpha / rank

    def targets(self, *paths: str) -> bool:
        """Whether a layer has factors; paths: its names, of which one is that in the model."""
        if self._all_linear:
            return not any(self.keeps_whole(path) for path in paths)
        return any(bool(self._told(check_target_module_exists, self.lora, path)) for path in paths)

    def keeps_whole(self, path: str) -> bool:
        """Whether a layer is one of modules_to_save, or within one."""
        parts = path.split(".")
        above = [".".join(parts[: depth + 1]) for depth in range(len(parts))]
        return any(one.endswith(name) for name in self.lora.modules_to_save or () for one in above)

    def _of_pattern(self, patterns: Mapping[str, Any] | None, path: str, default: Any) -> Any:
        """The value whose pattern is the end of the layer's path, as PEFT finds it."""
        patterns = patterns or {}
        return patterns.get(self._told(get_pattern_key, list(patterns), path), default)

    def _told(self, match: Any, *arguments: Any) -> Any:
        try:
            return match(*arguments)
        except (re.error, TypeError, ValueError) as error:
            refuse(f"{self.file} has a pattern that PEFT cannot read ({error})", self.file, error)


def refuse(reason: str, file: Path, cause: BaseException | None = None) -> NoReturn:
    """The adapter is not understood; what to do is the same whatever the reason."""
    raise ModelProblem(
        f"{reason}. Merge it with PEFT (merge_and_unload) and save the whole model", where=str(file)
    ) from cause


def _check_settings(config: Mapping[str, Any], file: Path) -> None:
    defaults = {
        field.name: field.default
        for field in dataclasses.fields(LoraConfig)
        if field.default is not dataclasses.MISSING
    }
    for name, value in config.items():
        unset = value is None or value is False or value in ("", [], {})
        if unset or name in _NO_PART_IN_MERGE | _READ or (name in defaults and value == defaults[name]):
            continue
        why = _WHY.get(name, "which is not plain LoRA or not known here")
        refuse(f"{file} sets {name} to {_shortened(value)}: {why}", file)
    start = config.get("init_lora_weights")
    if start is not None and not isinstance(start, bool) and str(start).lower() not in _LEAVES_BASE:
        refuse(
            f"the adapter in {file.parent} began as {start}, which changes the base weights too (or is not known here); "
            "convert it to plain LoRA first (save_pretrained with path_initial_model_for_weight_conversion)",
            file,
        )


def _check_values(lora: LoraConfig, file: Path) -> None:
    for name, values in (
        ("r", [lora.r]),
        ("rank_pattern", _values(lora.rank_pattern, "rank_pattern", file)),
        ("lora_alpha", [lora.lora_alpha]),
        ("alpha_pattern", _values(lora.alpha_pattern, "alpha_pattern", file)),
    ):
        for value in values:
            _check_number(name, value, file)
    for name in ("use_rslora", "use_dora", "lora_bias"):
        if not isinstance(getattr(lora, name), bool):
            refuse(f"{file} sets {name} to {getattr(lora, name)!r}, which is neither true nor false", file)
    if lora.bias not in ("none", "all", "lora_only"):
        refuse(f"{file} sets bias to {_shortened(lora.bias)}, which PEFT does not know", file)
    kept = lora.modules_to_save or []
    if not isinstance(kept, list) or not all(isinstance(name, str) for name in kept):
        refuse(f"{file} sets modules_to_save to {_shortened(kept)}, which is no list of names", file)


def _values(pattern: Any, name: str, file: Path) -> list[Any]:
    if not isinstance(pattern or {}, Mapping):
        refuse(f"{file} sets {name} to {_shortened(pattern)}, which is no mapping", file)
    return list((pattern or {}).values())


def _check_number(name: str, value: Any, file: Path) -> None:
    is_rank = name.startswith("r")
    if isinstance(value, bool) or not isinstance(value, int if is_rank else int | float) or not abs(value) < _LARGEST:
        refuse(f"{file} sets {name} to {_shortened(value)}, which is no {'whole ' if is_rank else ''}number", file)
    if (value <= 0) if is_rank else (value == 0):
        refuse(f"{file} sets {name} to {value}, with which the adapter changes nothing", file)


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
