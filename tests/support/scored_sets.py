"""What training runs report of evaluation sets, with known values."""

import math
from collections.abc import Sequence
from typing import Any

from opdboard.domain.records import Estimate, ScoreRecord, VariantRecord

UNKNOWN = Estimate(math.nan, math.nan, math.nan)


def scored_set(
    step: int,
    right: Sequence[int],
    *,
    name: str = "sums",
    forgetting: bool = False,
    place: int = 0,
    over: Estimate = UNKNOWN,
    **details: Any,
) -> VariantRecord:
    """Of 4 answers to each prompt so many are right; a prompt of -1 has no answer. Intervals of scores are 0.1 wide."""
    known = [one for one in right if one >= 0]
    average = [one / 4 for one in known]
    told = {
        "avg": average,
        "pass@4": [float(one > 0) for one in known],
        "maj": [float(one > 2) for one in known],
        "truncated": [0.25] * len(right),
        "length": [10.0 + step + one for one in range(len(right))],
    }
    about = {
        "set": name, "forgetting": forgetting, "samples": 4, "temperature": 1.0, "max_response_tokens": 64,
        "fingerprint": "f", "prompts": len(right), "judged": len(known), "trained_on": 0, "too_long": 0,
    } | details  # fmt: skip
    if step == 0:
        about = {"keys": [f"p{at}" for at in range(len(right))]} | about
        about["unjudged"] = [at for at, one in enumerate(right) if one < 0]
    scores = []
    for measure, values in told.items():
        mean = sum(values) / len(values) if values else math.nan
        own = over if measure == "avg" and step else UNKNOWN
        scores.append(ScoreRecord(measure, Estimate(mean, mean - 0.05, mean + 0.05), own, UNKNOWN, UNKNOWN, values))
    family = "checkpoint" if step else "base"
    return VariantRecord(step * 16 + place + 1, family, float(step), f"step {step}", None, scores, about)
