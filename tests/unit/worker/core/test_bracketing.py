"""The bracketing line search on landscapes whose minimum is known."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from opdboard_worker.core.bracketing import STRIDE, STRIDES, bracketed_search
from opdboard_worker.core.extrapolation import Validation

EXAMPLES = 16
SPREAD = torch.linspace(-0.5, 0.5, EXAMPLES, dtype=torch.float64)


class Landscape:
    """KL phi(f) on every example, shifted by a spread that all factors share: paired differences have no noise."""

    def __init__(self, phi, own=None, kl=lambda _factor: 0.0):
        self.phi, self.own, self.kl = phi, own or phi, kl
        self.tried, self.confirmed = [], []

    def __call__(self, factor):
        self.tried.append(factor)
        return self._validation(self.phi(factor), factor)

    def confirm(self, factor):
        self.confirmed.append(factor)
        return self._validation(self.own(factor), factor)

    def _validation(self, value, factor):
        return Validation(None, -(value + SPREAD), self.kl(factor), tokens=10, seconds=0.5)

    def search(self, **limits):
        return bracketed_search(self, self.confirm, **limits)


@given(st.floats(1.2, 60.0), st.floats(0.1, 10.0))
def test_a_parabola_is_solved_exactly_with_few_tries(best, scale):
    landscape = Landscape(lambda f: scale * ((f - best) / best) ** 2)
    search = landscape.search()
    # The vertex is exact; it is left out only next to a factor that was tried, and then that one is kept.
    assert landscape.phi(search.accepted_factor) <= landscape.phi(0.0) * 0.05
    assert len(search.tries) <= 8
    assert landscape.confirmed == [search.accepted_factor]


def test_a_way_that_was_too_long_is_shortened():
    search = Landscape(lambda f: (f + 0.7) ** 2).search()
    assert search.accepted_factor == pytest.approx(-0.7)
    assert [1 + attempt.factor for attempt in search.tries] == pytest.approx([2.5, 0.4, 0.16, 0.3])


def test_a_wreck_is_left_although_the_first_tries_back_are_no_better():
    search = Landscape(lambda f: 1.0 - 0.5 * math.exp(-(((f + 1.0) / 0.05) ** 2))).search()
    assert 1 + search.accepted_factor < 0.05
    assert len(search.tries) <= 1 + STRIDES + 1


def test_a_way_of_the_right_length_is_left_alone():
    landscape = Landscape(lambda f: f**2)
    search = landscape.search()
    assert search.accepted_factor == 0.0 and landscape.confirmed == []
    assert landscape.tried[:3] == pytest.approx([0.0, STRIDE - 1, 1 / STRIDE - 1])
    assert search.outcome.startswith("stayed at the start: none of")


def test_the_search_ends_after_five_strides():
    search = Landscape(lambda f: -f).search()
    assert [1 + attempt.factor for attempt in search.tries] == pytest.approx([2.5**k for k in range(1, 6)])
    assert search.accepted_factor == pytest.approx(2.5**5 - 1)


def test_a_gain_within_the_noise_is_refused():
    noise = torch.where(torch.arange(EXAMPLES) % 2 == 0, 1.0, -1.0).double()

    class Noisy(Landscape):
        @override
        def _validation(self, value, factor):
            return Validation(None, -(value + (noise if factor else 0.0 * noise)), 0.0, 10, 0.5)

    landscape = Noisy(lambda f: -0.01 if f == 1.5 else 0.0)
    search = landscape.search()
    assert search.accepted_factor == 0.0
    assert "not significantly above 0" in search.outcome and landscape.confirmed == []


def test_its_own_answers_have_the_last_word():
    landscape = Landscape(lambda f: (f - 2.0) ** 2, own=lambda f: 100.0)
    search = landscape.search()
    assert search.accepted_factor == 0.0 and len(landscape.confirmed) == 1
    assert "not confirmed" in search.outcome
    assert not any(attempt.accepted and attempt.factor == landscape.confirmed[0] for attempt in search.tries)
    assert search.tokens == 10 * (len(landscape.tried) + 1), "the confirmation counts"


def test_the_trust_region_bounds_the_step():
    search = Landscape(lambda f: (f - 20.0) ** 2, kl=lambda f: 0.1 * abs(f)).search(max_kl=0.3)
    assert 0.0 < search.accepted_factor <= 3.0
    back = Landscape(lambda f: (f + 0.9) ** 2, kl=lambda f: 10.0 * abs(f)).search(max_kl=0.3)
    assert back.accepted_factor < -0.8, "the way back is open"


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_what_is_not_finite_is_never_kept(broken):
    search = Landscape(lambda f: broken if f > 2.0 else -f).search()
    assert search.accepted_factor == 1.5
    nowhere = Landscape(lambda f: broken if f else 1.0).search()
    assert nowhere.accepted_factor == 0.0


def test_a_shorter_step_that_is_sure_is_kept_where_the_best_is_not():
    signs = torch.where(torch.arange(EXAMPLES) % 2 == 0, 1.0, -1.0).double()

    class Spreading(Landscape):
        """The farther, the better on average, and the more unequal."""

        @override
        def _validation(self, value, factor):
            return Validation(None, -(value + 0.01 * factor**2 * signs), 0.0, 10, 0.5)

    search = Spreading(lambda f: -math.sqrt(max(f, 0.0))).search()
    refused = [attempt.factor for attempt in search.tries if not attempt.accepted]
    assert search.accepted_factor > 0 and refused and max(refused) > search.accepted_factor
