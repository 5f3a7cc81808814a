"""Shapes of parameters from the headers of weight files: safetensors and GGUF. No weight is read, nothing is executed.

GGUF's own reader (the package gguf, which the worker loads with) is not for files that anybody may name: it makes arrays of
every entry of the vocabulary (150,000 tokens: 6 s and 0.5 GB; here 0.1 s) and counts on beyond the end of the file.
"""

import json
import os
import re
import struct
from collections.abc import Callable
from fnmatch import fnmatch
from functools import lru_cache
from itertools import islice
from math import prod
from pathlib import Path
from typing import BinaryIO

from opdboard.domain.errors import ModelProblem
from opdboard.domain.model_shape import ModelShape
from opdboard.regular_files import open_regular

_LONGEST_HEADER = 16 * 2**20
"""Bytes of JSON in front of one file's tensors: some 100,000 of them."""

_MOST_FILES = 1000
_MOST_ENTRIES = 100_000
_MOST_ITEMS = 4_000_000
"""Values and array entries of a GGUF header; large vocabularies have a million of them."""

_MOST_NUMBERS = 2**50
"""In one tensor."""

_MOST_DIMENSIONS = 8
_LONGEST_NAME = 1024
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
_Shapes = dict[str, tuple[int, ...]]


def folder_shape(folder: Path) -> ModelShape:
    """The model of a Hugging Face folder; ModelProblem when it has no readable safetensors file."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, _MOST_ENTRIES)]
    except OSError as error:
        raise ModelProblem(f"{folder} cannot be looked into: {error.strerror}", where=str(folder)) from error
    files = sorted(folder / name for name in names if fnmatch(name, "model*.safetensors"))
    if not files or len(files) > _MOST_FILES:
        raise ModelProblem(
            f"{folder} has {'too many' if files else 'no'} files model*.safetensors to look at", where=str(folder)
        )
    tensors: dict[str, tuple[int, ...]] = {}
    for file in files:
        tensors |= _cached(_safetensors, file)
    return ModelShape(tensors)


def gguf_shape(file: Path) -> ModelShape:
    """The model of a GGUF file; ModelProblem when it is none."""
    return ModelShape(_cached(_gguf, file))


def _cached(read: Callable[["_Header"], _Shapes], file: Path) -> _Shapes:
    """Read again only when the file has changed; every failure as one sentence."""
    try:
        state = file.stat()
        return _read(read, file, state.st_mtime_ns, state.st_size)
    except OSError as error:
        raise ModelProblem(f"{file} cannot be read: {error.strerror}", where=str(file)) from error
    except (ValueError, KeyError, RecursionError, MemoryError, struct.error) as error:
        reason = "it is nested too deeply or too large" if isinstance(error, RecursionError | MemoryError) else error
        raise ModelProblem(f"the header of {file} cannot be read: {reason}", where=str(file)) from error


@lru_cache(maxsize=64)
def _read(read: Callable[["_Header"], _Shapes], file: Path, _changed: int, _size: int) -> _Shapes:
    with open_regular(file) as opened:
        return read(_Header(opened, os.fstat(opened.fileno()).st_size))


class _Header:
    """The beginning of a file, read front to back; ValueError where it would lead beyond the file's end."""

    def __init__(self, opened: BinaryIO, size: int) -> None:
        self._opened = opened
        self._left = size
        self._items = 0

    def begins_with(self, mark: bytes) -> bool:
        return self._left >= len(mark) and self.take(len(mark)) == mark

    def take(self, length: int, largest: int = _LONGEST_HEADER) -> bytes:
        self._pass(length)
        if length > largest:
            raise ValueError(f"{length} bytes are too long for one entry")
        return self._opened.read(length)

    def skip(self, length: int) -> None:
        self._pass(length)
        self._opened.seek(length, os.SEEK_CUR)

    def number(self, code: str) -> int:
        return struct.unpack(f"<{code}", self.take(struct.calcsize(f"<{code}")))[0]

    def count(self, items: int) -> int:
        """A number of entries to come, of which a header has only so many."""
        self._items += items
        if self._items > _MOST_ITEMS:
            raise ValueError(f"{self._items} entries are too many")
        return items

    def _pass(self, length: int) -> None:
        self._left -= length
        if self._left < 0:
            raise ValueError("the file ends within it")


def _shape_of(sizes: object) -> tuple[int, ...]:
    if not isinstance(sizes, list) or len(sizes) > _MOST_DIMENSIONS:
        raise ValueError("a shape is no list of a few sizes")
    if any(type(size) is not int or size < 0 for size in sizes) or prod(sizes) > _MOST_NUMBERS:
        raise ValueError(f"{str(sizes)[:60]} is no shape of a tensor")
    return tuple(sizes)


def _safetensors(header: _Header) -> _Shapes:
    length = header.number("Q")
    if length > _LONGEST_HEADER:
        raise ValueError("it is not a safetensors file, or has too many tensors")
    described = json.loads(header.take(length))
    if not isinstance(described, dict):
        raise ValueError("it is no JSON object")
    shapes = {}
    for name, entry in described.items():
        if name == "__metadata__":
            continue
        if not isinstance(entry, dict):
            raise ValueError(f"the entry of {name[:60]!r} is no JSON object")
        shapes[name] = _shape_of(entry.get("shape"))
    return shapes


def _gguf(header: _Header) -> _Shapes:
    """Names as in a Hugging Face model; GGUF writes the fastest dimension first."""
    if not header.begins_with(b"GGUF"):
        raise ValueError("it is not a GGUF file")
    version, tensors, values = header.number("I"), header.number("Q"), header.number("Q")
    if version < 2:
        raise ValueError(f"version {version} of GGUF is not known")
    for _ in range(header.count(values)):
        header.skip(header.number("Q"))
        _skip_value(header, header.number("I"))
    shapes: dict[str, tuple[int, ...]] = {}
    for _ in range(header.count(tensors)):
        name = header.take(header.number("Q"), _LONGEST_NAME).decode()
        dimensions = [header.number("Q") for _ in range(min(header.number("I"), _MOST_DIMENSIONS + 1))]
        header.skip(12)  # type and offset
        shapes[_hugging_face_name(name)] = tuple(reversed(_shape_of(dimensions)))
    return shapes


def _skip_value(header: _Header, kind: int) -> None:
    if kind == _GGUF_STRING:
        header.skip(header.number("Q"))
    elif kind == _GGUF_ARRAY:
        _skip_array(header)
    else:
        header.skip(_scalar_bytes(kind))


def _skip_array(header: _Header) -> None:
    inner, count = header.number("I"), header.number("Q")
    if inner == _GGUF_STRING:
        for _ in range(header.count(count)):
            header.skip(header.number("Q"))
    else:
        header.skip(_scalar_bytes(inner) * count)


def _scalar_bytes(kind: int) -> int:
    if kind not in _GGUF_SCALARS:
        raise ValueError(f"a value of kind {kind} is not known")
    return struct.calcsize(f"<{_GGUF_SCALARS[kind]}")


def _hugging_face_name(name: str) -> str:
    match = re.fullmatch(r"blk\.(\d+)\.(\w+)\.(weight|bias)", name)
    if match is None or match[2] not in _GGUF_LAYER:
        return name
    return f"model.layers.{match[1]}.{_GGUF_LAYER[match[2]]}.{match[3]}"
