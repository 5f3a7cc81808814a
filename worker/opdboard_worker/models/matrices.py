"""The one map between a model's parameters and the matrices that everything here is about, one per projection.

Used on live models and, by the names that tensors have in memory, on stored ones (`models.stored_names`). Phi-3 keeps q, k, v
in one tensor and gate and up in another, GPT-2 stores matrices the other way round, the experts of a layer are one tensor of
three dimensions: here all come out alike, as (out, in) under the name of a plain projection.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from opdboard.domain.modules import KINDS, Module, module_of, told_apart

_EXPERTS = re.compile(r"(?P<before>.*experts)\.(?P<leaf>gate_up_proj|gate_proj|up_proj|down_proj)(?:\.weight)?$")
_PARALLEL = re.compile(r"(?P<before>.*)\.(?P<leaf>input_linear|output_linear)\.weight$")
_FUSED = re.compile(r"(?P<before>.*\.)(?P<leaf>qkv_proj|c_attn|Wqkv|gate_up_proj|shared_mlp\.input_linear)\.weight$")
_QKV_BY_HEADS = {"codegen", "gpt_bigcode"}
"""Architectures whose fused q, k, v alternate, head by head or part by part: they stay one matrix."""


@dataclass(frozen=True)
class View:
    """A matrix (out, in) within a tensor: a part of it, turned round where it is stored as (in, out)."""

    index: tuple[int | slice, ...] = ()
    transposed: bool = False

    def turned(self, part: Tensor) -> Tensor:
        """The matrix, from the part that `index` names."""
        return part.mT if self.transposed else part

    def of(self, tensor: Tensor) -> Tensor:
        """The matrix, from the whole tensor, sharing its memory."""
        return self.turned(tensor[self.index] if self.index else tensor)

    @property
    def expert(self) -> int | None:
        """Which matrix of a tensor with three dimensions it is, or a part of."""
        return next((place for place in self.index if isinstance(place, int)), None)

    @property
    def rows(self) -> slice:
        """Which outputs of the tensor's matrix are the matrix's own."""
        slices = [place for place in self.index if isinstance(place, slice)]
        return slices[-1] if slices else slice(None)


@dataclass(frozen=True)
class Layout:
    """What decides how an architecture's tensors hold matrices."""

    model_type: str = ""
    heads: int = 0
    kv_heads: int = 0
    head_dim: int = 0
    """Sizes of attention; 0 where they are not told."""
    in_out: frozenset[str] = frozenset()
    """Names of the tensors that are stored as (in, out)."""
    alternating: frozenset[str] = frozenset()
    """Names of those in which the rows of gate and up alternate."""

    @classmethod
    def of_config(cls, config: Mapping[str, Any]) -> "Layout":
        """From config.json alone; of a model of several modalities, its text part."""
        text = config.get("text_config")
        text = text if isinstance(text, Mapping) else config

        def number(*names: str) -> int:
            found = (text.get(name) for name in names)
            return next((value for value in found if isinstance(value, int) and value > 0), 0)

        heads = number("num_attention_heads", "n_head", "n_heads")
        hidden = number("hidden_size", "n_embd", "d_model")
        return cls(
            model_type=str(text.get("model_type", "")),
            heads=heads,
            kv_heads=number("num_key_value_heads", "num_kv_heads") or heads,
            head_dim=number("head_dim") or (hidden // heads if heads else 0),
        )

    @classmethod
    def of(cls, model: Any) -> "Layout":
        """From a model of transformers, with or without weights."""
        sizes = cls.of_config(model.config.to_dict())
        in_out, alternating = set[str](), set[str]()
        for name, module in model.named_modules():
            if isinstance(module, Conv1D):
                in_out.add(f"{name}.weight")
            elif isinstance(getattr(module, "down_proj", None), nn.Parameter):
                own = {f"{name}.{one}" for one, weight in module.named_parameters(recurse=False) if weight.dim() == 3}
                in_out |= own if _experts_in_out(module) else set()
                alternating |= {f"{name}.gate_up_proj"} if not getattr(module, "is_concatenated", True) else set()
        return cls(
            sizes.model_type, sizes.heads, sizes.kv_heads, sizes.head_dim, frozenset(in_out), frozenset(alternating)
        )


def _experts_in_out(experts: Any) -> bool:
    """Told by the module; else by the shapes: what gate and up put out, twice what goes into down."""
    told = getattr(experts, "is_transposed", None)
    both = getattr(experts, "gate_up_proj", None)
    if told is not None or both is None:
        return bool(told)
    down = experts.down_proj
    return (both.shape[-1], both.shape[-2]) == (2 * down.shape[-2], down.shape[-1])


Held = Mapping[str, Sequence[tuple[Module, View]]]
"""Name of a tensor -> the matrices in it."""


def matrices_of(model: Any) -> Held:
    """Name of each parameter that holds matrices -> its matrices; their names and labels differ from all others'."""
    layout = Layout.of(model)
    shapes = ((name, tuple(one.shape)) for name, one in model.named_parameters() if one.is_floating_point())
    return placed(shapes, layout)


def placed(shapes: Iterable[tuple[str, tuple[int, ...]]], layout: Layout) -> Held:
    """`matrices_of`, from the names in memory and the shapes of a model's tensors."""
    found = {name: matrices_in(name, shape, layout) for name, shape in shapes}
    modules = iter(told_apart([module for matrices in found.values() for module, _ in matrices]))
    return {name: [(next(modules), view) for _, view in matrices] for name, matrices in found.items() if matrices}


def matrices_in(name: str, shape: tuple[int, ...], layout: Layout) -> list[tuple[Module, View]]:
    """The matrices of a tensor, each with where it lies; none for anything but matrices of blocks."""
    if len(shape) == 3:
        return _of_experts(name, shape, layout)
    if len(shape) != 2:
        return []
    transposed = name in layout.in_out
    out, inner = shape[::-1] if transposed else shape
    parts = _parts(name, out, layout)
    if parts is None:
        return _module(name, (out, inner), View(transposed=transposed))
    found = []
    for part_name, rows in parts.items():
        view = View((slice(None), rows) if transposed else (rows,), transposed)
        found += _module(part_name, (rows.stop - rows.start, inner), view)
    return found


def _module(name: str, shape: tuple[int, int], view: View) -> list[tuple[Module, View]]:
    module = module_of(name, shape)
    return [] if module is None else [(module, view)]


def _parts(name: str, out: int, layout: Layout) -> dict[str, slice] | None:
    """Rows of each projection in a fused matrix; None for one that is not fused or whose sizes do not add up."""
    match = _FUSED.match(name)
    if match is None:
        return None
    if match["leaf"] in ("gate_up_proj", "shared_mlp.input_linear"):
        before = match["before"] + match["leaf"].removesuffix("gate_up_proj").removesuffix("input_linear")
        return _consecutive(before, {"gate_proj": out // 2, "up_proj": out // 2}, out)
    if layout.model_type in _QKV_BY_HEADS:
        return None
    query, key = layout.heads * layout.head_dim, layout.kv_heads * layout.head_dim
    return _consecutive(match["before"], {"q_proj": query, "k_proj": key, "v_proj": key}, out)


def _consecutive(before: str, rows: Mapping[str, int], out: int) -> dict[str, slice] | None:
    if sum(rows.values()) != out or 0 in rows.values():
        return None
    parts, start = {}, 0
    for leaf, count in rows.items():
        parts[f"{before}{leaf}.weight"] = slice(start, start + count)
        start += count
    return parts


def _of_experts(name: str, shape: tuple[int, ...], layout: Layout) -> list[tuple[Module, View]]:
    """All experts of a layer in one tensor of three dimensions, the experts first."""
    before, leaves = _leaves_of_experts(name)
    if not leaves:
        return []
    transposed = name in layout.in_out
    experts, *matrix = shape
    out, inner = matrix[::-1] if transposed else matrix
    found = []
    for expert in range(experts):
        for place, leaf in enumerate(leaves):
            each = out // len(leaves)
            rows = slice(place * each, (place + 1) * each)
            if name in layout.alternating:
                rows = slice(place, out, len(leaves))
            if len(leaves) == 1:
                index: tuple[int | slice, ...] = (expert,)
            else:
                index = (expert, slice(None), rows) if transposed else (expert, rows)
            found += _module(f"{before}.{expert}.{leaf}.weight", (each, inner), View(index, transposed))
    return found


def _leaves_of_experts(name: str) -> tuple[str, tuple[str, ...]]:
    """What comes before the experts' numbers, and the projections that each of them has in the tensor."""
    match = _EXPERTS.match(name)
    if match is not None:
        leaf = match["leaf"]
        return match["before"], ("gate_proj", "up_proj") if leaf == "gate_up_proj" else (leaf,)
    match = _PARALLEL.match(name)
    if match is None:
        return "", ()
    before, attends = match["before"].removesuffix(".experts"), "attention" in match["before"]
    into, out = (("q_proj",), ("o_proj",)) if attends else (("gate_proj", "up_proj"), ("down_proj",))
    return f"{before}.experts", into if match["leaf"] == "input_linear" else out


def taken_apart(tensors: Mapping[str, Tensor], held: Held) -> dict[str, Tensor]:
    """Matrices by the names of their modules in place of the tensors that hold them, sharing their memory; all else as it is."""
    parts = {name: tensor for name, tensor in tensors.items() if name not in held}
    for name, matrices in held.items():
        if name in tensors:
            parts |= {module.name: view.of(tensors[name]) for module, view in matrices}
    return parts


def put_together(parts: Mapping[str, Tensor], held: Held, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors, from what `taken_apart` made of them; zero where a matrix is missing. like: tensors of their shapes."""
    modules = {module.name for matrices in held.values() for module, _ in matrices}
    whole = {name: part for name, part in parts.items() if name not in modules}
    for name, matrices in held.items():
        found = [(view, parts[module.name]) for module, view in matrices if module.name in parts]
        if not found:
            continue
        if [view for view, _ in found] == [View()]:
            whole[name] = found[0][1]
            continue
        whole[name] = torch.zeros_like(like[name], dtype=found[0][1].dtype)
        for view, part in found:
            view.of(whole[name]).copy_(part)
    return whole


def in_reading_order(modules: Mapping[str, Module]) -> dict[str, Module]:
    """The language model first, then layer by layer, attention before MLP, as columns are read; experts by number."""

    def place(module: Module) -> tuple[str, int, int, int, str]:
        expert = -1 if module.expert is None else module.expert
        return module.tower, module.layer, expert, KINDS.index(module.kind), module.name

    return {module.name: module for module in sorted(modules.values(), key=place)}
