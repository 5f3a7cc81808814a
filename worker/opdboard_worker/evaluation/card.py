"""What a model card says of an evaluation: the exported checkpoint beside base and teacher, set by set."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from opdboard.db import analyses
from opdboard.db.tables import Run
from opdboard.domain.records import Estimate, ScoreRecord, VariantRecord

_HEAD = ["set", "weights", "avg@n", "pass@n", "maj@n", "cut off", "tokens", "avg@n over base"]


@dataclass(frozen=True)
class Evaluated:
    """A table, and a sentence on every set."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    sets: Sequence[str]


def evaluated(session: Session, run: Run, step: int | None) -> Evaluated | None:
    """Of the latest evaluation that a checkpoint has a part in, else of the run's own as it trained; None without one.

    step: of the checkpoint. Weights that nobody has evaluated are told nothing of: another step's scores are not theirs.
    """
    sources = [*analyses.with_results(session, [run.id], ["evaluate"]), run]
    for source in sources:
        found = [analyses.record_of(row) for row in analyses.variants_of(session, source.id)]
        shown = [one for one in found if one.family in ("base", "teacher") or one.x == step]
        sets = dict.fromkeys(one.details["set"] for one in shown if one.family == "checkpoint")
        if sets:
            by_set = [[one for one in shown if one.details["set"] == name] for name in sets]
            return Evaluated(_HEAD, [_row(one) for each in by_set for one in each], [_about(each) for each in by_set])
    return None


def _row(one: VariantRecord) -> list[str]:
    scores = {score.measure: score for score in one.scores}
    n = one.details["samples"]
    gain = scores["avg"].over_base if "avg" in scores and one.family != "base" else None
    return [
        one.details["set"],
        one.label,
        *(_share(scores.get(measure)) for measure in ("avg", f"pass@{n}", "maj")),
        f"{scores['truncated'].score.value:.1%}",
        f"{scores['length'].score.value:.4g}",
        "" if gain is None else _told(gain, "{:+.1%}"),
    ]


def _share(score: ScoreRecord | None) -> str:
    return "" if score is None else _told(score.score, "{:.1%}")


def _told(estimate: Estimate, form: str) -> str:
    """With its interval where there is one."""
    ends = [form.format(end) for end in (estimate.low, estimate.high) if end == end]
    if estimate.value != estimate.value:
        return ""
    return form.format(estimate.value) + (f" ({' to '.join(ends)})" if len(ends) > 1 else "")


def _about(records: Sequence[VariantRecord]) -> str:
    one = records[0].details
    last = next(record for record in records if record.family == "checkpoint")
    gain = next((score.over_base for score in last.scores if score.measure == "avg"), None)
    forgotten = one["forgetting"] and gain is not None and gain.high < 0
    return (
        f"`{one['set']}`: {one['prompts']} prompts, n = {one['samples']}, temperature {one['temperature']:g}, at most "
        f"{one['max_response_tokens']} tokens"
        + ("; training is not about it" if one["forgetting"] else "")
        + (", and some of it is forgotten" if forgotten else "")
        + "."
    )
