"""Gram matrices in two precisions, and how far rounding moves what is read off them."""

import math

import pytest
import torch
from torch import Tensor

from opdboard_worker.core.spectral.entropy import Perturbation, entropy_bound, weighted_entropy
from opdboard_worker.core.spectral.gram import SOLVER, deflated, gram, wide


def normal(*size: int, seed: int = 0) -> Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


MATRICES = {
    "random": lambda: normal(300, 900),
    "tall": lambda: normal(900, 300),
    "positive": lambda: normal(300, 900).abs(),
    "constant": lambda: torch.full((300, 900), 0.1),
    "constant and long": lambda: torch.full((300, 4000), 1e-4),
    "rows of two sizes": lambda: torch.full((300, 4000), 0.012345) * (1 + torch.arange(300)[:, None] % 2),
    "signs": lambda: 1e-6 * normal(300, 900).sign(),
    "rows of unequal size": lambda: normal(300, 900) * (2.0 * normal(300, 1, seed=1)).exp(),
    "rank 8": lambda: normal(300, 8) @ normal(8, 900, seed=1),
    "beyond float32's squares": lambda: 1e-25 * normal(300, 400),
}


@pytest.mark.parametrize("name", MATRICES)
def test_float32_is_off_by_no_more_than_stated(name: str):
    matrix = MATRICES[name]()[None]
    exact, coarse = gram(wide(matrix)), gram(wide(matrix), torch.float32)
    assert torch.equal(exact.unit_B, coarse.unit_B) and coarse.matrix_Brr.dtype == torch.float32
    off = torch.linalg.vector_norm(coarse.matrix_Brr.double() - exact.matrix_Brr)
    eps = torch.finfo(torch.float32).eps
    assert 0 < off <= coarse.rounded_B <= 128 * eps * exact.norm_B
    values, coarse_values = (torch.linalg.eigvalsh(one.matrix_Brr).double() for one in (exact, coarse))
    moved = torch.linalg.vector_norm(coarse_values - values)
    assert moved <= coarse.rounded_B + SOLVER * eps * exact.norm_B
    assert coarse.frobenius_B.item() == pytest.approx(float(torch.linalg.vector_norm(matrix.double())), rel=2e-6)


def test_a_gram_matrix_is_whole_and_in_units():
    matrix = normal(2, 250, 300)
    whole = gram(matrix)
    expected = matrix.double() @ matrix.double().mT / whole.unit_B.square()[:, None, None]
    torch.testing.assert_close(whole.matrix_Brr, expected, rtol=1e-12, atol=1e-12)
    assert torch.equal(whole.unit_B.log2().round(), whole.unit_B.log2())


def test_the_parts_of_a_deflated_matrix_have_its_eigenvalues():
    whole = gram(wide(normal(1, 60, 90)))
    vectors = torch.linalg.eigh(whole.matrix_Brr).eigenvectors[..., -7:]
    split = deflated(whole, vectors)
    assert float(split.coupling_Bk.max()) < 1e-10 * float(whole.norm_B)
    rest = torch.linalg.eigvalsh(split.rest.matrix_Brr)[:, 7:]
    together = torch.cat([rest, split.known_Bk.flip(-1)], dim=-1)
    torch.testing.assert_close(together, torch.linalg.eigvalsh(whole.matrix_Brr))


def test_entropy_of_equal_values_and_of_values_that_stand_for_several():
    sigma = torch.tensor([[3.0, 1.0]], dtype=torch.float64)
    entropy, total = weighted_entropy(sigma, torch.tensor([[1.0, 5.0]], dtype=torch.float64))
    listed, _ = weighted_entropy(torch.tensor([[3.0, 1.0, 1.0, 1.0, 1.0, 1.0]]).double(), torch.ones(1, 6).double())
    assert total.item() == 8.0 and entropy.item() == pytest.approx(listed.item())
    flat, _ = weighted_entropy(torch.ones(1, 9), torch.ones(1, 9))
    assert flat.item() == pytest.approx(math.log(9))


@pytest.mark.parametrize("off_by", [1e-5, 1e-3, 3e-2])
def test_parts_that_are_coupled_drift_no_further_apart_than_stated(off_by: float):
    """Columns that are off the eigenvectors: what the parts' eigenvalues are off by, in sum."""
    whole = gram(wide(normal(1, 60, 90)))
    vectors = torch.linalg.eigh(whole.matrix_Brr).eigenvectors[..., -7:]
    split = deflated(whole, vectors + off_by * normal(1, 60, 7, seed=3).double())
    rest = torch.linalg.eigvalsh(split.rest.matrix_Brr)[:, 7:]
    together = torch.cat([rest, split.known_Bk.flip(-1)], dim=-1).sort(dim=-1).values
    off = (together - torch.linalg.eigvalsh(whole.matrix_Brr)).abs()
    stated = split.perturbation(torch.float64, rest[:, -1])
    assert off.sum() <= stated.shifted_B + math.sqrt(60) * stated.rounded_B
    assert torch.linalg.vector_norm(off) <= stated.shifted_B + stated.rounded_B


@pytest.mark.parametrize("kind", ["rounded", "shifted"])
@pytest.mark.parametrize("exponent", [0.2, 0.5, 2.0, 6.0])
@pytest.mark.parametrize("seed", range(5))
def test_no_perturbation_moves_the_entropy_beyond_the_bound(kind: str, exponent: float, seed: int):
    """Squares moved at random, by no more than the root of the sum of squares, or the sum, that was stated."""
    r, off = 50, 1e-7
    squares = torch.arange(1, r + 1, dtype=torch.float64) ** (-2.0 * exponent)
    change = normal(r, seed=seed).double()
    change = off * change / torch.linalg.vector_norm(change, ord=2 if kind == "rounded" else 1)
    moved = (squares + change).clamp(min=0.0)
    none, number = torch.zeros(1, dtype=torch.float64), torch.ones(1, r, dtype=torch.float64)
    stated = Perturbation(none + off, none) if kind == "rounded" else Perturbation(none, none + off)
    before, _ = weighted_entropy(squares.sqrt()[None], number)
    after, _ = weighted_entropy(moved.sqrt()[None], number)
    bound = entropy_bound(moved.sqrt()[None], number, stated)
    assert abs(float(after - before)) <= float(bound)
    assert float(bound) < 0.2
