"""Cheap, exact statistics of weights and responses: norms, visible sparsity, repetition, means by position.

Norms are accumulated in float64. In float32 the norm of a 30M-entry tensor is off by 2e-3 on CPU, more than the
differences between modules that the dashboard is to show; in float64, piece by piece, it costs twice a float32 pass.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

_CPU_PIECE, _DEVICE_PIECE = 1 << 20, 1 << 26
"""Entries handled at a time: no temporary of a module's size, and on CPU none that leaves the cache's reach."""

REPETITION_COMPRESSION = 10.0
"""A response that zlib shrinks by more than this factor repeats itself."""

_SHORTEST_COMPRESSED = 8
"""Bytes that zlib makes of an empty text: its header, its checksum and an empty block."""


def frobenius_norms(tensors: Sequence[Tensor]) -> Tensor:
    """||X||_F of each tensor, (n,), float64, on the first tensor's device; a NaN stays in its own entry."""
    return _in_runs_of_small(tensors, tensors, lambda x, _: _float64_norms(x), lambda x, _: _norm(pieces(x)))


def difference_norms(a: Iterable[Tensor], b: Iterable[Tensor]) -> Tensor:
    """||A - B||_F of each pair, (n,), float64: update_norm, step_norm. ValueError if shapes differ.

    Half-precision entries are subtracted in float32. No difference is ever held whole.
    """
    return _in_runs_of_small(a, b, _small_difference_norms, _difference_norm)


def norm_share(norms: Tensor) -> Tensor:
    """||dW_m||_F^2 / sum over modules, (n,), float64: the module allocation. All NaN where nothing has moved."""
    squares = norms.double().square()
    return squares / squares.sum()


def visible_sparsity(weight: Tensor, base: Tensor) -> float:
    """Share of entries whose bfloat16 value is that of the base weights (arXiv:2606.07082); NaN for an empty tensor."""
    if weight.shape != base.shape:
        raise ValueError(f"shapes differ: {tuple(weight.shape)} and {tuple(base.shape)}")
    same = sum(int((x.bfloat16() == y.bfloat16()).sum()) for x, y in zip(pieces(weight), pieces(base), strict=True))
    return same / weight.numel() if weight.numel() else math.nan


def repeats_itself(text: str) -> bool:
    """Whether zlib compresses its UTF-8 bytes by more than 10."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= REPETITION_COMPRESSION * _SHORTEST_COMPRESSED:
        return False
    return len(raw) / len(zlib.compress(raw)) > REPETITION_COMPRESSION


def mean_by_position(values_N: Tensor, bin_N: Tensor, bins: int) -> Tensor:
    """Mean of values_N by the bin of its position in the response, (bins,), float64; NaN where no position falls.

    Comparable between steps whatever the longest response: bins beyond the given number are left out.
    """
    if values_N.shape != bin_N.shape:
        raise ValueError(f"one bin per value is needed: {tuple(values_N.shape)} and {tuple(bin_N.shape)}")
    inside_N = bin_N < bins
    values_N, bin_N = values_N[inside_N].double(), bin_N[inside_N]
    return values_N.new_zeros(bins).index_add_(0, bin_N, values_N) / torch.bincount(bin_N, minlength=bins)


def pieces(tensor: Tensor) -> tuple[Tensor, ...]:
    """The entries in consecutive flat views: a tensor seen this way needs no temporary of its own size."""
    return tensor.detach().reshape(-1).split(_CPU_PIECE if tensor.device.type == "cpu" else _DEVICE_PIECE)


def _norm(parts: Iterable[Tensor]) -> Tensor:
    return torch.linalg.vector_norm(
        torch.stack([torch.linalg.vector_norm(part, dtype=torch.float64) for part in parts])
    )


def _difference_norm(a: Tensor, b: Tensor) -> Tensor:
    if a.shape != b.shape:
        raise ValueError(f"shapes differ: {tuple(a.shape)} and {tuple(b.shape)}")
    dtype = torch.promote_types(torch.promote_types(a.dtype, b.dtype), torch.float32)
    return _norm(x.to(dtype) - y.to(dtype) for x, y in zip(pieces(a), pieces(b), strict=True))


def _small_difference_norms(a: list[Tensor], b: list[Tensor]) -> list[Tensor]:
    return _float64_norms(list(torch._foreach_sub(a, b)))  # pyright: ignore[reportPrivateImportUsage]


def _float64_norms(tensors: list[Tensor]) -> list[Tensor]:
    return list(torch._foreach_norm(tensors, 2, dtype=torch.float64))  # pyright: ignore[reportPrivateImportUsage]


def _in_runs_of_small(
    a: Iterable[Tensor],
    b: Iterable[Tensor],
    of_small: Callable[[list[Tensor], list[Tensor]], list[Tensor]],
    of_one: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """A norm per pair. Float32 tensors that together make up one piece are handled by one call each for all of them:
    in models of many small matrices the calls themselves are what costs. Their norms are the same bit for bit."""
    norms: list[Tensor] = []
    run: list[tuple[Tensor, Tensor]] = []

    def finish_run() -> None:
        if run:
            norms.extend(of_small([x for x, _ in run], [y for _, y in run]))
            run.clear()

    elements = 0
    for x, y in zip(a, b, strict=True):
        size = x.numel()
        small = size <= _CPU_PIECE and x.dtype == y.dtype == torch.float32 and x.shape == y.shape
        if not small or elements + size > _CPU_PIECE or (run and run[-1][0].device != x.device):
            finish_run()
            elements = 0
        if small:
            run.append((x.detach(), y.detach()))
            elements += size
        else:
            norms.append(of_one(x, y))
    finish_run()
    return torch.stack([norm.to(norms[0].device) for norm in norms]) if norms else torch.empty(0, dtype=torch.float64)
