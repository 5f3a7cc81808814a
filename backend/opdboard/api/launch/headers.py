"""Shapes of parameters from the headers of weight files: safetensors and GGUF. No weight is read, nothing is executed."""

import json
import re
import struct
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from opdboard.domain.errors import ModelProblem
from opdboard.domain.model_shape import ModelShape

_LONGEST_HEADER = 64 * 2**20
_MOST_ITEMS = 10_000_000
_GGUF_LAYER = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_qkv": "self_attn.qkv_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_GGUF_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_GGUF_STRING, _GGUF_ARRAY = 8, 9


def folder_shape(folder: Path) -> ModelShape:
    """The model of a Hugging Face folder; ModelProblem when it has no readable safetensors file."""
    files = sorted(file for file in folder.glob("model*.safetensors") if file.is_file())
    if not files:
        raise ModelProblem(f"{folder} has no model.safetensors", where=str(folder))
    tensors: dict[str, tuple[int, ...]] = {}
    for file in files:
        tensors |= _cached(_safetensors, file)
    return ModelShape(tensors)


def gguf_shape(file: Path) -> ModelShape:
    """The model of a GGUF file; ModelProblem when it is none."""
    return ModelShape(_cached(_gguf, file))


def _cached(read: Callable[[Path], dict[str, tuple[int, ...]]], file: Path) -> dict[str, tuple[int, ...]]:
    """Read again only when the file has changed; every failure as one sentence."""
    try:
        state = file.stat()
        return _read(read, file, state.st_mtime_ns, state.st_size)
    except (OSError, ValueError, KeyError, TypeError, struct.error, AttributeError) as error:
        raise ModelProblem(f"the header of {file} cannot be read: {error}", where=str(file)) from error


@lru_cache(maxsize=64)
def _read(
    read: Callable[[Path], dict[str, tuple[int, ...]]], file: Path, _changed: int, _size: int
) -> dict[str, tuple[int, ...]]:
    return read(file)


def _safetensors(file: Path) -> dict[str, tuple[int, ...]]:
    with file.open("rb") as opened:
        length = _unpack(opened, "Q")
        if length > _LONGEST_HEADER:
            raise ValueError("it is not a safetensors file")
        header: dict[str, Any] = json.loads(opened.read(length))
    return {
        name: tuple(int(size) for size in entry["shape"]) for name, entry in header.items() if name != "__metadata__"
    }


def _gguf(file: Path) -> dict[str, tuple[int, ...]]:
    """Names as in a Hugging Face model; GGUF writes the fastest dimension first."""
    with file.open("rb") as opened:
        if opened.read(4) != b"GGUF":
            raise ValueError("it is not a GGUF file")
        version, tensors, values = _unpack(opened, "I"), _unpack(opened, "Q"), _unpack(opened, "Q")
        if version < 2 or max(tensors, values) > _MOST_ITEMS:
            raise ValueError(f"version {version} of GGUF is not known")
        for _ in range(values):
            _skip_string(opened)
            _skip_value(opened, _unpack(opened, "I"))
        shapes: dict[str, tuple[int, ...]] = {}
        for _ in range(tensors):
            name = opened.read(_unpack(opened, "Q")).decode()
            dimensions = [_unpack(opened, "Q") for _ in range(min(_unpack(opened, "I"), 8))]
            opened.seek(12, 1)  # type and offset
            shapes[_hugging_face_name(name)] = tuple(reversed(dimensions))
    return shapes


def _skip_value(opened: BinaryIO, kind: int) -> None:
    if kind == _GGUF_STRING:
        _skip_string(opened)
    elif kind == _GGUF_ARRAY:
        inner, count = _unpack(opened, "I"), _unpack(opened, "Q")
        if count > _MOST_ITEMS:
            raise ValueError("an array is too long")
        if inner in _GGUF_SCALARS:
            opened.seek(struct.calcsize(f"<{_GGUF_SCALARS[inner]}") * count, 1)
        else:
            for _ in range(count):
                _skip_value(opened, inner)
    else:
        opened.seek(struct.calcsize(f"<{_GGUF_SCALARS[kind]}"), 1)


def _skip_string(opened: BinaryIO) -> None:
    opened.seek(_unpack(opened, "Q"), 1)


def _unpack(opened: BinaryIO, code: str) -> int:
    data = opened.read(struct.calcsize(f"<{code}"))
    return struct.unpack(f"<{code}", data)[0]


def _hugging_face_name(name: str) -> str:
    match = re.fullmatch(r"blk\.(\d+)\.(\w+)\.(weight|bias)", name)
    if match is None or match[2] not in _GGUF_LAYER:
        return name
    return f"model.layers.{match[1]}.{_GGUF_LAYER[match[2]]}.{match[3]}"
