"""How well are named sets of prompts answered? Scores over steps, with base and teacher as levels."""

from collections.abc import Sequence
from functools import reduce
from typing import Literal, NamedTuple

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.records import Estimate, VariantRecord
from opdboard.domain.scalar_measures import OF_SETS
from opdboard.panels import lines, look, scores
from opdboard.panels.evaluated import (
    BASE,
    CHECKPOINT,
    KIND,
    TEACHER,
    differences,
    forgot,
    is_share,
    latest,
    of_set,
    score_of,
    set_names,
)
from opdboard.panels.gathering import Entry, entries
from opdboard.panels.intervals import mean_and_half_width
from opdboard.panels.panel import PanelParams
from opdboard.panels.series import RunSeries
from opdboard.panels.table import RUN, Cell, Column, Row, Table, of_rows

_LEVELS = {BASE: "dot", TEACHER: "dash"}
_ENDS = ("value", "low", "high")


class EvaluateParams(PanelParams):
    """Which measure of which set."""

    measure: Literal["avg", "pass", "maj", "truncated", "length"] = Field(
        default="avg",
        description="Share of right answers, chance that any of n is right, verdict of the majority of n, share of answers that "
        "were cut, or their mean length.",
        json_schema_extra={"x-enum-titles": [measure.brief for measure in OF_SETS.values()]},
    )
    set: str = Field(default="", max_length=40, description="One set of prompts; empty draws all.")
    analysis: scores.AnalysisId = ""


class _Curve(NamedTuple):
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray
    high: np.ndarray


def figure(series: Sequence[RunSeries], params: EvaluateParams) -> go.Figure:
    """A line per run or group and set through base and checkpoints; colours are the runs', of a single one the sets'.

    A level that several have in common is drawn once, in no run's colour.
    """
    compared = entries(series)
    names = set_names(series)
    drawn = [
        line
        for entry in compared
        for place, name in enumerate(names)
        if params.set in ("", name)
        for line in _lines(entry, name, place, params.measure, alone=len(compared) == 1)
    ]
    drawn = _levels_once(drawn)
    about = scores.meta(KIND, _note(compared, names, params), empty=not drawn)
    return lines.figure(
        drawn,
        keep=f"{KIND} {params.measure}",
        meta=about | {"choices": {"set": ["", *names]}},
        y_title=look.axis_label(OF_SETS[params.measure]),
        bounds=[OF_SETS[params.measure].bounds],
        odd_axis=None,
        hovermode="closest",
    )


def _levels_once(drawn: Sequence[lines.Line]) -> list[lines.Line]:
    """Without levels that an earlier run has in common."""
    kept: dict[object, lines.Line] = {}
    for line in drawn:
        kept.setdefault((line.name, float(line.y[0])) if line.color == look.NEUTRAL else line.uid, line)
    return list(kept.values())


def _lines(entry: Entry, name: str, place: int, measure: str, *, alone: bool) -> list[lines.Line]:
    """The scores of checkpoints, and a level for the base and for each teacher."""
    color = look.part_color(entry, place) if alone else look.run_color(entry)
    mark = None if alone and place else look.run_mark(entry)
    title = name if alone else f"{entry.name}, {name}"
    uid = f"{entry.key}:{name}"
    drawn: list[lines.Line] = []
    curve = _curve(entry, name, measure)
    if len(curve.x):
        dash = "solid" if alone else lines.DASHES[place % len(lines.DASHES)]
        drawn.append(lines.Line(uid, title, color, *curve, dash=dash, mark=mark))
    ends = np.array([0.0, max([1.0, *curve.x])])
    for family, dash in _LEVELS.items():
        if family == BASE and not alone and 0.0 in curve.x:
            continue  # the line begins there, and as levels of several runs it would hide the rest
        for label, value in _levels(entry, name, measure, family).items():
            word, shade = f"{name}, {label.split(':')[0]}", color if alone else look.NEUTRAL
            drawn.append(lines.Line(f"{uid}:{label}", word, shade, ends, np.full(2, value), dash=dash))
    return drawn


def _curve(entry: Entry, name: str, measure: str) -> _Curve:
    """Base at step 0 and checkpoints; of a group the mean over the members that have any, with the interval over them."""
    members = [found for run in entry.runs if (found := _by_step(run, name, measure))]
    steps = sorted(reduce(set.intersection, (set(one) for one in members))) if members else []
    x = np.array(steps, np.float64)
    if not steps or not entry.is_group:
        return _Curve(x, *(np.array([getattr(members[0][step], end) for step in steps], np.float64) for end in _ENDS))
    y, half = mean_and_half_width(np.array([[found[step].value for step in steps] for found in members]))
    return _Curve(x, y, y - half, y + half)


def _by_step(run: RunSeries, name: str, measure: str) -> dict[float, Estimate]:
    scored = [(one.x, score_of(one, measure)) for one in of_set(run, name, BASE, CHECKPOINT)]
    return {x: score.score for x, score in scored if x is not None and score is not None}


def _levels(entry: Entry, name: str, measure: str, family: str) -> dict[str, float]:
    """By the label of the weights, of a group the mean over its members."""
    values: dict[str, list[float]] = {}
    for run in entry.runs:
        for one in of_set(run, name, family):
            if (score := score_of(one, measure)) is not None:
                values.setdefault(one.label, []).append(score.score.value)
    return {label: float(np.mean(each)) for label, each in values.items()}


def _note(compared: Sequence[Entry], names: Sequence[str], params: EvaluateParams) -> str | None:
    runs = [run for entry in compared for run in entry.runs if scores.variants(run, KIND)]
    if not runs:
        return None
    grouped = any(entry.is_group for entry in compared)
    told = ["95% intervals of a group over its members" if grouped else "95% intervals over prompts"]
    told += [f"no evaluation of {one.name} yet" for one in compared if not any(run in runs for run in one.runs)]
    last = [(run, name, latest(run, name)) for run in runs for name in names]
    told += [f"{run.name} has forgotten some of {name}" for run, name, one in last if one is not None and forgot(one)]
    if not grouped:
        told += [one.told for one in differences(runs, params.measure) if params.set in ("", one.name)]
    return "; ".join(told)


def table(series: Sequence[RunSeries], params: EvaluateParams) -> Table:
    """A row per run, set and weights with every measure, its interval and its gain over the base; then runs' differences."""
    found = [one for run in series for one in scores.variants(run, KIND)]
    measures = sorted({score.measure for one in found for score in one.scores}, key=_place)
    names = [name for name in set_names(series) if params.set in ("", name)]
    rows: list[Row] = [
        (run.name, name, one.label, *_counts(one), *_cells(one, measures), "yes" if forgot(one) else "")
        for run in series
        for name in names
        for one in of_set(run, name)
    ]
    runs = [run for run in series if not run.group and scores.variants(run, KIND)]
    for other in runs[1:]:
        told = [{one.name: one.gain for one in differences((runs[0], other), measure)} for measure in measures]
        for name in names:
            gains = [one.get(name) for one in told]
            if any(gains):
                cells = [cell for gain in gains for cell in (*_ends(gain), *_ends(None))]
                rows.append((f"{other.name} − {runs[0].name}", name, "latest checkpoints", None, None, *cells, ""))
    ends = ("", " low", " high", " over base", " over base low", " over base high")
    numbers = [Column(f"{one}{end}", "share" if is_share(one) else "tokens") for one in measures for end in ends]
    texts = [RUN, Column("set", numeric=False), Column("weights", numeric=False)]
    counts = [Column("answers per prompt"), Column("prompts")]
    return of_rows([*texts, *counts, *numbers, Column("forgotten", numeric=False)], rows)


def _place(measure: str) -> tuple[int, int]:
    word, _, k = measure.partition("@")
    return list(OF_SETS).index(word), int(k or 0)


def _counts(one: VariantRecord) -> tuple[int, int]:
    return one.details["samples"], one.details["prompts"]


def _cells(one: VariantRecord, measures: Sequence[str]) -> list[Cell]:
    found = [scores.score_of(one, measure) for measure in measures]
    return [cell for score in found for cell in (*_ends(score and score.score), *_ends(score and score.over_base))]


def _ends(estimate: Estimate | None) -> list[Cell]:
    values = [np.nan if estimate is None else getattr(estimate, end) for end in _ENDS]
    return [value if np.isfinite(value) else None for value in values]


PANEL = scores.panel(
    KIND,
    "How well are the sets answered?",
    "Right answers on named sets of prompts, over checkpoints; dotted: the base, dashed: the teacher.",
    EvaluateParams,
    figure,
    table,
)
