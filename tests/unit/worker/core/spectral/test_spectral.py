"""Singular values and spectral measures against full SVDs and closed forms."""

import math

import pytest
import torch
from support.spectra import normal, power_law, with_spectrum

from opdboard_worker.core.spectral.gram import gram, wide
from opdboard_worker.core.spectral.measures import spectral_measures

MATRICES = {
    "random": lambda: normal(40, 40),
    "low rank": lambda: with_spectrum(torch.tensor([3.0, 2.0, 1.0]), 40, 50),
    "heavy tailed": lambda: with_spectrum(power_law(40, 0.7), 40, 60),
    "wide": lambda: with_spectrum(power_law(10, 0.7), 10, 1500),
    "tall": lambda: with_spectrum(power_law(10, 0.7), 1500, 10),
    "several tiles": lambda: with_spectrum(power_law(250, 0.7), 250, 300),
    "zero": lambda: torch.zeros(12, 20, dtype=torch.float64),
    "tiny entries": lambda: 1e-12 * with_spectrum(power_law(20, 0.7), 20, 30),
    "one column": lambda: torch.ones(5, 1, dtype=torch.float64),
}


@pytest.mark.parametrize("name", MATRICES)
def test_singular_values_are_those_of_a_full_svd(name: str):
    matrix = MATRICES[name]()
    expected = torch.linalg.svdvals(matrix)
    found = gram(wide(matrix[None])).singular_values()
    assert found.shape == (1, min(matrix.shape))
    assert found.dtype == torch.float64
    assert (found[0].diff() <= 0).all()
    assert (found >= 0).all()
    largest = float(expected[0])
    torch.testing.assert_close(found[0], expected, rtol=1e-10, atol=3e-8 * largest + 1e-300)


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
    sigma = power_law(50, 0.7)[None]
    small, large = spectral_measures(1e-9 * sigma), spectral_measures(1e9 * sigma)
    for name in small.keys() - {"spectral_norm"}:
        torch.testing.assert_close(small[name], large[name])
    assert all(value.isnan().all() for value in spectral_measures(torch.full((1, 4), math.nan)).values())


def test_a_given_frobenius_norm_is_used():
    measures = spectral_measures(torch.tensor([[2.0, 1.0]]), frobenius_B=torch.tensor([4.0]))
    assert measures["spectral_frobenius_ratio"].item() == 0.5
    assert measures["stable_rank"].item() == 4.0
