"""What the speed-up meter says, cell by cell and in sentences; the page, the report and the CSV all say it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from opdboard.domain.amounts import count, duration, number
from opdboard.domain.contenders import Contender
from opdboard.domain.measures import scalar
from opdboard.domain.seed_ratios import Ratio
from opdboard.domain.speedup import Speedup, SpeedupRow

Verdict = Literal["faster", "slower", "open", "single", "noise", "same", "none"]
"""Of a ratio: beyond 1 with all of its interval over seeds and of its bracket (faster, slower); not so (open); of a single
run a side, so no spread is known (single); the target is within the noise of an evaluation (noise); the reference's own
(same); there is none."""

TELL = {"steps": count, "tokens": count, "seconds": duration, "gpu_seconds": duration}
_SEARCH = {"tokens": "search_tokens", "seconds": "search_seconds"}


@dataclass(frozen=True)
class Cell:
    """One cell: its number, what the grid of evaluations leaves of it, and a line below (seeds, the search's part)."""

    text: str = "–"
    bracket: str = ""
    more: str = ""
    verdict: Verdict = "none"


@dataclass(frozen=True)
class RowWords:
    """A row: learning rate, how it stands to the target, and its cells by cost. against_best: empty without a best rate."""

    rate: str
    standing: str
    against_best: Mapping[str, Cell]
    ratios: Mapping[str, Cell]
    costs: Mapping[str, Cell]


def row_words(
    row: SpeedupRow, measured: Speedup, contenders: Mapping[str, Contender], reference: str, metric: str
) -> RowWords:
    """contenders: by key. metric: the measure's key."""
    best = measured.best
    own = contenders[row.key]
    return RowWords(
        rate=rates(own),
        standing=standing(row, own, metric),
        against_best={name: _ratio(one, row, contenders[best], measured) for name, one in row.against_best.items()}
        if best
        else {},
        ratios={name: _ratio(one, row, contenders[reference], measured) for name, one in row.ratios.items()},
        costs={name: _cost(row, name) for name in TELL},
    )


def rates(contender: Contender) -> str:
    """Its learning rates, each once."""
    return ", ".join(number(rate) for rate in sorted(set(contender.learning_rates))) or "not told"


def standing(row: SpeedupRow, contender: Contender, metric: str) -> str:
    """How the contender stands to the target, or why nothing is compared."""
    many, by = row.members > 1, f"by step {contender.last_step}"
    name = scalar(metric).title
    lost = f"; {row.touched} came there and lost it again" if row.touched else ""
    match row.standing:
        case "never_recorded":
            return f"{name}: not recorded yet" if contender.going else f"{name}: never recorded"
        case "never_finite":
            return f"{name}: no finite value"
        case "too_few":
            return "evaluated once" + (" so far" if contender.going else "")
        case "no_target":
            return "no target"
        case "reached":
            return f"{row.reached} of {row.members} reached it{lost}" if many else "reached"
        case "not_by_most":
            return f"{row.reached} of {row.members} reached it {by}: not most{lost}"
        case "lost":
            return f"none of {row.members} held it {by}{lost}" if many else f"came there and lost it again {by}"
        case "not_reached":
            return f"none of {row.members} reached it {by}" if many else f"not reached {by}"


def _ratio(ratio: Ratio | None, row: SpeedupRow, against: Contender, measured: Speedup) -> Cell:
    if ratio is None:
        return Cell()
    verdict = verdict_of(ratio, row, against, measured)
    if verdict == "same":
        return Cell(times(ratio.value), verdict=verdict)
    more = ("within noise, " if verdict == "noise" else "") + _over_seeds(ratio, row, against)
    return Cell(times(ratio.value), _between(ratio.at_least, ratio.at_most), more, verdict)


def verdict_of(ratio: Ratio, row: SpeedupRow, against: Contender, measured: Speedup) -> Verdict:
    """What may be said of a ratio."""
    if row.key == against.key:
        return "same"
    if measured.within_noise:
        return "noise"
    if ratio.low is None or ratio.high is None:
        return "single" if row.members == len(against.curves) == 1 else "open"
    if ratio.low > 1 and (ratio.at_least or 0) > 1:
        return "faster"
    return "slower" if ratio.high < 1 and ratio.at_most is not None and ratio.at_most < 1 else "open"


def times(value: float) -> str:
    """A ratio: 3.14×."""
    return f"{number(value, 3)}×"


def _between(low: float | None, high: float | None) -> str:
    if low is None:
        return ""
    return f"[{number(low, 2)}–{'∞' if high is None else number(high, 2)}]"


def _over_seeds(ratio: Ratio, row: SpeedupRow, against: Contender) -> str:
    other = len(against.curves)
    members = f"n = {row.members}" + ("" if row.members == other else f" against {other}")
    if ratio.low is None:
        return members
    return f"{members}: {number(ratio.low, 3)}–{number(ratio.high, 3)}"


def _cost(row: SpeedupRow, name: str) -> Cell:
    tell, bracket = TELL[name], row.brackets[name]
    searched = row.costs.get(_SEARCH.get(name, ""))
    return Cell(
        tell(row.costs[name]),
        f"[{tell(bracket[0])}–{tell(bracket[1])}]" if bracket else "",
        f"{tell(searched)} search" if searched else "",
    )


def target_sentence(measured: Speedup, reference: Contender, share: float, metric: str) -> str:
    """What is to be reached, or why there is nothing."""
    measure = scalar(metric)
    if measured.target is None:
        why = (
            f"has not improved on {measure.title}"
            if reference.evaluated
            else f"has too few evaluations of {measure.title}"
        )
        return f"{reference.name} {why}, so there is no way to measure a speed-up by."
    whose = f"the median member of {reference.name}" if len(reference.curves) > 1 else reference.name
    unit = f" {measure.unit}" if measure.unit not in ("", "share") else ""
    return (
        f"Target {number(measured.target)}{unit} ({measure.short or measure.title}): {number(share * 100)} % of the way that "
        f"{whose} made from its first value, {number(measured.start)}, to its last."
    )


def how_measured(rows: Sequence[SpeedupRow], slack: float) -> str:
    """What the numbers and the brackets are."""
    said = [
        "Evaluations as running medians of three; the target counts as reached where they cross it, if no more than "
        f"{number(slack * 100)} % of the way is lost again later.",
        "In [ ]: from just after the last of them that had not reached it to the one that had, for a ratio of both sides.",
    ]
    if any(row.members > 1 for row in rows):
        said.append("Costs of a group are medians over its runs; one that never gets there counts as infinitely dear.")
    drawn = [one for row in rows for one in row.ratios.values() if one is not None and one.low is not None]
    if drawn:
        paired = sum(one.paired for one in drawn)
        how = "paired by seed" if paired == len(drawn) else "paired where seeds agree" if paired else "unpaired"
        said.append(
            f"After n: 95 % interval over seeds (Student's, of log costs), {how}, target held fixed; none where a member never "
            "got there."
        )
    return " ".join(said)
