"""What each tensor of a LoRA adapter's file is; one of unknown meaning is refused by name."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from peft.utils.constants import EMBEDDING_LAYER_NAMES

from opdboard.domain.errors import ModelProblem
from opdboard_worker.analysis.adapter_settings import AdapterSettings, refuse
from opdboard_worker.models.stored_names import unwrapped

Shape = tuple[int, ...]

_FACTOR = re.compile(r"(?P<path>.+)\.lora_(?P<factor>[AB])(?:\.(?P<adapter>[^.]+))?\.weight")
_OF_EMBEDDING = re.compile(r"(?P<path>.+)\.lora_embedding_(?P<factor>[AB])(?:\.(?P<adapter>[^.]+))?")
_FACTOR_BIAS = re.compile(r"(?P<path>.+)\.lora_B(?:\.(?P<adapter>[^.]+))?\.bias")
_MAGNITUDE = re.compile(r"(?P<path>.+)\.lora_magnitude_vector(?:\.(?P<adapter>[^.]+)\.weight)?")
_TOKENS = re.compile(r".+\.token_adapter\.trainable_tokens_delta(?:\.(?P<adapter>[^.]+))?")
_EMBEDDINGS = (*EMBEDDING_LAYER_NAMES, "wte", "embed_out", "embed_in")


@dataclass(frozen=True)
class LowRank:
    """Stored names of the factors (r, in) and (out, r), and what their product is multiplied by.

    magnitude: with DoRA that of the norms (out,) which the rows of the sum with W_0 are given.
    """

    a: str
    b: str
    scaling: float
    magnitude: str | None


@dataclass
class AdapterTensors:
    """The tensors of a file by what they are, under the names in memory of the weights that they change."""

    low_rank: dict[str, LowRank] = field(default_factory=dict)
    """Layers, embeddings aside, with both factors."""
    whole: dict[str, str] = field(default_factory=dict)
    """Stored names of tensors that take the place of the base's."""
    factor_biases: list[str] = field(default_factory=list)
    """Biases of the base that those of factors go into."""


def sort_tensors(
    shapes: Mapping[str, Shape], settings: AdapterSettings, file: Path, in_memory: Callable[[str], str]
) -> AdapterTensors:
    """ModelProblem names a tensor of unknown meaning or of an impossible shape, or a layer without one of its factors.

    in_memory: a stored weight's name -> its name in the base in memory.
    """
    if not shapes:
        _refuse(f"{file} holds no tensors, so that it says nothing of what was learnt; save the adapter again", file)
    _check_one_adapter(shapes, file)
    found = AdapterTensors()
    pairs: dict[str, dict[str, str]] = {}
    of_embeddings: dict[str, dict[str, str]] = {}
    magnitudes = {match["path"]: name for name in shapes if (match := _MAGNITUDE.fullmatch(name)) is not None}
    for name, shape in shapes.items():
        for pattern, into in ((_FACTOR, pairs), (_OF_EMBEDDING, of_embeddings)):
            match = pattern.fullmatch(name)
            if match is not None:
                _check_matrix(name, shape, file)
                into.setdefault(match["path"], {})[match["factor"]] = name
                break
        else:
            if settings.lora.use_dora and name in magnitudes.values():
                continue
            _sort_other(name, shape, settings, file, found, in_memory)
    if settings.lora.use_dora and magnitudes.keys() != pairs.keys() | of_embeddings.keys():
        odd = min(magnitudes.keys() ^ (pairs.keys() | of_embeddings.keys()))
        _refuse(f"{file} holds factors or a magnitude of {odd}, but not both; save the adapter again", file)
    for path, names in (pairs | of_embeddings).items():
        if names.keys() != {"A", "B"}:
            _refuse(f"{file} has only factor {next(iter(names))} of {path}; save the adapter again", file)
        ranks = shapes[names["A"]][0], shapes[names["B"]][1]
        wanted = settings.rank(_path(path))
        if set(ranks) != {wanted}:
            refuse(
                f"the factors of {path} in {file} have rank {' and '.join(map(str, dict.fromkeys(ranks)))}, but "
                f"{settings.file.name} says {wanted}: they do not belong together",
                file,
            )
    for path, names in pairs.items():
        if not settings.targets(_path(path), _path(in_memory(f"{path}.weight"))):
            refuse(f"{file} holds factors of {path}, which is none of the target_modules of {settings.file.name}", file)
        magnitude = magnitudes[path] if settings.lora.use_dora else None
        if magnitude is not None and shapes[magnitude] != shapes[names["B"]][:1]:
            refuse(f"{magnitude} in {file} has shape {shapes[magnitude]}, which is none of norms of rows", file)
        found.low_rank[in_memory(f"{path}.weight")] = LowRank(
            names["A"], names["B"], settings.scaling(_path(path)), magnitude
        )
    return found


def is_embedding(name: str) -> bool:
    """Whether a weight is a table of tokens or the head over them: no matrix of a layer, and resized with a vocabulary."""
    return name.removesuffix(".weight").rpartition(".")[2] in _EMBEDDINGS


def _path(name: str) -> str:
    """A layer's path in the model, as the patterns of a configuration are matched with."""
    return unwrapped(name).removesuffix(".weight")


def _refuse(reason: str, file: Path) -> NoReturn:
    raise ModelProblem(reason, where=str(file))


def _check_one_adapter(shapes: Mapping[str, Shape], file: Path) -> None:
    """Names as in memory (lora_A.default.weight) tell as much as those that PEFT saves, but for one adapter only."""
    patterns = (_FACTOR, _OF_EMBEDDING, _FACTOR_BIAS, _MAGNITUDE, _TOKENS)
    matches = [match for name in shapes for pattern in patterns if (match := pattern.fullmatch(name)) is not None]
    adapters = list(dict.fromkeys(match["adapter"] for match in matches))
    if len(adapters) > 1:
        named = " and ".join("one without a name" if one is None else f"'{one}'" for one in adapters)
        _refuse(f"{file} holds several adapters, {named}; save each into a folder of its own", file)


def _check_matrix(name: str, shape: Shape, file: Path) -> None:
    if len(shape) != 2 or 0 in shape:
        _refuse(
            f"{name} in {file} has shape {shape}, which is no factor: the weights were not gathered before saving (ZeRO-3 and "
            "FSDP leave empty shards). Save the adapter again with its weights gathered",
            file,
        )


def _sort_other(
    name: str,
    shape: Shape,
    settings: AdapterSettings,
    file: Path,
    found: AdapterTensors,
    in_memory: Callable[[str], str],
) -> None:
    """A tensor that is no factor."""
    if 0 in shape:
        _check_matrix(name, shape, file)
    key = in_memory(name.replace(".base_layer.", "."))
    layer, _, kind = key.rpartition(".")
    bias = _FACTOR_BIAS.fullmatch(name)
    if bias is not None:
        if settings.lora.lora_bias:
            found.factor_biases.append(in_memory(f"{bias['path']}.bias"))
            return
    elif _TOKENS.fullmatch(name):
        if settings.lora.trainable_token_indices is not None:
            return
    elif "lora_" not in name and ".modules_to_save." not in name and ".original_module." not in name:
        kept = settings.keeps_whole(unwrapped(name).rpartition(".")[0]) or settings.keeps_whole(layer)
        if kept or (kind == "bias" and settings.lora.bias != "none") or (kind == "weight" and is_embedding(key)):
            found.whole[key] = name
            return
    refuse(f"{file} holds {name}, which {settings.file.name} does not account for", file)
