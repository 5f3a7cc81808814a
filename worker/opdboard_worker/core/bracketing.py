"""A line search that brackets the best factor along D, with a paired test against W_t: the search of line-searched OPD.

Minimises phi(f) = mean KL to the teacher of W_t + f D over the validation examples:
    forward    f = 1, 2.5, 6.25, ... while phi falls (each try costs one forward pass, so the step is generous)
    backward   only if f = 1 is no better than W_t: f = -1/2, -3/4, -9/10 while phi falls; f = -1 would be the anchor
    parabola   through the best factor and its two neighbours, tried once if its vertex is not next to one of them
    test       the best factor is kept only if the 95% interval of its paired per-example gain over W_t is above 0
    confirm    and only if answers that the candidate itself samples are no worse than those of W_t

phi is measured on W_t's own answers, which a far candidate would not give; hence a bound on KL(W_t || candidate), a
trust region, and the confirmation. A candidate whose score is not finite counts as infinitely bad.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from opdboard_worker.core.extrapolation import AcceptanceRule, Search, Try, Validation

FORWARD_START, FORWARD_GROWTH = 1.0, 2.5
BACKWARD = (-0.5, -0.75, -0.9)
_TOO_NEAR = 0.1
"""A vertex nearer to a tried factor than this share of the bracket's narrower side is not worth a try."""

Evaluate = Callable[[float], Validation]


@dataclass(frozen=True)
class Bracketing:
    """Limits of the search."""

    largest_factor: float = 100.0
    max_kl: float | None = None
    """Trust region: a candidate whose KL to W_t, nats per token, exceeds this is refused."""
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not self.largest_factor >= FORWARD_START:
            raise ValueError(f"largest_factor must be at least {FORWARD_START:g}, not {self.largest_factor}")


def bracketed_search(evaluate: Evaluate, confirm: Evaluate, limits: Bracketing) -> Search:
    """Search as told above. evaluate(f): W_t + f D on W_t's answers; confirm(f): on answers of its own, same draws."""
    start = evaluate(0.0)
    rule = AcceptanceRule("negative_reverse_kl", "significant", limits.max_kl, limits.confidence)
    tries: list[Try] = []
    loss = {0.0: -start.negative_reverse_kl}

    def better(factor: float) -> bool:
        """Try a factor: whether it is the best so far."""
        attempt = rule.judge(factor, evaluate(factor), start)
        tries.append(attempt)
        inside = limits.max_kl is None or attempt.validation.kl_to_start <= limits.max_kl
        usable = attempt.validation.finite and inside
        lowest = min(loss.values())
        loss[factor] = -attempt.validation.negative_reverse_kl if usable else math.inf
        return loss[factor] < lowest

    factor = FORWARD_START
    while factor <= limits.largest_factor and better(factor):
        factor *= FORWARD_GROWTH
    if len(tries) == 1 and loss[FORWARD_START] >= loss[0.0]:
        for factor in BACKWARD:
            if not better(factor):
                break
    vertex = _vertex(loss)
    if vertex is not None:
        better(vertex)
    return _tested(start, tries, min(loss, key=lambda factor: (loss[factor], abs(factor))), confirm)


def _vertex(loss: dict[float, float]) -> float | None:
    """Where the parabola through the best factor and its neighbours is lowest; None without a bracket worth refining."""
    factors = sorted(loss)
    at = factors.index(min(loss, key=lambda factor: (loss[factor], abs(factor))))
    if not 0 < at < len(factors) - 1:
        return None
    left, middle, right = factors[at - 1 : at + 2]
    rise_left, rise_right = loss[left] - loss[middle], loss[right] - loss[middle]
    if not (math.isfinite(rise_left) and math.isfinite(rise_right)):
        return None
    before, after = middle - left, right - middle
    curvature = before * rise_right + after * rise_left
    if curvature <= 0.0:
        return None
    vertex = middle + 0.5 * (after**2 * rise_left - before**2 * rise_right) / curvature
    nearest = min(abs(vertex - factor) for factor in factors)
    return vertex if nearest > _TOO_NEAR * min(before, after) else None


def _tested(start: Validation, tries: list[Try], best: float, confirm: Evaluate) -> Search:
    """The best factor if the paired test and its own answers hold, else W_t."""
    at = next((index for index, attempt in enumerate(tries) if attempt.factor == best), None)
    if at is None or not tries[at].accepted:
        why = (
            f"none of {len(tries)} tried is better"
            if at is None
            else f"factor {best:g}, the best, refused: {tries[at].reason}"
        )
        return Search(start, tuple(tries), 0.0, note=why)
    own = confirm(best)
    attempt = tries[at]
    held = own.finite and own.negative_reverse_kl >= start.negative_reverse_kl
    words = f"on its own answers {own.negative_reverse_kl:.6g} against {start.negative_reverse_kl:.6g} of the start"
    tries[at] = replace(
        attempt,
        accepted=held,
        reason=f"{attempt.reason}; {words}" if held else f"not confirmed: {words}",
        validation=replace(
            attempt.validation,
            tokens=attempt.validation.tokens + own.tokens,
            seconds=attempt.validation.seconds + own.seconds,
        ),
    )
    note = f"the best of {len(tries)} tried, {tries[at].reason}" if held else f"factor {best:g} {tries[at].reason}"
    return Search(start, tuple(tries), best if held else 0.0, note=note)
