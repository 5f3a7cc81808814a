"""How a run answers an evaluation set as it trains: scores, gains over the base, differences to another run.

Differences are of the same prompts, answered with the same random numbers. The intervals of a run are over prompts: its own
score's and its gain's as its worker found them, those of a difference to another run over the prompts that both were asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Annotated, Any, Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.measure import ANY
from opdboard.domain.records import Estimate, VariantRecord
from opdboard.domain.scalar_measures import OF_SETS
from opdboard.panels import lines, look
from opdboard.panels.evaluated import is_share, score_of, unlike
from opdboard.panels.gathering import Entry, entries
from opdboard.panels.intervals import mean_and_half_width, paired
from opdboard.panels.panel import Panel, PanelParams
from opdboard.panels.series import IN_TRAINING, Needs, RunSeries
from opdboard.panels.table import Table


class SetScoreParams(PanelParams):
    """Which set, which of its measures, against what."""

    set: str = Field(default="", max_length=40, description="Evaluation set; empty takes the first.")
    measure: Literal["avg", "pass", "maj", "truncated", "length"] = Field(
        default="avg",
        description="Share of right answers, prompts with a right answer among n, prompts that most answers get right, answers cut at the "
        "limit, or length.",
        json_schema_extra={"x-enum-titles": [measure.brief for measure in OF_SETS.values()]},
    )
    against: Literal["none", "base", "reference"] = Field(
        default="none",
        description="Minus nothing, minus the run's base weights, or minus the reference run, on the same prompts.",
        json_schema_extra={"x-enum-titles": ["scores", "minus base", "minus reference"]},
    )
    reference: Annotated[str, Field(max_length=1000, description="Run or group; empty takes the first.")] = ""


@dataclass(frozen=True)
class _OfRun:
    """What a run scored on a set: records by step, the base's at 0; keys: of the prompts that have the measure, in order."""

    by_step: dict[int, VariantRecord]
    keys: Sequence[str]

    @property
    def asked(self) -> dict[str, Any]:
        """How the set was asked."""
        return self.by_step[0].details

    @property
    def steps(self) -> set[int]:
        """Those at which the prompts were the base's: an attempt that resumed may have found other data."""
        return {step for step, one in self.by_step.items() if one.details["fingerprint"] == self.asked["fingerprint"]}


def _needs(_params: SetScoreParams) -> Needs:
    return Needs(analyses=(IN_TRAINING,))


def _records(run: RunSeries) -> Sequence[VariantRecord]:
    found = run.analyses.get(IN_TRAINING)
    return [] if found is None else found.variants


def _names(series: Sequence[RunSeries]) -> list[str]:
    return list(dict.fromkeys(one.details["set"] for run in series for one in _records(run)))


def _of_run(run: RunSeries, name: str, measure: str) -> _OfRun | None:
    """None without any score on the set."""
    found = {int(one.x or 0): one for one in _records(run) if one.details["set"] == name}
    base = found.get(0)
    if base is None:
        return None
    keys, unjudged = base.details["keys"], set(base.details["unjudged"])
    whole = measure in ("truncated", "length")
    return _OfRun(found, [key for place, key in enumerate(keys) if whole or place not in unjudged])


def _estimates(of: _OfRun, measure: str, against: str) -> dict[int, Estimate]:
    found: dict[int, Estimate] = {}
    for step, record in of.by_step.items():
        score = score_of(record, measure)
        if score is not None and not (against == "base" and step == 0):
            found[step] = score.over_base if against == "base" else score.score
    return found


def _line(entry: Entry, found: Sequence[dict[int, Estimate]], dash: str) -> lines.Line:
    """Of one run its estimates; of several their mean and its interval over the members, at the steps that all have."""
    steps = sorted(reduce(lambda left, right: left & right, (set(one) for one in found)))
    x = np.array(steps, np.float64)
    values_MS = np.array([[one[step].value for step in steps] for one in found], np.float64).reshape(
        len(found), len(steps)
    )
    if entry.is_group:
        y, half = mean_and_half_width(values_MS)
        low, high = y - half, y + half
    else:
        y = values_MS[0]
        low, high = (np.array([getattr(found[0][step], end) for step in steps], np.float64) for end in ("low", "high"))
    name = f"{entry.name} (n = {len(found)})" if entry.is_group else entry.name
    return lines.Line(entry.key, name, look.run_color(entry), x, y, low, high, dash, look.run_mark(entry))


def _difference(own: Sequence[_OfRun], other: Sequence[_OfRun], measure: str) -> tuple[dict[int, Estimate], int]:
    """By step; of a group the mean over its members of each prompt's score. And how many prompts are shared."""
    shared = sorted(reduce(lambda left, right: left & right, (set(one.keys) for one in (*own, *other))))
    steps = reduce(lambda left, right: left & right, (one.steps for one in (*own, *other)))
    if len(shared) < 2:
        return {}, len(shared)
    ours, theirs = (_per_prompt(side, shared, sorted(steps), measure) for side in (own, other))
    found: dict[int, Estimate] = {}
    for place, step in enumerate(sorted(steps)):
        found[step] = paired(ours[place], theirs[place], shares=is_share(measure))
    return found, len(shared)


def _per_prompt(side: Sequence[_OfRun], shared: Sequence[str], steps: Sequence[int], measure: str) -> np.ndarray:
    """(steps, prompts), the mean over the members."""
    of_members = []
    for one in side:
        at = {key: place for place, key in enumerate(one.keys)}
        places = [at[key] for key in shared]
        scores = [score_of(one.by_step[step], measure) for step in steps]
        of_members.append([np.asarray(score.per_prompt)[places] for score in scores if score is not None])
    return np.mean(of_members, axis=0)


def _drawn(series: Sequence[RunSeries], params: SetScoreParams) -> tuple[list[lines.Line], list[str], str]:
    """Lines, what is to be told beside them, and the set's name."""
    names = _names(series)
    name = params.set or next(iter(names), "")
    compared = entries(series)
    scored = [
        [one for run in entry.runs if (one := _of_run(run, name, params.measure)) is not None] for entry in compared
    ]
    told = [f"{entry.name} has no scores on {name}" for entry, of in zip(compared, scored, strict=True) if not of]
    there = [(entry, of) for entry, of in zip(compared, scored, strict=True) if of]
    if not there:
        return [], [], name
    reference = next((one for one in there if one[0].key == params.reference), None)
    if params.against == "reference" and reference is None:
        reference = there[0]
    drawn: list[lines.Line] = []
    for entry, of in there:
        dash = lines.DASHES[[other.key for other, _ in there if other.color == entry.color].index(entry.key) % 6]
        if params.against != "reference" or reference is None:
            drawn.append(_line(entry, [_estimates(one, params.measure, params.against) for one in of], dash))
            continue
        if entry.key == reference[0].key:
            continue
        base = reference[1][0].by_step[0]
        why = next((words for one in (*of, *reference[1]) if (words := unlike(one.by_step[0], base))), None)
        found, shared = ({}, 0) if why else _difference(of, reference[1], params.measure)
        if why or shared < 2:
            why = why or "they share no prompt that is told and judged alike (other data, verifier or instruction)"
            told.append(f"{entry.name} is not compared with {reference[0].name}: {why}")
            continue
        asked = max(len(one.keys) for one in (*of, *reference[1]))
        if shared < asked:
            told.append(f"{entry.name}: over the {shared} of {asked} prompts that both were asked")
        line = _line(Entry(entry.key, entry.name, entry.color, entry.runs, is_group=False), [found], dash)
        drawn.append(line)
    return drawn, [*_about(there, params), *told], name


def _about(there: Sequence[tuple[Entry, list[_OfRun]]], params: SetScoreParams) -> list[str]:
    asked = there[0][1][0].asked
    n = asked["samples"]
    told = [f"{asked['prompts']} prompts, {n} answer{'s' * (n > 1)} to each"]
    if asked["forgetting"]:
        told.append("training is not about this set")
    told += _otherwise(there)
    over_groups = any(entry.is_group for entry, _ in there) and params.against != "reference"
    told.append("95% intervals over prompts" + (", of a group over its members" if over_groups else ""))
    return told


def _otherwise(there: Sequence[tuple[Entry, list[_OfRun]]]) -> list[str]:
    """Who was not asked what the first was asked, or something else later than at first."""
    told: list[str] = []
    beside, (first, *_) = there[0]
    for entry, of in there:
        why = next((words for one in of if (words := _unlike(one, first))), None)
        if why:
            told.append(
                f"{entry.name} is not asked as {beside.name if entry.key != beside.key else 'its first run'} is: {why}"
            )
        later = [min(one.by_step.keys() - one.steps) for one in of if one.by_step.keys() - one.steps]
        if later:
            told.append(f"{entry.name} answers other prompts from step {min(later)} on, as its data have changed")
    return told


def _unlike(one: _OfRun, first: _OfRun) -> str | None:
    same = one.asked["fingerprint"] == first.asked["fingerprint"]
    return unlike(one.by_step[0], first.by_step[0]) or (None if same else "the prompts differ")


def _title(series: Sequence[RunSeries], name: str, params: SetScoreParams) -> str:
    asked = {one.details["samples"] for run in series for one in _records(run) if one.details["set"] == name}
    measure = OF_SETS[params.measure]
    counted = measure.brief.replace("@n", f"@{asked.pop()}") if len(asked) == 1 else measure.brief
    return look.with_unit(f"{counted}{' difference' if params.against != 'none' else ''}", measure.unit)


def figure(series: Sequence[RunSeries], params: SetScoreParams) -> go.Figure:
    """A line per run or group over steps; the base stands at step 0."""
    drawn, told, name = _drawn(series, params)
    note = (
        "; ".join(told)
        or "no evaluation set is scored while these runs train: name some under 'Evaluation sets' at the launch"
    )
    return lines.figure(
        drawn,
        keep=f"set_scores {name} {params.measure} {params.against}",
        meta={"note": note, "choices": {"set": _names(series)}},
        y_title=_title(series, name, params),
        bounds=[OF_SETS[params.measure].bounds if params.against == "none" else ANY],
        odd_axis=None,
        hovermode="closest",
        shapes=[look.across(0.0, look.faded(look.NEUTRAL, 0.7), "dot")] if params.against != "none" and drawn else [],
    )


def table(series: Sequence[RunSeries], params: SetScoreParams) -> Table:
    """A column per line and the ends of its interval."""
    drawn, _, _ = _drawn(series, params)
    return lines.table(drawn, OF_SETS[params.measure].unit, ends=("lower end of 95%", "upper end of 95%"))


PANEL = Panel(
    name="set_scores",
    title="How are the evaluation sets answered?",
    description="Scores on a named set as training goes, gains over the base, and paired differences between runs, with 95% intervals.",
    params=SetScoreParams,
    topics=(Topic.ANALYSES,),
    needs=_needs,
    figure=figure,
    table=table,
    gathers=True,
)
