"""Matrices whose singular values are known, float64."""

import torch
from torch import Tensor


def normal(*size: int, seed: int = 0) -> Tensor:
    """Entries drawn from the seed alone."""
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def with_spectrum(sigma: Tensor, rows: int, columns: int, seed: int = 0) -> Tensor:
    """These singular values between random singular vectors."""
    left, right = (torch.linalg.qr(normal(side, len(sigma), seed=side + seed)).Q for side in (rows, columns))
    return (left * sigma.double()) @ right.T


def power_law(r: int, exponent: float) -> Tensor:
    """1, 2^-exponent, ..., r^-exponent."""
    return torch.arange(1, r + 1, dtype=torch.float64) ** -exponent
