"""The speed-up meter over stored series."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from math import isfinite
from typing import Any

import numpy as np

from opdboard.api.compare.schemas import RowWordsOut, SpeedupOut, SpeedupQuery, SpeedupRowOut
from opdboard.api.context import Context
from opdboard.api.entries import entries
from opdboard.api.rows import filled
from opdboard.db import series
from opdboard.db.groups import Entry
from opdboard.domain.contenders import Contender
from opdboard.domain.errors import BadInput
from opdboard.domain.measures import scalar
from opdboard.domain.reaching import SLACK, Curve
from opdboard.domain.run_state import RunState
from opdboard.domain.scalar_measures import SCALARS
from opdboard.domain.speedup import Speedup, SpeedupRow, speedup
from opdboard.domain.speedup_notes import notes
from opdboard.domain.speedup_words import how_measured, row_words, target_sentence

_ACCURACY, _JUDGED = "eval/accuracy", "eval/judged"
_COSTS = ("tokens", "search_tokens", "seconds", "search_seconds", "gpu_seconds")


def speedups(context: Context, query: SpeedupQuery) -> SpeedupOut:
    """A row per entry; BadInput when the metric has no better direction or the reference is not among the entries."""
    measure = scalar(query.metric)
    if measure.better is None:
        usable = ", ".join(name for name, known in SCALARS.items() if known.better)
        raise BadInput(
            f"{query.metric!r} has no better direction to measure by; choose one of {usable}", where="metric"
        )
    with context.database.snapshot() as session:
        found = entries(session, query.runs)
        stored = series.read_scalars_of_all(
            session, [run.id for entry in found for run in entry.runs], [query.metric, _JUDGED, *_COSTS], timed=False
        )
    contenders = {entry.key: _contender(entry, name, stored, query.metric) for entry, name in _named(found)}
    reference = query.reference or found[0].key
    measured = speedup(list(contenders.values()), reference, query.share, measure.better)
    return filled(
        SpeedupOut,
        measured,
        metric=query.metric,
        reference=reference,
        smoothing="running median of 3",
        slack=SLACK,
        told=target_sentence(measured, contenders[reference], query.share, query.metric),
        method="" if measured.target is None else how_measured(measured.rows, SLACK),
        notes=notes(measured, contenders, reference, query.metric),
        rows=[_row(row, measured, contenders, reference, query.metric) for row in measured.rows],
    )


def _row(
    row: SpeedupRow, measured: Speedup, contenders: Mapping[str, Contender], reference: str, metric: str
) -> SpeedupRowOut:
    own, words = contenders[row.key], row_words(row, measured, contenders, reference, metric)
    return filled(
        SpeedupRowOut,
        row,
        against_best=row.against_best or None,
        name=own.name,
        method=own.method,
        learning_rates=sorted(set(own.learning_rates)),
        words=filled(RowWordsOut, words, against_best=words.against_best or None),
    )


def _named(found: Sequence[Entry]) -> list[tuple[Entry, str]]:
    """Each with its name, and its key where another has the same."""
    times = Counter(entry.name for entry in found)
    return [(entry, entry.name if times[entry.name] == 1 else f"{entry.name} ({entry.key})") for entry in found]


def _contender(
    entry: Entry, name: str, stored: Mapping[str, Mapping[str, series.ScalarSeries]], metric: str
) -> Contender:
    states = [RunState(run.state) for run in entry.runs]
    return Contender(
        key=entry.key,
        name=name,
        curves=[_curve(stored[run.id], metric) for run in entry.runs],
        seeds=[run.config["seed"] if isinstance(run.config.get("seed"), int) else None for run in entry.runs],
        method=entry.runs[0].method,
        learning_rates=_told(entry, "optimizer", "learning_rate"),
        batch_sizes=_told(entry, "budget", "batch_size"),
        held_out_sizes=[
            *_told(entry, "monitoring", "held_out_size"),
            *_told(entry, "monitoring", "held_out_share"),
        ],
        temperatures=_told(entry, "budget", "temperature"),
        going=any(not state.ended for state in states),
        failed=RunState.FAILED in states,
        answers=_answers(entry, stored) if metric == _ACCURACY else None,
        last_step=max(run.step for run in entry.runs),
    )


def _answers(entry: Entry, stored: Mapping[str, Mapping[str, series.ScalarSeries]]) -> int | None:
    """Held-out responses that the accuracy is a share of: those with a known answer, told where they are not all."""
    judged = [stored[run.id][_JUDGED].values.tolist() for run in entry.runs if _JUDGED in stored[run.id]]
    counts = [*chain(*judged), *_told(entry, "monitoring", "held_out_size")]
    return min((int(count) for count in counts if isfinite(count) and count >= 1), default=None)


def _told(entry: Entry, section: str, key: str) -> list[Any]:
    """The numbers that a setting is in the runs of an entry; a run that tells none (a reported one may) is passed over."""
    sections = [run.config.get(section) for run in entry.runs]
    values = [one.get(key) for one in sections if isinstance(one, dict)]
    return [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]


def _curve(stored: Mapping[str, series.ScalarSeries], metric: str) -> Curve:
    """The metric's evaluations with the costs stored at the same steps."""
    if metric not in stored:
        return Curve([], [], [], [], [], [], [])
    steps = stored[metric].steps
    costs = {cost: _at(stored.get(cost), steps) for cost in _COSTS}
    if "search_tokens" in stored:  # a trainer that has no search reports none
        costs["tokens"] = [sum(each) for each in zip(costs["tokens"], costs["search_tokens"], strict=True)]
    return Curve(steps=steps.tolist(), values=stored[metric].values.tolist(), **costs)


def _at(cost: series.ScalarSeries | None, steps: np.ndarray) -> list[float]:
    if cost is None or not len(cost.steps):
        return [float("nan")] * len(steps)
    nearest = np.minimum(np.searchsorted(cost.steps, steps), len(cost.steps) - 1)
    return np.where(cost.steps[nearest] == steps, cost.values[nearest], np.nan).tolist()
