"""A parameter's name -> which stack of blocks, which block and what kind of matrix it is, for the families of transformers.

The rules look at the words of the path within a block: where it stands (attention, another token mixer, else the MLP), then
what the last words call it.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

ATTENTION_KINDS = ("q", "q_a", "q_b", "k", "v", "kv", "kv_a", "kv_b", "qkv", "g", "o", "o_a", "o_b")
"""g: what gates attention's output. _a and _b: the two factors of a projection that is low-rank by design (MLA)."""

MIXER_KINDS = ("in", "out")
"""What leads into and out of a state-space layer, a convolution or a linear attention that has no q, k, v of its own."""

MLP_KINDS = ("gate", "up", "gate_up", "down")
KINDS = ATTENTION_KINDS + MIXER_KINDS + MLP_KINDS
"""Of matrices, in reading order."""

_BLOCK = re.compile(
    r"^(?P<stack>.*?)(?:^|\.)(?P<of>layers?|h|blocks?|encoders|attentions|ffns)\.(?P<layer>\d+)\.(?P<path>.+)$"
)
_SAYS_WHAT = {"attentions", "ffns"}
"""Lists of blocks' parts, one list for each."""

_MIXERS = {"mamba", "mixer", "conv", "short_conv", "linear_attn", "temporal_block", "ssm"}
_NO_MATRIX = re.compile(r"norm|router|adapter|(?:^|\.)gate\.|embed|position|relative")

_LEAVES = {
    "q": "q_proj q wq Wq q_lin query query_proj project_q to_q receptance",
    "q_a": "q_a_proj wq_a",
    "q_b": "q_b_proj wq_b q_gate_proj",
    "k": "k_proj k wk Wk k_lin key key_proj project_k to_k",
    "v": "v_proj v wv Wv v_lin value value_proj project_v to_v v_proj_current v_proj_delayed",
    "kv": "kv_proj wkv",
    "kv_a": "kv_a_proj_with_mqa kv_a_proj wkv_a",
    "kv_b": "kv_b_proj wkv_b",
    "qkv": "qkv_proj qkv Wqkv wqkv query_key_value c_attn",
    "g": "gate_proj g_proj g_a_proj g_b_proj output_gate ogate_preact",
    "o": "o_proj out_proj c_proj out_lin dense attention_out Wo wo proj project_out to_out output",
    "o_a": "o_a_proj wo_a",
    "o_b": "o_b_proj wo_b",
}
_MLP_LEAVES = {
    "gate": "gate_proj w1 proj_up_gate w_0 c_fc_0 receptance wi_0",
    "up": "up_proj w3 c_fc c_fc_1 fc1 fc_in dense_h_to_4h lin1 linear1 proj_up w_1 intermediate.dense intermediate key wi wi_1 ffn.0",
    "gate_up": "gate_up_proj Wi input_linear",
    "down": "down_proj w2 c_proj fc2 fc_out dense_4h_to_h lin2 linear2 proj_down w_out output.dense output Wo wo value "
    "output_linear ffn.2",
}
_ATTENTION = {leaf: kind for kind, leaves in _LEAVES.items() for leaf in leaves.split()}
_MLP = {leaf: kind for kind, leaves in _MLP_LEAVES.items() for leaf in leaves.split()}
_MIXER = {"in_proj": "in", "linear_x": "in", "linear_y": "in", "out_proj": "out", "linear_out": "out"}
_ANYWHERE = {"q_proj", "k_proj", "v_proj", "o_proj", "qkv_proj", "query_key_value"}
"""Names of attention's matrices that need no word around them."""


@dataclass(frozen=True)
class Place:
    """Where a parameter of a block stands: the path of the stack of blocks, the block's number, the path within it."""

    stack: str
    layer: int
    path: str


def place_of(name: str) -> Place | None:
    """The place of a parameter; None outside of blocks (embeddings, heads, last norms)."""
    match = _BLOCK.match(name)
    if match is None:
        return None
    path = f"{match['of']}.{match['path']}" if match["of"] in _SAYS_WHAT else match["path"]
    return Place(match["stack"], int(match["layer"]), path)


def kind_of(path: str) -> str | None:
    """The kind of the matrix at a path within a block, '.weight' included; None for anything else."""
    path, dot, leaf = path.rpartition(".")
    if not dot or leaf != "weight" or _NO_MATRIX.search(path):
        return None
    words = path.removesuffix(".linear").split(".")
    last, two = words[-1], ".".join(words[-2:])
    around = words[:-1]
    if _MIXERS.intersection(around):
        kind = "in" if last.startswith("in_proj_") else _MIXER.get(last)
        if kind is not None:
            return kind
    attends = any("attn" in word or "attention" in word or word in ("att", "mlstm_layer") for word in around)
    if attends or last in _ANYWHERE:
        return _ATTENTION.get(last)
    return _MLP.get(two, _MLP.get(last)) or (_ATTENTION.get(last) if _MIXERS.intersection(around) else None)


_AUTHORS_WORDS = ("attn", "attention", "mlp")
"""Substrings by which the authors' published code picks the parameters that move."""


def moved_by_authors_filter(names: Collection[str], with_matrices: Collection[str]) -> list[str]:
    """The parameters that the authors' filter moves, on models of other names too; names of all and of those with matrices.

    Its words fit the names of Qwen, where they pick everything inside a block's attention and MLP, and the norm between.
    Read by what they are for: whatever has one of the words, and whatever lies in the same part of a block as a matrix.
    """

    def part(name: str) -> tuple[str, int, str] | None:
        place = place_of(name)
        return None if place is None else (place.stack, place.layer, place.path.split(".")[0])

    parts = {part(name) for name in with_matrices}
    return [name for name in names if any(word in name for word in _AUTHORS_WORDS) or (part(name) or "") in parts]
