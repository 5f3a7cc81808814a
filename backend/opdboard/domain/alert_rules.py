"""A user's rule on a scalar or a module statistic, and what it says about the newest measurements."""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from opdboard.domain.alerts import UNDECIDED, Severity, Sighting, Subject, Verdict, odd

LONGEST = 64


class Scope(StrEnum):
    """What a rule is on."""

    SCALAR = "scalar"
    MODULE = "module"


class Comparison(StrEnum):
    """How a value is compared with the threshold."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    NOT_FINITE = "not finite"


_COMPARES: Mapping[Comparison, Callable[[float, float], bool]] = {
    Comparison.ABOVE: operator.gt,
    Comparison.AT_LEAST: operator.ge,
    Comparison.BELOW: operator.lt,
    Comparison.AT_MOST: operator.le,
}


@dataclass(frozen=True)
class Rule:
    """Fires when `measure` compares so with `threshold` at `steps` measurements in a row; clears after as many that do not."""

    id: int
    name: str
    scope: Scope
    measure: str
    comparison: Comparison
    threshold: float | None
    steps: int
    severity: Severity

    def holds(self, value: float) -> bool:
        """Whether one value meets the condition; NaN meets only 'not finite'."""
        if self.comparison is Comparison.NOT_FINITE or self.threshold is None:
            return not math.isfinite(value)
        return _COMPARES[self.comparison](value, self.threshold)

    @property
    def condition(self) -> str:
        """In words: 'reverse_kl > 2'."""
        against = "" if self.comparison is Comparison.NOT_FINITE else f" {self.threshold:g}"
        return f"{self.measure} {'is ' if not against else ''}{self.comparison}{against}"


def of_scalar(rule: Rule, values: Sequence[float]) -> Verdict:
    """values: the measure's newest ones, oldest first."""
    subject = Subject(rule.measure)
    newest = values[-rule.steps :]
    if len(newest) < rule.steps:
        return UNDECIDED
    met = [rule.holds(value) for value in newest]
    firing = {subject: _sighting(rule, newest[-1])} if all(met) else {}
    return Verdict(firing, lambda _subject: not any(met))


def of_modules(rule: Rule, rows: Sequence[Sequence[float]]) -> Verdict:
    """rows: the statistic's newest ones over all modules, oldest first."""
    newest = rows[-rule.steps :]
    if len(newest) < rule.steps:
        return UNDECIDED
    candidates = [module for module, value in enumerate(newest[-1]) if rule.holds(value)]
    firing = {
        Subject(rule.measure, module): _sighting(rule, newest[-1][module])
        for module in candidates
        if all(rule.holds(row[module]) for row in newest)
    }

    def is_clear(subject: Subject) -> bool:
        return subject.module is not None and not any(rule.holds(row[subject.module]) for row in newest)

    return Verdict(firing, is_clear)


def _sighting(rule: Rule, value: float) -> Sighting:
    often = f", {rule.steps} measurements in a row" if rule.steps > 1 else ""
    shown = f"{value:.4g}" if math.isfinite(value) else odd(value)
    return Sighting(value, f"{rule.measure} is {shown}; the rule is {rule.condition}{often}")
