"""A line search that brackets the best factor along D, with a paired test against W_t: the search of line-searched OPD.

Minimises phi(f) = mean KL to the teacher of W_t + f D over the validation examples. 1 + f is the length of the way from
the anchor, in units of the way made, and tried are its multiples by 2.5:
    forward    1 + f = 2.5, 6.25, ... while phi falls (a try costs one forward pass, so strides are generous)
    backward   if the first of these is no better than W_t: 1 + f = 1/2.5, 1/6.25, ... down to 1/98 (as good as the
               anchor); it ends where phi rises again, but not before something better than W_t was found
    parabola   through the best factor and its two neighbours; its vertex is tried if it is not next to one of them
    test       kept is the best of those factors whose 95% interval of the paired per-example gain over W_t is above 0
    confirm    and only if answers that the candidate itself samples are no worse than those of W_t

phi is measured on W_t's own answers, which a far candidate would not give; hence a bound on KL(W_t || candidate), a
trust region, and the confirmation. The bound holds forward only: the way back leads to weights that were kept before,
and after a step that wrecked the student it must be open. A candidate whose score is not finite counts as infinitely bad.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from opdboard_worker.core.extrapolation import AcceptanceRule, Search, Try, Validation

STRIDE, STRIDES = 2.5, 5
"""Neighbouring tries differ by this factor in 1 + f, at most so many of them in each direction."""
_TOO_NEAR = 0.1
"""A vertex nearer to a tried factor than this share of the bracket's narrower side is not worth a try."""

Evaluate = Callable[[float], Validation]


def bracketed_search(evaluate: Evaluate, confirm: Evaluate, *, max_kl: float | None = None) -> Search:
    """Search as told above. evaluate(f): W_t + f D on W_t's answers; confirm(f): on answers of its own, same draws.

    max_kl: the trust region, nats per token, of candidates ahead of W_t.
    """
    start = evaluate(0.0)
    behind = AcceptanceRule("negative_reverse_kl", "significant")
    ahead = replace(behind, max_kl=max_kl)
    tries: list[Try] = []
    loss = {0.0: -start.negative_reverse_kl}

    def better(factor: float) -> bool:
        """Try a factor: whether it is the best so far."""
        rule = ahead if factor > 0 else behind
        attempt = rule.judge(factor, evaluate(factor), start)
        tries.append(attempt)
        inside = rule.max_kl is None or attempt.validation.kl_to_start <= rule.max_kl
        usable = attempt.validation.finite and inside
        lowest = min(loss.values())
        loss[factor] = -attempt.validation.negative_reverse_kl if usable else math.inf
        return loss[factor] < lowest

    forward = next((k for k in range(STRIDES) if not better(STRIDE ** (k + 1) - 1.0)), STRIDES)
    if forward == 0:
        for k in range(STRIDES):
            if not better(STRIDE ** -(k + 1) - 1.0) and min(loss.values()) < loss[0.0]:
                break
    vertex = _vertex(loss)
    if vertex is not None:
        better(vertex)
    return _tested(start, tries, confirm)


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


def _tested(start: Validation, tries: list[Try], confirm: Evaluate) -> Search:
    """The best of the factors that pass the paired test, if its own answers hold, else W_t."""
    passing = [index for index, attempt in enumerate(tries) if attempt.accepted]
    if not passing:
        last = max(tries, key=lambda attempt: attempt.gain if attempt.validation.finite else -math.inf)
        why = f"none of {len(tries)} tried is better, the best being factor {last.factor:g}: {last.reason}"
        return Search(start, tuple(tries), 0.0, note=why)
    at = max(passing, key=lambda index: tries[index].gain)
    best = tries[at].factor
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
