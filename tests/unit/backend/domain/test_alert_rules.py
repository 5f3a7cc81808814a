"""Rules: when their condition holds, how often in a row, and when it is over."""

import math

import pytest

from opdboard.domain.alert_rules import Comparison, Rule, Scope, of_modules, of_scalar
from opdboard.domain.alerts import Severity, Subject


def rule(comparison: str = ">", threshold: float | None = 2.0, steps: int = 1, scope: str = "scalar") -> Rule:
    return Rule(1, "a rule", Scope(scope), "m", Comparison(comparison), threshold, steps, Severity.WARNING)


@pytest.mark.parametrize(
    ("comparison", "threshold", "met", "not_met"),
    [
        (">", 2.0, [2.1, math.inf], [2.0, 1.0, math.nan, -math.inf]),
        (">=", 2.0, [2.0], [1.9, math.nan]),
        ("<", 2.0, [1.9, -math.inf], [2.0, math.nan]),
        ("<=", 2.0, [2.0], [2.1, math.nan]),
        ("not finite", None, [math.nan, math.inf, -math.inf], [0.0, 1e308]),
    ],
)
def test_a_value_meets_a_condition(comparison: str, threshold: float | None, met: list[float], not_met: list[float]):
    assert all(rule(comparison, threshold).holds(value) for value in met)
    assert not any(rule(comparison, threshold).holds(value) for value in not_met)


def test_it_takes_as_many_in_a_row_to_fire_as_to_be_over():
    three = rule(steps=3)
    assert not of_scalar(three, [3, 3]).firing
    assert not of_scalar(three, [3, 3, 1, 3]).firing
    fired = of_scalar(three, [1, 3, 3, 3])
    assert fired.firing[Subject("m")].sentence == "m is 3; the rule is m > 2, 3 measurements in a row"
    assert not of_scalar(three, [3, 3, 1]).is_clear(Subject("m"))
    assert of_scalar(three, [3, 1, 1, 1]).is_clear(Subject("m"))


def test_each_module_is_judged_by_itself():
    verdict = of_modules(rule(steps=2, scope="module"), [[3, 3, 1], [3, 1, 1]])
    assert set(verdict.firing) == {Subject("m", 0)}
    assert [verdict.is_clear(Subject("m", module)) for module in range(3)] == [False, False, True]
