"""What analyses scored, as lines to draw: of a run with its interval over prompts, of a group over its members."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Annotated, Any, Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.interventions import INTERVENTIONS
from opdboard.domain.measures import SCORES
from opdboard.domain.records import Estimate, ScoreRecord, VariantRecord
from opdboard.panels import lines, look
from opdboard.panels.gathering import Entry, entries
from opdboard.panels.intervals import mean_and_half_width
from opdboard.panels.panel import P, Panel, PanelParams
from opdboard.panels.series import Needs, RunSeries
from opdboard.panels.table import RUN, Column, Row, Table, of_rows

BASE, FINAL = "base", "final"

MEASURES = ("accuracy", "reverse_kl", "recovery", "kl_recovery")
Measure = Annotated[
    Literal["accuracy", "reverse_kl", "recovery", "kl_recovery"],
    Field(
        description="Accuracy by the verifier, reverse KL to the teacher, or the share of the gain between base and trained "
        "weights: recovery = (score - base) / (final - base).",
        json_schema_extra={"x-enum-titles": [SCORES[name].brief for name in MEASURES]},
    ),
]
AnalysisId = Annotated[
    str, Field(max_length=32, description="Id of an analysis to show; empty shows the latest of each run.")
]
_SOURCES = {
    "accuracy": ("accuracy", "score"),
    "reverse_kl": ("reverse_kl", "score"),
    "recovery": ("accuracy", "recovery"),
    "kl_recovery": ("reverse_kl", "recovery"),
}
_NONE = Estimate(np.nan, np.nan, np.nan)


class ScoreParams(PanelParams):
    """Which score."""

    measure: Measure = "recovery"
    analysis: AnalysisId = ""


@dataclass(frozen=True)
class Curve:
    """Variants in rising x: place x, norm of the update, estimate y and its interval; all float64, NaN where unknown."""

    x: np.ndarray
    norm: np.ndarray
    y: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def line(self, uid: str, name: str, color: str, dash: str = "solid", mark: look.Mark | None = None) -> lines.Line:
        """The estimates over x, with their intervals as a band."""
        return lines.Line(uid, name, color, self.x, self.y, self.low, self.high, dash, mark)


def variants(run: RunSeries, kind: str, *families: str) -> list[VariantRecord]:
    """Those of the run's analysis of that kind."""
    analysis = run.analyses.get(kind)
    return [] if analysis is None else [one for one in analysis.variants if not families or one.family in families]


def analysed(compared: Sequence[Entry], kind: str) -> list[Entry]:
    """Those of which a run has that analysis."""
    return [entry for entry in compared if any(variants(run, kind) for run in entry.runs)]


def estimate(variant: VariantRecord, measure: str) -> Estimate:
    """The variant's value of a measure; NaN where it was not scored."""
    name, what = _SOURCES[measure]
    if what == "recovery" and variant.family in (BASE, FINAL):  # by definition, without noise
        share = 0.0 if variant.family == BASE else 1.0
        return Estimate(share, share, share) if score_of(variant, name) else _NONE
    score = score_of(variant, name)
    return _NONE if score is None else getattr(score, what)


def score_of(variant: VariantRecord, name: str) -> ScoreRecord | None:
    """What it scored, 'accuracy' or 'reverse_kl'."""
    return next((score for score in variant.scores if score.measure == name), None)


def curve(entry: Entry, kind: str, families: Sequence[str], measure: str) -> Curve:
    """The variants of these families; of a group the mean over the members that have any, at the x that all of those have."""
    members = [one for one in (_of_run(run, kind, families, measure) for run in entry.runs) if len(one.x)]
    if not members:
        none = np.empty(0)
        return Curve(none, none, none, none, none)
    if not entry.is_group:
        return members[0]
    x = reduce(np.intersect1d, [one.x for one in members])
    at = [np.searchsorted(one.x, x) for one in members]
    y, half = mean_and_half_width(np.array([one.y[where] for one, where in zip(members, at, strict=True)]))
    norm = np.mean([one.norm[where] for one, where in zip(members, at, strict=True)], axis=0)
    return Curve(x, norm, y, y - half, y + half)


def _of_run(run: RunSeries, kind: str, families: Sequence[str], measure: str) -> Curve:
    placed = {one.x: one for one in variants(run, kind, *families) if one.x is not None}
    rising = [placed[x] for x in sorted(placed)]
    found = [estimate(one, measure) for one in rising]
    return Curve(
        np.array(sorted(placed), np.float64),
        np.array([np.nan if one.norm is None else one.norm for one in rising], np.float64),
        *(np.array([getattr(one, end) for one in found], np.float64) for end in ("value", "low", "high")),
    )


def level(entry: Entry, kind: str, family: str, measure: str) -> float:
    """The value of the base or the trained weights, of a group the mean over its members; NaN where it is unknown."""
    values = [estimate(one, measure).value for run in entry.runs for one in variants(run, kind, family)]
    return float(np.mean(values)) if values else np.nan


def levels(compared: Sequence[Entry], kind: str, measure: str, axes: tuple[str, str] = ("x", "y")) -> list[dict]:
    """Lines across the picture at base and trained weights: one pair for recoveries, else one in each entry's colour."""
    if measure.endswith("recovery"):
        return [
            look.across(height, look.faded(look.NEUTRAL, 0.7), dash, axes)
            for height, dash in ((0.0, "dot"), (1.0, "dash"))
        ]
    return [
        look.across(height, look.faded(look.run_color(entry), 0.7), dash, axes)
        for entry in compared
        for family, dash in ((BASE, "dot"), (FINAL, "dash"))
        if np.isfinite(height := level(entry, kind, family, measure))
    ]


def note(compared: Sequence[Entry], kinds: Sequence[str], measure: str = "") -> str | None:
    """Where the intervals come from, who has no analysis of these kinds yet, and whose recovery is of no gain; None when
    nobody has one.
    """
    without = [entry.name for entry in compared if not any(variants(run, kind) for run in entry.runs for kind in kinds)]
    if len(without) == len(compared):
        return None
    scored = [one for entry in compared for run in entry.runs for kind in kinds for one in variants(run, kind)]
    prompts = sorted({len(score.per_prompt) for one in scored for score in one.scores})
    told = [f"{' or '.join(map(str, prompts))} prompts, the same random numbers for all"] if prompts else []
    if any(not entry.is_group for entry in compared):
        told.append("95% intervals over prompts")
    if any(entry.is_group for entry in compared):
        told.append("of a group over its members")
    told += [f"no such analysis of {name} yet" for name in without]
    told += [_unscored(name, _SOURCES[measure][0]) for name in _without_score(compared, kinds, measure)]
    if measure.endswith("recovery"):
        told += [
            f"{entry.name} is no better than the base, so its recovery says nothing"
            for entry in compared
            if not _has_gained(entry, kinds, _SOURCES[measure][0])
        ]
    return "; ".join(told)


def _without_score(compared: Sequence[Entry], kinds: Sequence[str], measure: str) -> list[str]:
    """Who was analysed and has nothing of the measure."""
    if not measure:
        return []
    found = [
        (entry.name, [one for run in entry.runs for kind in kinds for one in variants(run, kind)]) for entry in compared
    ]
    scored = _SOURCES[measure][0]
    return [name for name, all_of in found if all_of and not any(score_of(one, scored) for one in all_of)]


def _unscored(name: str, scored: str) -> str:
    if scored == "accuracy":
        return f"no answers are known to the prompts of {name}, so there is no accuracy: choose the KL"
    return f"{name} has no teacher that tells whole distributions, so there is no KL: choose the accuracy"


def _has_gained(entry: Entry, kinds: Sequence[str], name: str) -> bool:
    """Whether the trained weights score better than the base's; also where that is not known."""
    gains = [
        score.over_base.value
        for run in entry.runs
        for kind in kinds
        for one in variants(run, kind, FINAL)
        if (score := score_of(one, name)) is not None
    ]
    return not gains or (float(np.mean(gains)) > 0 if name == "accuracy" else float(np.mean(gains)) < 0)


def meta(kind: str, told: str | None, *, empty: bool) -> dict[str, Any]:
    """What belongs beside a picture of that kind of analysis: what is told of it, or how to come by one."""
    return {"note": told or f"analyse the run by '{INTERVENTIONS[kind].title}' first", "empty": empty}


def figure(drawn: Sequence[lines.Line], kind: str, told: str | None, measure: str, **layout: Any) -> go.Figure:
    """Lines of scores; the layout has the x axis."""
    shown = [line for line in drawn if np.isfinite(line.y).any()]
    about = meta(kind, told, empty=not shown)
    common = {
        "y_title": look.axis_label(SCORES[measure]),
        "bounds": [SCORES[measure].bounds],
        "odd_axis": None,
        "hovermode": "closest",
    }
    return lines.figure(shown, meta=about, **{"keep": f"{kind} {measure}", **common, **layout})


def panel(
    kind: str,
    title: str,
    description: str,
    params: type[P],
    draw: Callable[[Sequence[RunSeries], P], go.Figure],
    tell: Callable[[Sequence[RunSeries], P], Table] | None = None,
    **more: Any,
) -> Panel[P]:
    """The panel of an analysis, of the same name; its table, unless it tells another, has every set of weights that was scored."""

    def needs(asked: Any) -> Needs:
        return Needs(analyses=(kind,), analysis=asked.analysis)

    def scored(series: Sequence[RunSeries], _params: P) -> Table:
        return table(entries(series), (kind,))

    common = {"topics": (Topic.ANALYSES,), "needs": needs, "gathers": True}
    return Panel(kind, title, description, params, figure=draw, table=tell or scored, **{**common, **more})


def table(compared: Sequence[Entry], kinds: Sequence[str]) -> Table:
    """Every variant of every run with all that it scored; of a group also the means of what all its members have."""
    rows: list[Row] = []
    for entry in compared:
        of_runs = [{_place(kind, one): one for kind in kinds for one in variants(run, kind)} for run in entry.runs]
        for run, found in zip(entry.runs, of_runs, strict=True):
            rows += [(run.name, one.label, one.norm, *_scored([one])) for one in found.values()]
        members = [found for found in of_runs if found]
        if entry.is_group and len(members) > 1:
            shared = [place for place in members[0] if all(place in found for found in members)]
            rows += [_mean_row(entry, [found[place] for found in members]) for place in shared]
    columns = [
        Column(f"{SCORES[name].brief}{end}", SCORES[name].unit)
        for name in MEASURES
        for end in ("", ", lower end", ", upper end")
    ]
    return of_rows([RUN, Column("weights", numeric=False), Column("norm"), *columns], rows)


def _place(kind: str, one: VariantRecord) -> tuple[str, str, float | str]:
    """What the same variant of another run has in common with it, as in curve."""
    return kind, one.family, one.label if one.x is None else one.x


def _mean_row(entry: Entry, members: Sequence[VariantRecord]) -> Row:
    norms = [one.norm for one in members if one.norm is not None]
    norm = float(np.mean(norms)) if len(norms) == len(members) else None
    return f"{entry.name} (n = {len(members)})", members[0].label, norm, *_scored(members)


def _scored(members: Sequence[VariantRecord]) -> list[float | None]:
    """Value and ends of the interval of each measure, None where it is not known; of several their mean and its interval."""
    cells: list[float | None] = []
    for measure in MEASURES:
        found = [estimate(one, measure) for one in members]
        value, low, high = found[0].value, found[0].low, found[0].high
        if len(found) > 1:
            value, half = (float(each) for each in mean_and_half_width(np.array([one.value for one in found])))
            low, high = value - half, value + half
        cells += [each if np.isfinite(each) else None for each in (value, low, high)]
    return cells
