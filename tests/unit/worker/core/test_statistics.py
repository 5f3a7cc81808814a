"""Norms, shares and rates against closed forms and the obvious formula."""

import math
import zlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from opdboard_worker.core.statistics import (
    difference_norms,
    frobenius_norms,
    mean_by_position,
    norm_share,
    repeats_itself,
    visible_sparsity,
)


def test_frobenius_norms_of_any_shape_and_precision():
    tensors = [
        torch.ones(3, 4),
        torch.tensor([3.0, -4.0]),
        torch.tensor(2.0),
        torch.empty(0, 5),
        torch.ones(9).bfloat16(),
    ]
    norms = frobenius_norms(tensors)
    assert norms.dtype == torch.float64
    torch.testing.assert_close(norms, torch.tensor([math.sqrt(12), 5.0, 2.0, 0.0, 3.0], dtype=torch.float64))
    assert frobenius_norms([]).shape == (0,)


def test_norm_of_a_large_tensor_keeps_its_digits():
    """Several pieces, and more entries than a float32 sum over them can count exactly."""
    tensor = torch.full((5_000_000,), 0.1)
    expected = math.sqrt(5_000_000) * float(tensor[0].double())
    assert float(frobenius_norms([tensor])[0]) == pytest.approx(expected, rel=1e-10)


def test_norms_neither_overflow_nor_vanish():
    norms = frobenius_norms([torch.full((4,), 1e30), torch.full((4,), 1e-30)])
    torch.testing.assert_close(norms, torch.tensor([2e30, 2e-30], dtype=torch.float64))


def test_a_broken_tensor_does_not_spoil_the_others():
    norms = frobenius_norms([torch.tensor([1.0, math.nan]), torch.tensor([math.inf]), torch.tensor([2.0])])
    assert norms[0].isnan()
    assert norms[1].isinf()
    assert norms[2] == 2.0


def test_difference_norms_equal_norms_of_differences():
    generator = torch.Generator().manual_seed(0)
    a = [torch.randn(n, 7, generator=generator) for n in (1, 5, 200_000)]
    b = [x + 1e-3 * torch.randn(x.shape, generator=generator) for x in a]
    torch.testing.assert_close(difference_norms(a, b), frobenius_norms([x - y for x, y in zip(a, b, strict=True)]))
    assert difference_norms(a, a).tolist() == [0.0, 0.0, 0.0]


def test_half_precision_differences_are_taken_in_float32():
    """In bfloat16 256 + 1 is 256: the difference of 1 and -256 would be off by that one."""
    norm = difference_norms([torch.tensor([1.0]).bfloat16()], [torch.tensor([-256.0]).bfloat16()])
    assert norm.item() == 257.0


def test_difference_norms_of_transposed_memory():
    x = torch.randn(30, 20)
    assert difference_norms([x.T], [x.T.contiguous()]).item() == 0.0


def test_difference_norms_refuse_what_does_not_match():
    with pytest.raises(ValueError, match="shapes differ"):
        difference_norms([torch.ones(2, 3)], [torch.ones(3, 2)])
    with pytest.raises(ValueError):
        difference_norms([torch.ones(2)], [])


def test_norm_share_is_of_squares():
    torch.testing.assert_close(norm_share(torch.tensor([3.0, 4.0])), torch.tensor([0.36, 0.64], dtype=torch.float64))
    assert norm_share(torch.zeros(3)).isnan().all()


@settings(max_examples=30)
@given(norms=st.lists(st.floats(1e-30, 1e30), min_size=1, max_size=8), scale=st.floats(1e-3, 1e3))
def test_norm_shares_sum_to_one_at_any_scale(norms: list[float], scale: float):
    values = torch.tensor(norms, dtype=torch.float64)
    shares = norm_share(values)
    assert float(shares.sum()) == pytest.approx(1.0)
    torch.testing.assert_close(norm_share(values * scale), shares)


def test_visible_sparsity_sees_what_bfloat16_sees():
    base = torch.tensor([1.0, 1.0, 1.0, 0.0])
    weight = torch.tensor([1.0 + 1e-4, 1.01, 1.0, -0.0])  # below half a unit in the last place; above; unchanged; zero
    assert visible_sparsity(weight, base) == 0.75
    assert visible_sparsity(base, base) == 1.0
    assert math.isnan(visible_sparsity(torch.empty(0), torch.empty(0)))
    with pytest.raises(ValueError):
        visible_sparsity(torch.ones(4, 1), torch.ones(1, 4))


def test_a_text_that_compresses_tenfold_repeats_itself():
    varied = " ".join(str(n * n % 1009) for n in range(300))
    assert [repeats_itself(text) for text in ("wait, " * 500, varied, "", "short")] == [True, False, False, False]
    assert repeats_itself("\ud800" * 1000)  # half a surrogate pair is text too


@given(st.sampled_from("a\u00bd"), st.integers(0, 300))
def test_no_text_is_too_short_to_be_judged(character, count):
    raw = (character * count).encode()
    assert repeats_itself(character * count) == (len(raw) > 10 * len(zlib.compress(raw)))


def test_mean_by_position_drops_what_lies_beyond_the_bins():
    values, position = torch.tensor([1.0, 3.0, 10.0, 20.0]), torch.tensor([0, 0, 2, 4])
    means = mean_by_position(values, position, 4)
    assert means[[0, 2]].tolist() == [2.0, 10.0]
    assert means[[1, 3]].isnan().all()
    with pytest.raises(ValueError, match="one bin per value"):
        mean_by_position(torch.ones(2), torch.arange(3), 2)


def test_mean_by_position_shows_a_nan_in_its_own_bin():
    means = mean_by_position(torch.tensor([math.nan, 1.0]), torch.tensor([0, 1]), 2)
    assert means[0].isnan()
    assert means[1] == 1.0
    assert mean_by_position(torch.empty(0), torch.empty(0, dtype=torch.long), 3).isnan().all()
