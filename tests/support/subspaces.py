"""How well columns agree, by the plain formulas, of columns of unit length (B, M, k)."""

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, normalize


def affinity(a: Tensor, b: Tensor, k: int) -> Tensor:
    """||U_k(a)^T U_k(b)||_F^2 / k, (B,)."""
    return _inner(a, b, k).square().sum((-2, -1)) / k


def paired_cosine(a: Tensor, b: Tensor, k: int) -> Tensor:
    """(1/k) sum_i |<u_i(a), u_i(b)>|, (B,)."""
    return _inner(a, b, k).diagonal(dim1=-2, dim2=-1).abs().mean(-1)


def cosine(a_BMN: Tensor, b_BMN: Tensor) -> Tensor:
    """cos(vec A, vec B), (B,), float64."""
    return cosine_similarity(a_BMN.flatten(1).double(), b_BMN.flatten(1).double())


def _inner(a: Tensor, b: Tensor, k: int) -> Tensor:
    dtype = torch.promote_types(torch.promote_types(a.dtype, b.dtype), torch.float32)
    a, b = (normalize(one[..., :k].to(dtype), dim=-2) for one in (a, b))
    return a.mT @ b
