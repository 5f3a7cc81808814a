"""Failure signatures in a run's curves, as pure functions over its newest measurements (oldest first).

The band of the overlap ratio is that of arXiv:2604.13016; every other number is our choice, made so that single odd
batches and slow drifts of healthy runs stay below it: medians instead of means, and a warm-up before anything is said.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import median

from opdboard.domain.alerts import UNDECIDED, Sighting, Subject, Verdict, odd
from opdboard.domain.records import VariantRecord
from opdboard.domain.scalar_measures import set_key

HEALTHY_OVERLAP = (0.72, 0.91)

KL_USUAL, KL_NOISE, KL_WARM_UP = 16, 32, 16
KL_FACTOR, KL_SIGMAS, KL_RISE = 2.0, 6.0, 0.02

COLLAPSE_RECENT, COLLAPSE_BEFORE = 5, 16
COLLAPSE_TRUNCATED, COLLAPSE_REPETITION = 0.25, 0.15

FLAT_ENDS, FLAT_MEASUREMENTS = 16, 48
FLAT_OVERLAP = 0.02  # a tenth of the healthy climb
FLAT_GAP_SHARE, FLAT_GAP = 0.1, 0.01
SMALL_GRADIENT = 0.1

MAY_BE_NAN = frozenset({"eval/gap_recovery"})


def kl_spike(values: Sequence[float]) -> Verdict:
    """A sudden rise of reverse_kl; judged on logarithms, in which the noise of a batch's mean is even."""
    before = [math.log(value) for value in values[-KL_NOISE - 1 : -1] if math.isfinite(value) and value > 0]
    if len(before) < KL_WARM_UP or not math.isfinite(values[-1]):
        return UNDECIDED
    # From one measurement to the next, so that the fall of a healthy run is not taken for noise.
    sigma = 1.4826 * median(abs(later - earlier) for earlier, later in pairwise(before)) / math.sqrt(2)
    usual = math.exp(median(before[-KL_USUAL:]))
    threshold = max(usual * math.exp(max(math.log(KL_FACTOR), KL_SIGMAS * sigma)), usual + KL_RISE)
    value = values[-1]
    sentence = (
        f"reverse_kl is {value:.4g} nats/token, {value / usual:.3g} times the median of the {KL_USUAL} measurements "
        f"before ({usual:.4g})"
    )
    firing = {Subject("reverse_kl"): Sighting(value, sentence)} if value > threshold else {}
    return Verdict(firing, lambda _subject: value < (usual + threshold) / 2)


def length_collapse(truncated: Sequence[float], repetition: Sequence[float]) -> Verdict:
    """truncated_share and repetition_rate rise together, against the older half of what is given."""
    rises = []
    for values in (truncated, repetition):
        older = [value for value in values[:-COLLAPSE_RECENT] if math.isfinite(value)]
        older = older[: max(COLLAPSE_BEFORE, len(older) // 2)]
        newest = [value for value in values[-COLLAPSE_RECENT:] if math.isfinite(value)]
        if len(older) < COLLAPSE_BEFORE or len(newest) < COLLAPSE_RECENT:
            return UNDECIDED
        rises.append((median(older), median(newest)))
    (cut_before, cut), (repeated_before, repeated) = rises
    sentence = (
        f"truncated_share rose from {cut_before:.2f} to {cut:.2f} and repetition_rate from {repeated_before:.2f} to "
        f"{repeated:.2f} (medians)"
    )
    cut_rise, repeated_rise = cut - cut_before, repeated - repeated_before
    fires = cut_rise >= COLLAPSE_TRUNCATED and repeated_rise >= COLLAPSE_REPETITION
    over = cut_rise < COLLAPSE_TRUNCATED / 2 or repeated_rise < COLLAPSE_REPETITION / 2
    return Verdict({Subject("truncated_share"): Sighting(cut, sentence)} if fires else {}, lambda _subject: over)


def nothing_to_learn(
    overlap: Sequence[float],
    gap: Sequence[float],
    gradient: Sequence[float],
    *,
    clip: float | None,
    from_start: Callable[[], bool],
) -> Verdict:
    """overlap_ratio and entropy_gap stay where they began, with small gradients; learning-rate warm-up left out.

    from_start: whether the first value given is the run's first, asked where that matters; later on a flat stretch is no
    failure, only an end.
    """
    series = [[value for value in values if math.isfinite(value)] for values in (overlap, gap, gradient)]
    if min(len(values) for values in series) < FLAT_MEASUREMENTS:
        return UNDECIDED
    (first, last), (gap_first, gap_last) = (
        (median(values[:FLAT_ENDS]), median(values[-FLAT_ENDS:])) for values in series[:2]
    )
    norm = median(series[2])
    moved, gap_moved = abs(last - first), abs(gap_last - gap_first)
    gap_flat = max(FLAT_GAP_SHARE * abs(gap_first), FLAT_GAP)
    flat = moved < FLAT_OVERLAP and gap_moved < gap_flat and norm < SMALL_GRADIENT * (clip or 1.0)
    low, high = HEALTHY_OVERLAP
    reading = (
        "the teacher has little to teach here"
        if last >= high
        else "the two do not fit"
        if last < low
        else "the teacher has nothing to teach or does not fit"
    )
    sentence = (
        f"after {len(series[0])} measurements overlap_ratio is {last:.3f} (at first {first:.3f}), entropy_gap {gap_last:.3g} "
        f"(at first {gap_first:.3g}), the median gradient norm {norm:.2g}: {reading}"
    )
    firing = {Subject("overlap_ratio"): Sighting(last, sentence)} if flat and from_start() else {}
    return Verdict(firing, lambda _subject: moved >= 2 * FLAT_OVERLAP or gap_moved >= 2 * gap_flat)


def not_finite(scalars: Mapping[str, float]) -> Verdict:
    """NaN or an infinity among the newest values."""
    firing = {
        Subject(key): Sighting(value, f"{key} is {odd(value)}")
        for key, value in scalars.items()
        if key not in MAY_BE_NAN and not math.isfinite(value)
    }
    return Verdict(
        firing,
        lambda subject: subject.module is None and math.isfinite(scalars.get(subject.measure, math.nan)),
    )


def forgetting(scored: Sequence[VariantRecord]) -> Verdict:
    """What is newest of evaluation sets: one that is marked as a forgetting set is answered worse than by the base weights."""
    firing: dict[Subject, Sighting] = {}
    decided: set[Subject] = set()
    for record in scored:
        name, average = record.details["set"], f"avg@{record.details['samples']}"
        score = next((one for one in record.scores if one.measure == "avg"), None)
        if score is None or not record.details["forgetting"]:
            continue
        subject, over = Subject(set_key(name, average, forgetting=True)), score.over_base
        decided.add(subject)
        if over.high < 0:
            sentence = (
                f"{average} on {name} is {score.score.value:.3g}, by {-over.value:.3g} [{-over.high:.3g}, {-over.low:.3g}] below the "
                "base weights' on the same prompts"
            )
            firing[subject] = Sighting(score.score.value, sentence)
    return Verdict(firing, lambda subject: subject in decided and subject not in firing)


def skipped_update(counts: Sequence[float]) -> Verdict:
    """skipped_updates, a running count, rose at the newest measurement; over with the next one at which it does not."""
    before, now = (counts[-2] if len(counts) > 1 else 0.0), counts[-1]
    rose = now > before
    sentence = f"skipped_updates rose from {before:.0f} to {now:.0f}"
    return Verdict({Subject("skipped_updates"): Sighting(now, sentence)} if rose else {}, lambda _subject: not rose)
