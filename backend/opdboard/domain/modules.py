"""Attention and MLP matrices of a model's blocks, each with a label of its own; the kinds are the heatmap's columns."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from opdboard.domain.module_names import ATTENTION_KINDS, KINDS, MIXER_KINDS, kind_of, place_of

__all__ = ["KINDS", "Module", "depth_third", "module_of", "told_apart"]

_EXPERT = re.compile(r"(?<!shared)(?<!shared_)experts\.(\d+)\.")
_SHARED = re.compile(r"(?:^|\.)shared_?(?:experts?|mlp)\.")
_TOWERS = {
    "vision": re.compile(r"vision|visual|image|img|(?:^|[._])vit(?:[._]|$)|(?:^|[._])sam(?:[._]|$)"),
    "audio": re.compile(r"audio|speech|sound"),
    "mtp": re.compile(r"(?:^|[._])mtp|nextn"),
}
_LANGUAGE = re.compile(r"language|text|llm|(?:^|\.)decoder(?:\.|$)")


@dataclass(frozen=True)
class Module:
    """One matrix of a block: its parameter name, layer index from 0, kind and shape (rows, columns)."""

    name: str
    layer: int
    kind: str
    shape: tuple[int, int]
    tower: str = ""
    """Which stack of blocks it belongs to; empty for the language model, or the only one."""
    part: str = ""
    """What tells it from another matrix of its kind in the same block, where there is one."""

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> "Module":
        """What `as_json` gave, or an older version of it."""
        known = {field: entry[field] for field in ("tower", "part") if field in entry}
        return cls(entry["name"], entry["layer"], entry["kind"], (entry["shape"][0], entry["shape"][1]), **known)

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        told = {"tower": self.tower, "part": self.part}
        plain = {"name": self.name, "layer": self.layer, "kind": self.kind, "shape": list(self.shape)}
        return plain | {field: value for field, value in told.items() if value}

    @property
    def group(self) -> str:
        """'attention', 'mixer' (other ways to look at earlier tokens: state space, convolution) or 'mlp'."""
        return "attention" if self.kind in ATTENTION_KINDS else "mixer" if self.kind in MIXER_KINDS else "mlp"

    @property
    def expert(self) -> int | None:
        """Which of the layer's experts it belongs to, from 0; None for what every token passes through."""
        match = _EXPERT.search(self.name)
        return None if match is None else int(match.group(1))

    @property
    def shared(self) -> bool:
        """Whether it is of an expert, or an MLP beside the experts, that every token passes through."""
        return _SHARED.search(self.name) is not None

    @property
    def label(self) -> str:
        """Short name for axes and hovers, different for every module of a model: 'L12 gate', 'L12 e7 gate', 'vision L3 q'."""
        expert = "" if self.expert is None else f"e{self.expert}"
        part = self.part or ("shared" if self.shared else "")
        return " ".join(word for word in (self.tower, f"L{self.layer}", expert, part, self.kind) if word)


def module_of(name: str, shape: tuple[int, ...]) -> Module | None:
    """The module that a parameter is, seen alone (see `told_apart`); None for anything but a matrix of a block."""
    place = place_of(name)
    kind = None if place is None or len(shape) != 2 else kind_of(place.path)
    if place is None or kind is None:
        return None
    return Module(name=name, layer=place.layer, kind=kind, shape=(shape[0], shape[1]))


def told_apart(modules: Sequence[Module]) -> list[Module]:
    """All modules of one model with their towers and parts, so that no two have one label."""
    towers = _towers(modules)
    named = [replace(module, tower=towers[_stack(module)], part="") for module in modules]
    alike: dict[str, list[int]] = defaultdict(list)
    for index, module in enumerate(named):
        alike[module.label].append(index)
    for indices in alike.values():
        for index, part in zip(indices, _parts([named[index].name for index in indices]), strict=True):
            named[index] = replace(named[index], part=part)
    return named


def _stack(module: Module) -> str:
    place = place_of(module.name)
    return "" if place is None else place.stack


def _towers(modules: Iterable[Module]) -> dict[str, str]:
    """Path of each stack of blocks -> what it is called; '' for the language model."""
    sizes: Counter[str] = Counter()
    for module in modules:
        sizes[_stack(module)] += prod(module.shape)
    found = {stack: next((tower for tower, words in _TOWERS.items() if words.search(stack)), "") for stack in sizes}
    others = [stack for stack, tower in found.items() if not tower]
    language = max(sorted(others), key=lambda stack: (bool(_LANGUAGE.search(stack)), sizes[stack]), default=None)
    repeated = Counter(found.values())
    for stack, tower in found.items():
        if stack != language and (not tower or repeated[tower] > 1):
            rest = [word for word in stack.split(".") if word not in (language or "").split(".")]
            found[stack] = "/".join(rest) or stack
    return found


def _parts(names: Sequence[str]) -> list[str]:
    """What tells names apart that have all else in common: the words before the last that not all have, else with the last."""
    if len(names) == 1:
        return [""]
    shared = ["shared" if _SHARED.search(name) else "" for name in names]
    places = [place_of(name) for name in names]
    words = [place.path.removesuffix(".weight").split(".") if place else [] for place in places]
    for end in (-1, None):
        common = set(words[0][:end]).intersection(*(path[:end] for path in words[1:]))
        own = [
            " ".join(word for word in (said, *path[:end]) if word and word not in common)
            for said, path in zip(shared, words, strict=True)
        ]
        if len(set(own)) == len(own):
            return own
    return list(names)


def depth_third(layer: int, layers: int) -> str:
    """'early', 'middle' or 'late': the third of the network that a layer belongs to."""
    return ("early", "middle", "late")[min(2, layer * 3 // max(layers, 1))]
