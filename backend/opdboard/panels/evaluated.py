"""What evaluations found, set by set, and what of two runs can be compared prompt by prompt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from opdboard.domain.records import Estimate, ScoreRecord, VariantRecord
from opdboard.panels import look, scores
from opdboard.panels.intervals import paired
from opdboard.panels.series import RunSeries

KIND = "evaluate"
BASE, TEACHER, CHECKPOINT = "base", "teacher", "checkpoint"
_WORDS = {"samples": "answers per prompt", "temperature": "temperatures", "max_response_tokens": "response limits"}


def set_names(series: Sequence[RunSeries]) -> list[str]:
    """Of all runs' sets, targets first and then those for forgetting."""
    found: dict[str, bool] = {}
    for run in series:
        for one in scores.variants(run, KIND):
            found.setdefault(one.details["set"], one.details["forgetting"])
    return sorted(found, key=lambda name: found[name])


def of_set(run: RunSeries, name: str, *families: str) -> list[VariantRecord]:
    """What weights of these families made of a set, in the order in which they were scored."""
    return [one for one in scores.variants(run, KIND, *families) if one.details["set"] == name]


def score_of(one: VariantRecord, measure: str) -> ScoreRecord | None:
    """What was scored; 'pass' is pass@k of the largest k. None where no answer is known."""
    return scores.score_of(one, f"pass@{one.details['samples']}" if measure == "pass" else measure)


def unlike(ours: VariantRecord, theirs: VariantRecord) -> str | None:
    """What of how two were asked differs, in a sentence; None where nothing does."""
    for key, word in _WORDS.items():
        if ours.details[key] != theirs.details[key]:
            return f"the {word} are {ours.details[key]:g} and {theirs.details[key]:g}"
    return None


def is_share(measure: str) -> bool:
    """Whether it is one of answers or prompts."""
    return measure != "length"


def latest(run: RunSeries, name: str) -> VariantRecord | None:
    """The latest checkpoint that has answered a set."""
    return max(of_set(run, name, CHECKPOINT), key=lambda one: one.x or 0.0, default=None)


def forgot(one: VariantRecord) -> bool:
    """Whether a checkpoint answers a set that training is not about worse than the base: the paired interval lies below 0."""
    score = scores.score_of(one, "avg") if one.family == CHECKPOINT and one.details["forgetting"] else None
    return score is not None and score.over_base.high < 0


@dataclass(frozen=True)
class Difference:
    """A run's latest checkpoint minus the reference's, on one set, prompt by prompt; gain None: `without` says why not."""

    run: str
    reference: str
    name: str
    gain: Estimate | None
    without: str = ""

    @property
    def told(self) -> str:
        """In a sentence."""
        if self.gain is None:
            return f"{self.run} and {self.reference} are not compared prompt by prompt on {self.name}: {self.without}"
        value, low, high = (look.signed(one) for one in (self.gain.value, self.gain.low, self.gain.high))
        return f"{self.run} − {self.reference} on {self.name}: {value} ({low} to {high})"


def differences(runs: Sequence[RunSeries], measure: str) -> Iterator[Difference]:
    """Every other run against the first, on the sets that both have answered under the same name."""
    for other in runs[1:]:
        for name in set_names(runs[:1]):
            ours, theirs = latest(runs[0], name), latest(other, name)
            if ours is None or theirs is None:
                continue
            gain, without = _compared(runs[0], other, ours, theirs, measure)
            yield Difference(other.name, runs[0].name, name, gain, without)


def _compared(
    first: RunSeries, other: RunSeries, ours: VariantRecord, theirs: VariantRecord, measure: str
) -> tuple[Estimate | None, str]:
    seeds = [run.analyses[KIND].parameters.get("seed") for run in (first, other)]
    if seeds[0] != seeds[1]:
        return None, f"the seeds are {seeds[0]} and {seeds[1]}"
    if why := unlike(ours, theirs):
        return None, why
    if ours.details["fingerprint"] != theirs.details["fingerprint"]:
        return None, "the prompts differ"
    reference, score = score_of(ours, measure), score_of(theirs, measure)
    if reference is None or score is None:
        return None, "no answer is known"
    values = (np.array(one.per_prompt, np.float64) for one in (score, reference))
    return paired(*values, shares=is_share(measure)), ""
