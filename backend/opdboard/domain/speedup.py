"""The speed-up meter: what runs or groups spent until a metric reached a share of the reference's way, and held it.

Reaching and holding are told in domain.reaching, intervals in domain.seed_ratios. Costs of a group are medians over its
members; a member that never reaches the target counts as infinitely dear, so that it is never dropped: a group has
reached the target once more than half of its members have. Each contender is compared with the reference as if both had
been evaluated as rarely as the rarer of the two.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_high, median_low

from opdboard.domain.errors import BadInput
from opdboard.domain.reaching import COSTS, SLACK, Better, Curve, Goal, smoothed, spent_until_held, start_and_end
from opdboard.domain.seed_ratios import Ratio, middle, ratio

_COMPARED = ("steps", "tokens", "seconds", "gpu_seconds")


@dataclass(frozen=True)
class Contender:
    """A run, or the members of a group with their seeds; learning_rates: those of its members.

    batch_sizes, held_out_sizes, temperatures: those that its members tell; going: some have not ended; failed: some have.
    """

    key: str
    curves: Sequence[Curve]
    seeds: Sequence[int | None] = (None,)
    method: str = ""
    learning_rates: Sequence[float] = ()
    batch_sizes: Collection[int] = ()
    held_out_sizes: Collection[int] = ()
    temperatures: Collection[float] = ()
    going: bool = False
    failed: bool = False

    @property
    def evaluated(self) -> int:
        """Members with as many evaluations as a comparison takes."""
        return sum(one.tells for one in self.curves)

    @property
    def spacing(self) -> float:
        """Steps between evaluations, of the member evaluated most rarely."""
        return max((one.spacing for one in self.curves), default=0.0)


@dataclass(frozen=True)
class SpeedupRow:
    """Median costs of reaching the target and holding it; None: not reached by most, or not known.

    evaluated: members with the two evaluations that it takes; touched: those that came to the target and lost it again.
    spacing: steps between the evaluations that were used. against_best: ratios to the reference's method at its best
    learning rate among the contenders. same_rate: None where a side does not tell its rates.
    differs: what makes this comparison one of unequal things: 'cadence', 'batch', 'held_out', 'temperature', 'going',
    'failed'; 'not_evaluated' (yet) or 'never_evaluated' alone where nothing is compared. untold: of 'batch', 'held_out' and
    'temperature' those that a side does not tell, so that whether they differ is not known.
    """

    key: str
    members: int
    evaluated: int
    reached: int
    touched: int
    spacing: float
    same_rate: bool | None
    costs: Mapping[str, float | None]
    ratios: Mapping[str, Ratio | None]
    against_best: Mapping[str, Ratio | None]
    differs: Sequence[str] = ()
    untold: Sequence[str] = ()


@dataclass(frozen=True)
class Speedup:
    """The meter. best: the contender of the reference's method whose rate takes the fewest steps; None with one rate only.

    fell_back: the reference had been farther than where it ended, by more than SLACK of its way, so the target is an
    easier one than what it had reached.
    """

    target: float | None
    fell_back: bool
    best: str | None
    rows: Sequence[SpeedupRow]


def speedup(contenders: Sequence[Contender], reference: str, share: float, better: Better) -> Speedup:
    """A row per contender, in their order. BadInput when the reference is not among them.

    The target is held fixed: intervals are over the seeds' costs of reaching it.
    """
    by_key = {contender.key: contender for contender in contenders}
    if reference not in by_key:
        raise BadInput(
            f"the reference {reference!r} must be one of {', '.join(by_key) or 'the runs'}", where="reference"
        )
    against = by_key[reference]
    goal = goal_of(against.curves, share, better)
    best = _best(contenders, against, goal)
    rows = []
    for contender in by_key.values():
        spacing = max(contender.spacing, against.spacing)
        costs = _costs(contender, goal, spacing)
        touched = [_touched(one.every(spacing), goal) for one in contender.curves]
        reached = sum(math.isfinite(step) for step in costs["steps"])
        rows.append(
            SpeedupRow(
                key=contender.key,
                members=len(contender.curves),
                evaluated=contender.evaluated,
                reached=reached,
                touched=sum(touched) - reached,
                spacing=spacing,
                same_rate=_same(contender.learning_rates, against.learning_rates),
                costs={name: _known(middle(each)) for name, each in costs.items()},
                ratios=_ratios(against, contender, goal),
                against_best=_ratios(by_key[best], contender, goal) if best else {},
                differs=_differences(against, contender),
                untold=_untold(against, contender),
            )
        )
    return Speedup(None if goal is None else goal.value, _fell_back(against, goal), best, rows)


def goal_of(reference: Sequence[Curve], share: float, better: Better) -> Goal | None:
    """start + share (end - start), both of the median member (of two the worse); None when it did not get better.

    The end is the smoothed one, which one bad or lucky last evaluation does not move. At least half of the members reach
    the goal, and a run on its own always does.
    """
    ways = [way for way in (start_and_end(one, better) for one in reference if one.tells) if way is not None]
    if not ways or 2 * len(ways) < len(reference):
        return None
    worse_median = median_high if better == "lower" else median_low
    start, end = worse_median(way[0] for way in ways), worse_median(way[1] for way in ways)
    if (end >= start) if better == "lower" else (end <= start):
        return None
    return Goal(start, (1 - share) * start + share * end, better)


def _fell_back(reference: Contender, goal: Goal | None) -> bool:
    """Whether most members ended worse than their own best by more than the slack of the way."""
    if goal is None:
        return False
    losses = []
    for one in reference.curves:
        smooth = smoothed(one.values, goal.better)
        losses.append(smooth[-1] - min(smooth) > SLACK * abs(goal.value - goal.start) if smooth else False)
    return 2 * sum(losses) > len(losses)


def _touched(curve: Curve, goal: Goal | None) -> bool:
    """Whether any single evaluation came to the target."""
    if goal is None or not curve.tells:
        return False
    finite = [value for value in curve.values if math.isfinite(value)]
    return any(value <= goal.value if goal.better == "lower" else value >= goal.value for value in finite)


def _costs(contender: Contender, goal: Goal | None, spacing: float) -> dict[str, list[float]]:
    """Cost -> what each member spent until it reached and held the goal: infinite when it did not, NaN when not known."""
    members = [spent_until_held(one.every(spacing), goal) for one in contender.curves]
    return {name: [member[name] for member in members] for name in COSTS}


def _best(contenders: Sequence[Contender], reference: Contender, goal: Goal | None) -> str | None:
    """Of the contenders of the reference's method, the one with the fewest steps, when they have more than one rate."""
    rivals = [one for one in contenders if one.method == reference.method and len(set(one.learning_rates)) == 1]
    if len({one.learning_rates[0] for one in rivals}) < 2:
        return None
    spacing = max(one.spacing for one in rivals)
    return min(rivals, key=lambda one: middle(_costs(one, goal, spacing)["steps"])).key


def _ratios(reference: Contender, contender: Contender, goal: Goal | None) -> dict[str, Ratio | None]:
    spacing = max(reference.spacing, contender.spacing)
    of_reference = _costs(reference, goal, spacing)
    if reference.key == contender.key:
        same = {name: _known(middle(of_reference[name])) for name in _COMPARED}
        return {name: Ratio(1.0) if value is not None and value > 0 else None for name, value in same.items()}
    own = _costs(contender, goal, spacing)
    return {name: ratio(of_reference[name], own[name], reference.seeds, contender.seeds) for name in _COMPARED}


def _differences(reference: Contender, contender: Contender) -> list[str]:
    """What is known to be unlike; of settings, cadence and end nothing where there is nothing to compare."""
    if not contender.evaluated:
        return ["not_evaluated" if contender.going else "never_evaluated"]
    found = {"going": contender.going, "failed": contender.failed}
    if _compared(reference, contender):
        unlike = {name: _same(*sides) is False for name, sides in _settings(reference, contender).items()}
        found = {"cadence": contender.spacing != reference.spacing} | unlike | found
    return [name for name, does in found.items() if does]


def _untold(reference: Contender, contender: Contender) -> list[str]:
    if not _compared(reference, contender):
        return []
    return [name for name, sides in _settings(reference, contender).items() if _same(*sides) is None]


def _compared(reference: Contender, contender: Contender) -> bool:
    return reference.key != contender.key and bool(reference.evaluated and contender.evaluated)


def _settings(reference: Contender, contender: Contender) -> dict[str, tuple[Collection, Collection]]:
    """Setting -> its values on either side."""
    return {
        "batch": (contender.batch_sizes, reference.batch_sizes),
        "held_out": (contender.held_out_sizes, reference.held_out_sizes),
        "temperature": (contender.temperatures, reference.temperatures),
    }


def _same(one: Collection, other: Collection) -> bool | None:
    """Whether the values are the same; None where a side does not tell its own."""
    return set(one) == set(other) if one and other else None


def _known(cost: float) -> float | None:
    return cost if math.isfinite(cost) else None
