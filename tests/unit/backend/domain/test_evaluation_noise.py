"""The standard error of an evaluation against known noise."""

import math
from random import Random

import pytest

from opdboard.domain.contenders import Contender
from opdboard.domain.evaluation_noise import Noise, jitter, noise_of
from opdboard.domain.reaching import Curve, Goal


def curve(values: list[float], steps: list[float] | None = None) -> Curve:
    return Curve(steps or [float(at) for at in range(len(values))], values, *[[math.nan] * len(values)] * 5)


def test_jitter_is_the_standard_deviation_of_noise_on_a_smooth_course():
    random = Random(3)
    courses = [[math.exp(-at / 40) + random.gauss(0, 0.02) for at in range(200)] for _ in range(4)]
    assert jitter([curve(values) for values in courses]) == pytest.approx(0.02, rel=0.1)
    still = jitter([curve([math.exp(-at / 10) for at in range(30)])])
    assert still is not None and still < 1e-3, "a smooth course has next to none"


@pytest.mark.parametrize(
    "few",
    [
        [],
        [curve([1.0, 0.9, 0.8])],
        [curve([1.0, 0.9, 0.8, 0.7, 0.6, 0.5])],
        [curve([1.0, 0.9, math.nan, 0.7, 0.6, 0.5, 0.4])],
        [curve([1.0] * 7, [0, 1, 3, 4, 6, 7, 9])],
    ],
)
def test_too_few_even_evaluations_tell_nothing(few: list[Curve]):
    assert jitter(few) is None
    assert noise_of(Contender("r", few), Goal(1.0, 0.5, "lower")) is None


def test_a_share_of_answers_has_the_binomial_error_of_its_less_certain_end():
    reference = Contender("r", [curve([0.0, 0.5])], answers=100)
    assert noise_of(reference, Goal(0.0, 0.5, "higher")) == Noise(0.05, 100)
    found = noise_of(reference, Goal(0.9, 1.0, "higher"))
    assert found is not None and found.standard_error == pytest.approx(0.03)
