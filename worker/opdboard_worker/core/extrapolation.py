"""EffOPD (arXiv:2605.11739): look ahead along the current update direction, step size by a small validation.

At t = 1, 2, 4, 8, ...:  D = W_t - A,  candidates C_k = W_t + 2k D for k = 1..5,  v_0 = V(W_t),  v_k = V(C_k) in
order. C_k is accepted while its score holds against the last accepted one; the first refusal ends the search; the
last accepted weights stay (W_t if the first candidate is refused, which is plain OPD).

Departures from the paper, all off by default: scores other than accuracy, acceptance by a significant gain, a bound
on the KL to W_t. One always holds: a candidate with a score that is not finite is refused. What happens around the
search (choice of parameters and anchor, optimizer state, drawing of the validation set) belongs to the strategy that
calls it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from opdboard_worker.core.paired import paired_interval
from opdboard_worker.core.statistics import frobenius_norms

ScoreName = Literal["accuracy", "negative_reverse_kl"]
ScoreChoice = Literal["accuracy", "negative_reverse_kl", "both"]
Acceptance = Literal[">=", ">", "significant"]

_SCORE_WORDS: dict[ScoreName, str] = {"accuracy": "accuracy", "negative_reverse_kl": "negative reverse KL"}


def candidate_factors(count: int = 5) -> tuple[float, ...]:
    """2 k for k = 1..count, by default 2, 4, 6, 8, 10. The paper's "2k" is a product: not 2, 4, 8, 16, 32."""
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}")
    return tuple(2.0 * k for k in range(1, count + 1))


@torch.no_grad()
def direction(current: Mapping[str, Tensor], anchor: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """D = W_t - A per parameter, in its own dtype: exact while an entry stays within a factor 2 of its anchor.

    Only the parameters named in both move; ValueError if the names differ.
    """
    if differing := sorted(current.keys() ^ anchor.keys()):
        raise ValueError(f"current and anchor weights differ in {len(differing)} names: {', '.join(differing[:3])}")
    return {name: tensor.detach() - anchor[name] for name, tensor in current.items()}


@dataclass(frozen=True)
class Line:
    """W_t and D of the parameters that move: what every candidate W_t + factor D is made of. Both own their memory."""

    start: Mapping[str, Tensor]
    direction: Mapping[str, Tensor]


def direction_norm(direction: Mapping[str, Tensor]) -> float:
    """||D||_F over all parameters together."""
    return float(torch.linalg.vector_norm(frobenius_norms(list(direction.values()))))


@torch.no_grad()
def move_(
    parameters: Mapping[str, Tensor], start: Mapping[str, Tensor], direction: Mapping[str, Tensor], factor: float
) -> None:
    """parameters := start + factor * D in place for the names of D, rounded once; factor 0 restores start bit for bit.

    `start` must own its memory: a candidate is reached from W_t, never from the candidate before it. ValueError
    otherwise.
    """
    for name, step in direction.items():
        parameter, origin = parameters[name], start[name]
        if parameter is origin or parameter.data_ptr() == origin.data_ptr() != 0:
            raise ValueError(f"start weights of {name} share memory with the parameters: pass a copy")
        dtype = torch.promote_types(origin.dtype, torch.float32)
        parameter.copy_(origin if factor == 0 else torch.add(origin.to(dtype), step.to(dtype), alpha=factor))


@dataclass(frozen=True)
class Validation:
    """What one set of weights scored on the N validation examples, which always come in the same order."""

    accuracy_N: Tensor | None
    """Verifier's score of the answers to the examples with labels; None where none has one."""
    negative_reverse_kl_N: Tensor | None
    """-KL(student || teacher) of each example's response, mean over its tokens, nats per token; None without a teacher."""
    kl_to_start: float
    """KL of these weights to W_t, nats per token; 0 for W_t itself."""
    tokens: int
    """Tokens generated and scored for it."""
    seconds: float
    length_N: Tensor | None = None
    """Tokens of each response, which weigh its reverse KL; None weighs all alike."""

    @property
    def accuracy(self) -> float | None:
        """Mean accuracy, None without labels."""
        return None if self.accuracy_N is None else float(self.accuracy_N.double().mean())

    @property
    def negative_reverse_kl(self) -> float:
        """Mean over the tokens of all responses, as eval/reverse_kl is, in nats; NaN without a teacher."""
        if self.negative_reverse_kl_N is None:
            return math.nan
        weight_N = torch.ones_like(self.negative_reverse_kl_N) if self.length_N is None else self.length_N
        weight_N = weight_N.to(self.negative_reverse_kl_N.device, torch.float64)
        return float((self.negative_reverse_kl_N.double() * weight_N).sum() / weight_N.sum())

    @property
    def finite(self) -> bool:
        """Whether every mean that is known is a finite number (no examples at all counts as not finite)."""
        known = [self.kl_to_start, 0.0 if self.accuracy is None else self.accuracy]
        known += [] if self.negative_reverse_kl_N is None else [self.negative_reverse_kl]
        return all(map(math.isfinite, known))

    def score(self, name: ScoreName) -> float:
        """The mean that decides. ValueError where it is not known."""
        values_N = self.per_example(name)
        return self.negative_reverse_kl if name == "negative_reverse_kl" else float(values_N.mean())

    def per_example(self, name: ScoreName) -> Tensor:
        """The score of each example, (N,), float64. ValueError where it is not known."""
        values_N = self.accuracy_N if name == "accuracy" else self.negative_reverse_kl_N
        if values_N is None:
            lacking = "the validation examples have no labels" if name == "accuracy" else "there is no teacher"
            raise ValueError(f"the score is {_SCORE_WORDS[name]}, but {lacking}")
        return values_N.detach().double()


@dataclass(frozen=True)
class AcceptanceRule:
    """When a candidate is taken. The paper: accuracy, ">=", no bound; the authors' code: ">"."""

    score: ScoreChoice = "accuracy"
    """Score or scores to hold; with "both" a candidate must pass on each."""
    acceptance: Acceptance = ">="
    """How its mean must compare with the last accepted; "significant": the paired interval of the difference lies above 0."""
    max_kl: float | None = None
    """Refuse candidates whose KL to W_t (nats per token) exceeds this."""
    confidence: float = 0.95
    """Of the two-sided paired interval."""

    def __post_init__(self) -> None:
        if self.score not in get_args(ScoreChoice):
            raise ValueError(f"unknown score {self.score!r}: choose one of {', '.join(get_args(ScoreChoice))}")
        if self.acceptance not in get_args(Acceptance):
            raise ValueError(f"unknown acceptance {self.acceptance!r}: choose one of {', '.join(get_args(Acceptance))}")
        if not 0.0 < self.confidence < 1.0:
            raise ValueError(f"confidence must lie between 0 and 1, not {self.confidence}")
        if self.max_kl is not None and not self.max_kl >= 0.0:
            raise ValueError(f"max_kl must be at least 0, not {self.max_kl}")

    @property
    def scores(self) -> tuple[ScoreName, ...]:
        """The scores to hold, the one whose gain is reported first."""
        return ("negative_reverse_kl", "accuracy") if self.score == "both" else (self.score,)

    def judge(self, factor: float, candidate: Validation, start: Validation, last: Validation | None = None) -> Try:
        """Compare a candidate with the last accepted weights, W_t (start) where none were; its gain is over W_t."""
        gain, low, high = _gain(self.scores[0], candidate, start, self.confidence)
        passed, reason = self._verdict(candidate, last or start)
        return Try(factor, candidate, gain, low, high, accepted=passed, reason=reason)

    def _verdict(self, candidate: Validation, accepted: Validation) -> tuple[bool, str]:
        if not candidate.finite:
            return False, f"{_describe(candidate)} not finite"
        if self.max_kl is not None and candidate.kl_to_start > self.max_kl:
            return False, f"KL to the start {candidate.kl_to_start:.4g} above the bound {self.max_kl:.4g}"
        compared = [self._comparison(name, candidate, accepted) for name in self.scores]
        refusal = next((clause for passed, clause in compared if not passed), None)
        return refusal is None, refusal or " and ".join(clause for _, clause in compared)

    def _comparison(self, name: ScoreName, candidate: Validation, accepted: Validation) -> tuple[bool, str]:
        if self.acceptance == "significant":
            gain, low, high = _gain(name, candidate, accepted, self.confidence)
            interval = f"{100 * self.confidence:g}% interval {low:.4g} to {high:.4g}, over the last accepted"
            verdict = "above 0" if low > 0 else "not significantly above 0"
            return low > 0, f"{_SCORE_WORDS[name]} gain {gain:.4g} {verdict} ({interval})"
        score, last = candidate.score(name), accepted.score(name)
        passed = score >= last if self.acceptance == ">=" else score > last
        relation = "above" if score > last else "equal to" if score == last else "below"
        return passed, f"{_SCORE_WORDS[name]} {score:.6g} {relation} the last accepted {last:.6g}"


@dataclass(frozen=True)
class Try:
    """One candidate W_t + factor D. The gain is on the rule's first score, over W_t, whatever was accepted before it."""

    factor: float
    validation: Validation
    gain: float
    gain_low: float
    gain_high: float
    accepted: bool
    reason: str


@dataclass(frozen=True)
class Search:
    """A whole line search: the validation of W_t, the candidates tried, and the factor kept (0 = W_t itself).

    overridden: the factor kept is one that the rule refused. note: what the last try does not tell about the outcome.
    """

    start: Validation
    tries: tuple[Try, ...]
    accepted_factor: float
    overridden: bool = False
    note: str = ""

    @property
    def tokens(self) -> int:
        """Validation tokens, those of W_t included."""
        return self.start.tokens + sum(attempt.validation.tokens for attempt in self.tries)

    @property
    def seconds(self) -> float:
        """Validation seconds, those of W_t included."""
        return self.start.seconds + sum(attempt.validation.seconds for attempt in self.tries)

    @property
    def outcome(self) -> str:
        """One sentence: what was kept, and why the search ended."""
        kept = f"moved by factor {self.accepted_factor:g}" if self.accepted_factor else "stayed at the start"
        ordered = " as ordered, although refused" if self.overridden and not self.note else ""
        return f"{kept}{ordered}: {self.reason}"

    @property
    def reason(self) -> str:
        """Why the search ended."""
        if self.note or not self.tries:
            return self.note or "no candidates"
        last = self.tries[-1]
        if self.overridden or (last.accepted and len(self.tries) == 1):
            return last.reason
        if last.accepted:
            return f"all {len(self.tries)} candidates accepted"
        return f"factor {last.factor:g} refused, {last.reason}"


def told_score(score: ScoreChoice, start: Validation) -> ScoreName:
    """The one score of which value and gain are told: the accuracy where that alone decides and is known."""
    return "accuracy" if score == "accuracy" and start.accuracy is not None else "negative_reverse_kl"


def line_search(validate: Callable[[float], Validation], factors: Iterable[float], rule: AcceptanceRule) -> Search:
    """Validate W_t, then candidates in the given order until one is refused; each faces the last *accepted* score.

    `validate(factor)` moves the weights to W_t + factor D and scores them on the same examples each time; moving them
    to the accepted factor afterwards is the caller's part.
    """
    start = accepted = validate(0.0)
    accepted_factor = 0.0
    tries: list[Try] = []
    for factor in factors:
        attempt = rule.judge(factor, validate(factor), start, accepted)
        tries.append(attempt)
        if not attempt.accepted:
            break
        accepted, accepted_factor = attempt.validation, factor
    return Search(start, tuple(tries), accepted_factor)


def single_try(
    validate: Callable[[float], Validation], factor: float, rule: AcceptanceRule, *, override: bool = False
) -> Search:
    """Validate W_t and one candidate. override: take it even if the rule refuses, unless a score is not finite."""
    start = validate(0.0)
    attempt = rule.judge(factor, validate(factor), start)
    overridden = override and not attempt.accepted and attempt.validation.finite
    return Search(start, (attempt,), factor if attempt.accepted or overridden else 0.0, overridden)


def blind_try(
    start: Validation,
    validate: Callable[[float], Validation],
    factor: float,
    score: ScoreChoice = "negative_reverse_kl",
) -> Search:
    """Take one candidate whatever it scores, unless a score is not finite; the scores are for the record."""
    validation = validate(factor)
    gain, low, high = _gain(told_score(score, start), validation, start, 0.95)
    reason = "taken without a test" if validation.finite else f"{_describe(validation)} not finite"
    attempt = Try(factor, validation, gain, low, high, accepted=validation.finite, reason=reason)
    return Search(start, (attempt,), factor if validation.finite else 0.0)


def _gain(
    name: ScoreName, candidate: Validation, accepted: Validation, confidence: float
) -> tuple[float, float, float]:
    """Of the mean that decides, with its paired interval."""
    candidate_N, accepted_N = candidate.per_example(name), accepted.per_example(name)
    if candidate_N.shape != accepted_N.shape:
        raise ValueError(f"paired scores differ in length: {len(candidate_N)} and {len(accepted_N)}")
    weights = None
    if name == "negative_reverse_kl" and candidate.length_N is not None and accepted.length_N is not None:
        weights = (candidate.length_N, accepted.length_N)
    return paired_interval(candidate_N, accepted_N, confidence, weights=weights)


def _describe(validation: Validation) -> str:
    numbers = {"negative reverse KL": validation.negative_reverse_kl, "KL to the start": validation.kl_to_start}
    if validation.accuracy is not None:
        numbers = {"accuracy": validation.accuracy} | numbers
    return ", ".join(f"{name} {number:g}" for name, number in numbers.items() if not math.isfinite(number))
