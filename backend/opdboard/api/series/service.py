"""Series of a run, thinned for transport."""

import numpy as np

from opdboard.api.arrays import encode
from opdboard.api.context import Context
from opdboard.api.parameters import split_list
from opdboard.api.rows import filled
from opdboard.api.series.schemas import (
    CurveCard,
    CurveGroup,
    CurveGroups,
    ModuleList,
    ModuleOut,
    ScalarOut,
    SeriesOut,
    SeriesQuery,
    StatisticOut,
    StatisticQuery,
)
from opdboard.db import runs, series
from opdboard.domain.errors import BadInput
from opdboard.domain.key_curves import key_curves
from opdboard.domain.measures import (
    ALIGNMENT_DEPTHS,
    ALIGNMENTS,
    ESTIMATOR_STATISTIC,
    MODULE_STATISTICS,
    POSITION_STATISTIC,
    cards,
)
from opdboard.domain.modules import Module
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import RunState
from opdboard.domain.scalar_measures import GROUPS, SCALARS
from opdboard.panels.thinning import keep_extremes

STATISTICS = (
    *MODULE_STATISTICS,
    *(f"{name}@{k}" for name in ALIGNMENTS if name != "direction_cosine" for k in ALIGNMENT_DEPTHS),
    "direction_cosine",
    POSITION_STATISTIC,
)


MOST_SENT = 2_000_000  # points of one answer: 64 MB
_READ_AT_ONCE = 500_000  # points; beyond it one key is read after the other


def scalars(context: Context, run_id: str, query: SeriesQuery) -> SeriesOut:
    """The points asked for; a key that the run lacks is left out. BadInput when they are too many for one answer."""
    keys = split_list(query.keys, where="keys", at_most=200)
    within = (query.first or None, query.last)
    answer: dict[str, ScalarOut] = {}
    with context.database.snapshot() as session:
        run = runs.get(session, run_id)
        keys = keys or series.scalar_keys(session, [run_id])
        size = 1 if run.step * len(keys) > _READ_AT_ONCE else len(keys)
        for at in range(0, len(keys), size or 1):
            stored = series.read_scalars(session, run_id, keys[at : at + size], within=within, after=query.after)
            for key, points in stored.items():
                points = points.between(query.first, query.last)
                if len(points.steps):
                    answer[key] = _scalar(points, query.max_points)
            _check_size(answer)
    return SeriesOut(seq=run.seq, rewound_seq=run.rewound_seq, series=answer)


def _check_size(answer: dict[str, ScalarOut]) -> None:
    sent = sum(one.shown for one in answer.values())
    if sent > MOST_SENT:
        raise BadInput(
            f"these are more than {MOST_SENT} points, too many for one answer: ask for fewer keys, for steps from `first` to "
            "`last`, or for fewer max_points",
            where="max_points",
        )


def _scalar(points: series.ScalarSeries, max_points: int) -> ScalarOut:
    kept = keep_extremes(points.steps, points.values, max_points)
    return ScalarOut(
        steps=encode(points.steps[kept]),
        values=encode(points.values[kept]),
        times=encode(points.times[kept]),
        total=len(points.steps),
        shown=len(kept),
    )


def curve_groups(context: Context, run_id: str) -> CurveGroups:
    """The run's scalars, those that share a picture together."""
    with context.database.read() as session:
        run = runs.get(session, run_id)
        stored, watched, is_job = run.latest, bool(run.modules), RunKind(run.kind).is_job
        ended = RunState(run.state).ended
    known = stored or (() if ended else SCALARS)
    few = key_curves(stored if is_job else known, watched=watched or not (stored or ended))
    return CurveGroups(
        overview=[CurveCard(title=title, keys=keys) for title, keys in few.items()],
        groups=[
            CurveGroup(
                name=name,
                title=GROUPS.get(name, name),
                cards=[CurveCard(title=title, keys=keys) for title, keys in pictures.items()],
            )
            for name, pictures in cards(known).items()
        ],
    )


def modules(context: Context, run_id: str) -> ModuleList:
    """The run's modules in the order of its vectors."""
    with context.database.snapshot() as session:
        stored = runs.get(session, run_id).modules
    return ModuleList(modules=[filled(ModuleOut, Module.from_json(entry)) for entry in stored])


def statistic(context: Context, run_id: str, name: str, query: StatisticQuery) -> StatisticOut:
    """Vectors of a statistic; BadInput lists the names there are."""
    known = (*STATISTICS, ESTIMATOR_STATISTIC)
    if name not in known:
        raise BadInput(f"there is no statistic {name!r}; statistics are {', '.join(known)}", where="statistic")
    with context.database.snapshot() as session:
        run = runs.get(session, run_id)
        stored = series.read_vectors(
            session,
            run_id,
            name,
            after=query.after,
            step=query.step,
            within=(query.first or None, query.last),
            reference_step=query.reference_step,
        )
    return StatisticOut(
        seq=run.seq,
        steps=stored.steps.tolist(),
        reference_steps=[None if step < 0 else step for step in stored.reference_steps.tolist()],
        values=encode(np.atleast_2d(stored.values), "f4"),
    )
