"""Module names -> layer and kind.

A module is one attention or MLP weight matrix of one layer. Names are the Hugging Face ones; the kinds
are the columns of the allocation heatmap, in reading order.
"""

import re
from dataclasses import dataclass

ATTENTION_KINDS = ("q", "k", "v", "qkv", "o")
MLP_KINDS = ("gate", "up", "gate_up", "down")
KINDS = ATTENTION_KINDS + MLP_KINDS

# Last name component before ".weight" -> kind, for the parameter families of transformers.
_KIND_OF_LEAF = {
    "q_proj": "q",
    "k_proj": "k",
    "v_proj": "v",
    "qkv_proj": "qkv",
    "query_key_value": "qkv",
    "attn.c_attn": "qkv",
    "o_proj": "o",
    "attn.c_proj": "o",
    "attn.out_proj": "o",
    "self_attn.out_proj": "o",
    "self_attn.dense": "o",
    "self_attention.dense": "o",
    "attention.dense": "o",
    "gate_proj": "gate",
    "up_proj": "up",
    "gate_up_proj": "gate_up",
    "mlp.c_fc": "up",
    "mlp.fc1": "up",
    "mlp.dense_h_to_4h": "up",
    "down_proj": "down",
    "mlp.c_proj": "down",
    "mlp.fc2": "down",
    "mlp.dense_4h_to_h": "down",
}
_EXPERT = re.compile(r"\.experts\.(\d+)\.")
_SHARED = re.compile(r"\.shared_experts?\.")
_LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)\.(.+)\.weight$")


@dataclass(frozen=True)
class Module:
    """One attention or MLP matrix: its parameter name, layer index from 0, kind and shape (rows, columns)."""

    name: str
    layer: int
    kind: str
    shape: tuple[int, int]

    @property
    def group(self) -> str:
        """'attention' or 'mlp'."""
        return "attention" if self.kind in ATTENTION_KINDS else "mlp"

    @property
    def expert(self) -> int | None:
        """Which of the layer's experts it belongs to, from 0; None for what every token passes through."""
        match = _EXPERT.search(self.name)
        return None if match is None else int(match.group(1))

    @property
    def label(self) -> str:
        """Short name for axes and hovers, different for every module of a model: 'L12 gate', 'L12 e7 gate', 'L12 shared gate'."""
        part = "" if self.expert is None else f"e{self.expert} "
        part = "shared " if _SHARED.search(self.name) else part
        return f"L{self.layer} {part}{self.kind}"


def module_of(name: str, shape: tuple[int, ...]) -> Module | None:
    """The module that a parameter is, or None for anything but a 2-D attention or MLP matrix of a layer."""
    match = _LAYER.search(name)
    if match is None or len(shape) != 2:
        return None
    layer, path = int(match.group(1)), match.group(2)
    for depth in (1, 2):
        kind = _KIND_OF_LEAF.get(".".join(path.split(".")[-depth:]))
        if kind is not None:
            return Module(name=name, layer=layer, kind=kind, shape=(shape[0], shape[1]))
    return None


def depth_third(layer: int, layers: int) -> str:
    """'early', 'middle' or 'late': the third of the network that a layer belongs to."""
    return ("early", "middle", "late")[min(2, layer * 3 // max(layers, 1))]
