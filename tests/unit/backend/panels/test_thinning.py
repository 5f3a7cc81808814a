"""Thinning hides no spike and lets no point jump."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from opdboard.panels.thinning import keep_extremes, keep_extremes_live


def test_few_points_are_all_kept():
    steps = np.arange(10)
    assert keep_extremes(steps, np.zeros(10), 10).tolist() == list(range(10))
    assert keep_extremes_live(steps, np.zeros(10), 10).tolist() == list(range(10))
    assert keep_extremes(np.arange(0), np.zeros(0), 10).size == 0


def test_each_bin_of_a_power_of_two_steps_keeps_its_extremes():
    values = np.array([5, 1, 9, 2, 3, 3, 0, 8, 4, 7, 6, 1], float)
    kept = keep_extremes(np.arange(12), values, 6)
    assert kept.tolist() == [0, 1, 2, 6, 7, 9, 11]  # bins of four; the first and the last point as well


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float64, st.integers(1, 400), elements=st.floats(allow_nan=True, allow_infinity=True, width=32)),
    st.integers(2, 64),
    st.integers(1, 7),
    st.sampled_from([keep_extremes, keep_extremes_live]),
)
def test_extremes_oddities_and_ends_survive(values: np.ndarray, max_points: int, stride: int, thin):
    steps = np.arange(len(values)) * stride
    kept = thin(steps, values, max_points)
    assert np.all(np.diff(kept) > 0)
    assert (kept[0], kept[-1]) == (0, len(values) - 1)
    finite = values[np.isfinite(values)]
    if finite.size:
        shown = values[kept][np.isfinite(values[kept])]
        assert (shown.min(), shown.max()) == (finite.min(), finite.max())
    for odd in (np.isnan, np.isposinf, np.isneginf):
        assert odd(values).any() == odd(values[kept]).any()
    if thin is keep_extremes:
        assert len(kept) <= max(max_points * 2.5 + 5, 7)


@pytest.mark.parametrize("count", [300, 3000, 20_000])
def test_most_new_points_only_add_to_what_is_shown(count: int):
    values = np.random.default_rng(0).normal(size=count + 200)
    steps = np.arange(count + 200)
    shown = set(keep_extremes_live(steps[:count], values[:count], 100).tolist())
    changed = 0
    for more in range(count + 1, count + 201):
        now = set(keep_extremes_live(steps[:more], values[:more], 100).tolist())
        changed += not shown <= now
        shown = now
    assert changed <= 4
