"""Why the speed-up meter's rows may not be like with like, in sentences: rates, noise, settings, evaluations."""

from collections.abc import Mapping, Sequence

from opdboard.domain.amounts import count, number
from opdboard.domain.contenders import Contender
from opdboard.domain.methods import method_name
from opdboard.domain.speedup import Speedup, SpeedupRow
from opdboard.domain.speedup_words import rates, standing

_SETTINGS = {"batch": "batch size", "held_out": "held-out size", "temperature": "temperature"}


def notes(measured: Speedup, contenders: Mapping[str, Contender], reference: str, metric: str) -> list[str]:
    """The most sobering first; contenders by key, metric: the measure's key."""
    return [
        *_rates(measured, contenders, reference),
        *_noise(measured),
        *_single(measured, reference),
        *_unequal(measured, contenders, reference, metric),
    ]


def _rates(measured: Speedup, contenders: Mapping[str, Contender], reference: str) -> list[str]:
    """A speed-up over a badly chosen rate is no speed-up: every one says which rate it is against."""
    if measured.target is None:
        return []
    own, found = contenders[reference], []
    method, best = method_name(own.method), measured.best
    if best is None:
        found.append(_no_best(own, contenders))
    elif best == reference:
        found.append(f"{own.name} ({rates(own)}) is the best rate of {method} among those shown.")
    else:
        found.append(
            f"The best rate of {method} among those shown is that of {contenders[best].name} ({rates(contenders[best])})."
        )
    compared = [row for row in measured.rows if row.key != reference and row.evaluated]
    for same, said in ((False, "Not at the learning rate"), (None, "Not known whether at the learning rate")):
        others = [contenders[row.key] for row in compared if row.same_rate is same]
        if others:
            listed = ", ".join(f"{one.name} ({rates(one)})" for one in others)
            found.append(f"{said} of {own.name} ({rates(own)}): {listed}.")
    if compared and all(row.same_rate for row in compared):
        found.append(f"All at the same learning rate, {rates(own)}.")
    return found


def _no_best(own: Contender, contenders: Mapping[str, Contender]) -> str:
    """Why there is no best rate of its method."""
    method, kin = method_name(own.method), [one for one in contenders.values() if one.method == own.method]
    if len({rate for one in kin for rate in one.learning_rates}) < 2:
        return (
            f"No other learning rate of {method} is shown, so these speed-ups hold at this rate only; add a grid of its rates "
            "to see them against its best one."
        )
    if len({one.learning_rates[0] for one in kin if len(set(one.learning_rates)) == 1}) < 2:
        mixed = ", ".join(f"{one.name} ({rates(one)})" for one in kin if len(set(one.learning_rates)) > 1)
        return f"Runs of several learning rates are one group, so which rate of {method} is the best is not known: {mixed}."
    return f"At none of the learning rates of {method} shown is the target reached by most, so none is the best."


def _noise(measured: Speedup) -> list[str]:
    noise = measured.noise
    if measured.target is None or measured.start is None:
        return []
    if noise is None:
        return ["How exact an evaluation is, is not known: too few to tell. A target near the start may be noise."]
    if not measured.within_noise:
        return []
    told = f"{noise.answers} answers" if noise.answers is not None else "how the reference's curve jitters"
    return [
        f"The target is {number(abs(measured.target - measured.start), 3)} from the start, less than two standard errors of an "
        f"evaluation ({number(noise.standard_error, 3)} each, by {told}): the hatched speed-ups are not told apart from noise."
    ]


def _single(measured: Speedup, reference: str) -> list[str]:
    alone = [row for row in measured.rows if row.members == 1 and row.ratios["steps"] is not None]
    if not any(row.key != reference for row in alone) or not any(row.key == reference for row in alone):
        return []
    return ["n = 1: one run a side, so how far another seed would be from it is not known."]


def _unequal(measured: Speedup, contenders: Mapping[str, Contender], reference: str, metric: str) -> list[str]:
    own, found = contenders[reference].name, []
    if measured.fell_back:
        found.append(f"{own} ended worse than it had been before, so the target is easier than what it had reached.")
    for row in measured.rows:
        name = contenders[row.key].name
        if not row.evaluated:
            found.append(f"{name}: {standing(row, contenders[row.key], metric)}, so nothing is compared.")
            continue
        found += [f"{name} {_unlike(what, row)}." for what in row.differs]
        if row.evaluated < row.members:
            missing = row.members - row.evaluated
            found.append(
                f"{name}: {missing} of {row.members} runs have too few evaluations and count as infinitely dear."
            )
        if row.untold:
            settings = _listed([_SETTINGS[one] for one in row.untold])
            verb = "are those" if len(row.untold) > 1 else "is that"
            found.append(f"{name}: whether {settings} {verb} of {own} is not known.")
    return found


def _unlike(what: str, row: SpeedupRow) -> str:
    return {
        "cadence": f"is evaluated at another cadence: compared at every {count(row.spacing)} steps",
        "batch": "has another batch size, so a step is not the same step",
        "held_out": "has a held-out set of another size",
        "temperature": "samples and is measured at another temperature",
        "going": "has not ended: its numbers may change",
        "failed": "failed: its numbers are those until then",
    }[what]


def _listed(words: Sequence[str]) -> str:
    *rest, last = words
    return f"{', '.join(rest)} and {last}" if rest else last
