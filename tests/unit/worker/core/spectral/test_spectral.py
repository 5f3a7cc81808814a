"""Singular values and spectral measures against full SVDs and closed forms."""

import math

import pytest
import torch
from support.threads import torch_threads
from torch import Tensor

from opdboard_worker.core.spectral.gram import gram, wide
from opdboard_worker.core.spectral.measures import spectral_measures


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with torch_threads(1):
        yield


def singular_values(matrix_BMN: Tensor) -> Tensor:
    return gram(wide(matrix_BMN)).singular_values()


def with_spectrum(sigma: Tensor, rows: int, columns: int) -> Tensor:
    """A matrix with these singular values and random singular vectors, float64."""
    generator = torch.Generator().manual_seed(rows + columns)
    left, right = (torch.randn(side, len(sigma), generator=generator, dtype=torch.float64) for side in (rows, columns))
    return (torch.linalg.qr(left).Q * sigma.double()) @ torch.linalg.qr(right).Q.T


def heavy_tail(r: int) -> Tensor:
    return torch.arange(1, r + 1, dtype=torch.float64) ** -0.7


MATRICES = {
    "random": lambda: torch.randn(40, 40, generator=torch.Generator().manual_seed(0), dtype=torch.float64),
    "low rank": lambda: with_spectrum(torch.tensor([3.0, 2.0, 1.0]), 40, 50),
    "heavy tailed": lambda: with_spectrum(heavy_tail(40), 40, 60),
    "wide": lambda: with_spectrum(heavy_tail(10), 10, 1500),
    "tall": lambda: with_spectrum(heavy_tail(10), 1500, 10),
    "several tiles": lambda: with_spectrum(heavy_tail(250), 250, 300),
    "zero": lambda: torch.zeros(12, 20, dtype=torch.float64),
    "tiny entries": lambda: 1e-12 * with_spectrum(heavy_tail(20), 20, 30),
    "one column": lambda: torch.ones(5, 1, dtype=torch.float64),
}


@pytest.mark.parametrize("name", MATRICES)
def test_singular_values_are_those_of_a_full_svd(name: str):
    matrix = MATRICES[name]()
    expected = torch.linalg.svdvals(matrix)
    found = singular_values(matrix[None])
    assert found.shape == (1, min(matrix.shape))
    assert found.dtype == torch.float64
    assert (found[0].diff() <= 0).all()
    assert (found >= 0).all()
    largest = float(expected[0])
    torch.testing.assert_close(found[0], expected, rtol=1e-10, atol=3e-8 * largest + 1e-300)


def test_batches_and_half_precision_input():
    batch = torch.randn(3, 20, 30, generator=torch.Generator().manual_seed(1))
    one_by_one = torch.cat([singular_values(matrix[None]) for matrix in batch])
    torch.testing.assert_close(singular_values(batch), one_by_one)
    half = batch.bfloat16()
    torch.testing.assert_close(singular_values(half), torch.linalg.svdvals(half.double()), rtol=1e-9, atol=1e-7)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_matrix_that_is_not_finite_gives_nan_and_spares_the_others(value: float):
    batch = torch.randn(3, 6, 9)
    batch[1, 2, 3] = value
    found = singular_values(batch)
    assert found[1].isnan().all()
    torch.testing.assert_close(found[[0, 2]], torch.linalg.svdvals(batch[[0, 2]].double()))


def test_a_single_matrix_needs_its_batch_dimension():
    with pytest.raises(ValueError, match=r"\(B, M, N\)"):
        singular_values(torch.ones(3, 4))


def test_measures_of_a_worked_spectrum():
    """sigma = (2, 1, 1): Frobenius norm sqrt 6, shares 1/2, 1/4, 1/4 with entropy 1.5 log 2."""
    measures = spectral_measures(torch.tensor([[2.0, 1.0, 1.0]]))
    expected = {
        "spectral_norm": 2.0,
        "spectral_frobenius_ratio": 2.0 / math.sqrt(6.0),
        "stable_rank": 1.5,
        "effective_rank": 2.0**1.5,
        "top1pct_norm_ratio": 2.0 / math.sqrt(6.0),
    }
    assert measures.keys() == expected.keys()
    for name, value in expected.items():
        assert measures[name].item() == pytest.approx(value), name


@pytest.mark.parametrize(("rank", "leading"), [(1, 1), (100, 1), (101, 2), (250, 3), (1536, 16)])
def test_top_percent_rounds_up(rank: int, leading: int):
    measures = spectral_measures(torch.ones(1, rank))
    assert measures["top1pct_norm_ratio"].item() == pytest.approx(math.sqrt(leading / rank))


def test_extremes_of_the_ranks():
    flat, rank_one = spectral_measures(torch.ones(1, 64)), spectral_measures(torch.tensor([[5.0] + [0.0] * 63]))
    assert flat["effective_rank"].item() == pytest.approx(64.0)
    assert flat["stable_rank"].item() == pytest.approx(64.0)
    assert rank_one["effective_rank"].item() == pytest.approx(1.0)
    assert rank_one["spectral_frobenius_ratio"].item() == 1.0
    assert rank_one["top1pct_norm_ratio"].item() == 1.0


def test_zero_update_has_a_norm_but_no_shape():
    measures = spectral_measures(torch.zeros(1, 8))
    assert measures["spectral_norm"].item() == 0.0
    assert all(value.isnan().all() for name, value in measures.items() if name != "spectral_norm")


def test_measures_do_not_depend_on_scale_and_pass_nan_through():
    sigma = heavy_tail(50)[None]
    small, large = spectral_measures(1e-9 * sigma), spectral_measures(1e9 * sigma)
    for name in small.keys() - {"spectral_norm"}:
        torch.testing.assert_close(small[name], large[name])
    assert all(value.isnan().all() for value in spectral_measures(torch.full((1, 4), math.nan)).values())


def test_a_given_frobenius_norm_is_used():
    measures = spectral_measures(torch.tensor([[2.0, 1.0]]), frobenius_B=torch.tensor([4.0]))
    assert measures["spectral_frobenius_ratio"].item() == 0.5
    assert measures["stable_rank"].item() == 4.0


def test_effective_rank_of_a_matrix_within_a_thousandth():
    """Of a low-rank update in float32, the case in which a float32 Gram matrix goes wrong."""
    sigma = torch.cat([heavy_tail(20), torch.zeros(180)])
    matrix = with_spectrum(sigma, 200, 300).float()
    found = spectral_measures(singular_values(matrix[None]))["effective_rank"].item()
    expected = spectral_measures(sigma[None])["effective_rank"].item()
    assert found == pytest.approx(expected, rel=1e-3)
