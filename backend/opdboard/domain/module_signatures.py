"""Failure signatures in single modules, as pure functions over rows of a statistic, one value per module, oldest first.

Every number here is our choice. Modules are compared with the median module of the same step, so that a jump or a change
of the learning rate, which moves all of them, says nothing about any of them.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import median

from opdboard.domain.alerts import UNDECIDED, Sighting, Subject, Verdict, odd

Row = Sequence[float]

FROZEN_SHARE, FROZEN_ROWS = 1e-3, 5
EXPLODING_FACTOR, EXPLODING_BEFORE, EXPLODING_AT_MOST = 10.0, 8, 16
RANK_SHARE, RANK_BEFORE, RANK_AT_MOST, RANK_FROM_STEP = 0.25, 3, 8, 8

ROUNDING_FROM, ROUNDING_TO = 0.8, 1.25

# The other statistics are quotients of these, and NaN where one of these is zero.
FINITE_STATISTICS = ("update_norm", "step_norm", "grad_norm", "spectral_norm")


def frozen(rows: Sequence[Row]) -> Verdict:
    """step_norm near zero while the others move."""
    newest = rows[-FROZEN_ROWS:]
    if len(newest) < FROZEN_ROWS:
        return UNDECIDED
    middles = [_middle(row) for row in newest]
    if not min(middles) > 0:
        return UNDECIDED
    still = {module for module, value in enumerate(newest[-1]) if value <= FROZEN_SHARE * middles[-1]}
    for row, middle in zip(newest[:-1], middles, strict=False):
        still = {module for module in still if row[module] <= FROZEN_SHARE * middle}
    firing = {
        Subject("step_norm", module): Sighting(
            newest[-1][module],
            f"step_norm is {newest[-1][module]:.2g} where the median module moves by {middles[-1]:.2g}, "
            f"{FROZEN_ROWS} measurements in a row",
        )
        for module in sorted(still)
    }

    def is_clear(subject: Subject) -> bool:
        return subject.module is not None and newest[-1][subject.module] >= 10 * FROZEN_SHARE * middles[-1]

    return Verdict(firing, is_clear)


def exploding(rows: Sequence[Row]) -> Verdict:
    """step_norm far beyond the module's peers and beyond its own past."""
    newest, before = rows[-1], rows[-EXPLODING_AT_MOST - 1 : -1]
    middle = _middle(newest)
    if len(before) < EXPLODING_BEFORE or not middle > 0:
        return UNDECIDED

    def own(module: int) -> float:
        """How the module compares with the median one, as a rule."""
        ratios = [row[module] / at for row in before if (at := _middle(row)) > 0]
        return median(ratios) if len(ratios) >= EXPLODING_BEFORE else math.nan

    firing: dict[Subject, Sighting] = {}
    for module, value in enumerate(newest):
        ratio = value / middle
        if EXPLODING_FACTOR < ratio < math.inf and ratio > EXPLODING_FACTOR * (usual := own(module)):
            sentence = f"step_norm is {value:.3g}, {ratio:.3g} times the median module's; as a rule it is {usual:.3g} times that"
            firing[Subject("step_norm", module)] = Sighting(value, sentence)

    def is_clear(subject: Subject) -> bool:
        if subject.module is None:
            return False
        return newest[subject.module] / middle < max(EXPLODING_FACTOR * own(subject.module) / 2, EXPLODING_FACTOR / 2)

    return Verdict(firing, is_clear)


def rank_collapse(steps: Sequence[int], rows: Sequence[Row]) -> Verdict:
    """effective_rank of a module's update far below that of the snapshots before; early ones, which fall fast, left out."""
    earlier = [row for step, row in zip(steps[:-1], rows[:-1], strict=True) if step >= RANK_FROM_STEP][-RANK_AT_MOST:]
    if len(earlier) < RANK_BEFORE:
        return UNDECIDED
    newest = rows[-1]
    usual = [_middle([row[module] for row in earlier]) for module in range(len(newest))]
    firing = {
        Subject("effective_rank", module): Sighting(
            value, f"effective_rank is {value:.3g}, against {usual[module]:.3g} over the snapshots before"
        )
        for module, value in enumerate(newest)
        if value < RANK_SHARE * usual[module]
    }

    def is_clear(subject: Subject) -> bool:
        return subject.module is not None and newest[subject.module] >= 2 * RANK_SHARE * usual[subject.module]

    return Verdict(firing, is_clear)


def nothing_changed(step: int, update_norms: Row) -> Verdict:
    """dW = 0 everywhere, in a checkpoint that is said to be behind the first."""
    moved = any(value != 0 for value in update_norms)
    still = not moved and len(update_norms) > 0 and step > 0
    sentence = "update_norm is 0 in every module: no weight differs from the base's"
    return Verdict({Subject("update_norm"): Sighting(0.0, sentence)} if still else {}, lambda _subject: moved)


def only_rounding(update_norms: Row, rounding_norm: float, beyond: float) -> Verdict:
    """dW is what storing the weights in another type makes. beyond: share of the weights that moved by more than a rounding."""
    norm = math.hypot(*update_norms)
    alike = beyond == 0 and ROUNDING_FROM * rounding_norm <= norm <= ROUNDING_TO * rounding_norm
    sentence = f"update_norm over all modules is {norm:.4g}, and rounding alone gives {rounding_norm:.4g}"
    firing = {Subject("rounding_norm"): Sighting(rounding_norm, sentence)} if alike and norm > 0 else {}
    return Verdict(firing, lambda _subject: not alike)


ENOUGH_COVERED = 0.9
"""Share of the parameters in blocks that matrices must hold."""


def partly_watched(share_of_blocks: float) -> Verdict:
    """Less of the blocks is in matrices than any usual architecture has there."""
    partly = share_of_blocks < ENOUGH_COVERED
    sentence = f"matrices hold {share_of_blocks:.1%} of the parameters in blocks"
    firing = {Subject("matrices_share_of_blocks"): Sighting(share_of_blocks, sentence)} if partly else {}
    return Verdict(firing, lambda _subject: not partly)


def not_finite(vectors: Mapping[str, Row]) -> Verdict:
    """NaN or an infinity in a module's norms."""
    firing = {
        Subject(statistic, module): Sighting(value, f"{statistic} is {odd(value)}")
        for statistic in FINITE_STATISTICS
        for module, value in enumerate(vectors.get(statistic, ()))
        if not math.isfinite(value)
    }

    def is_clear(subject: Subject) -> bool:
        row = vectors.get(subject.measure)
        return row is not None and subject.module is not None and math.isfinite(row[subject.module])

    return Verdict(firing, is_clear)


def _middle(row: Row) -> float:
    """Median of the finite values; NaN without any."""
    finite = [value for value in row if math.isfinite(value)]
    return median(finite) if finite else math.nan
