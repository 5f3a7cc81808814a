"""Runs as panels are given them, made of arrays with known values."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from opdboard.domain.measures import (
    ESTIMATOR_STATISTIC,
    MODULE_NORMS,
    MODULE_STATISTICS,
    POSITION_BINS,
    POSITION_STATISTIC,
)
from opdboard.domain.modules import Module
from opdboard.domain.records import Estimate
from opdboard.panels.health import VIEWS
from opdboard.panels.series import IN_TRAINING, AlertMark, Analysis, Needs, Points, RunSeries, Trigger, Vectors
from support.analysed import PARAMETERS, SERIES_OF, found
from support.scored_sets import scored_set
from support.stored_runs import candidate, decision, some_modules

SNAPSHOTS = np.array([1, 2, 4, 8, 16])
SEQ_OF_STEP = 10  # step s was written at sequence s + 10


def points(steps: np.ndarray, values: Sequence[float] | np.ndarray) -> Points:
    """A scalar whose points were written step by step."""
    return Points(steps.astype(np.int64), np.asarray(values, np.float64), steps.astype(np.int64) + SEQ_OF_STEP)


def vectors(steps: np.ndarray, values: np.ndarray, reference: int = -1) -> Vectors:
    """A statistic; alignments to a reference were all written with it."""
    written = steps if reference < 0 else np.full(len(steps), reference)
    references = np.full(len(steps), reference)
    return Vectors(steps.astype(np.int64), references, np.asarray(values, np.float32), written + SEQ_OF_STEP)


def drawn_run(
    number: int = 0, *, name: str = "", steps: int = 20, layers: int = 3, modules: list[Module] | None = None
) -> RunSeries:
    """A run with every kind of data; its number scales all values."""
    modules = some_modules(layers) if modules is None else modules
    every, evaluated = np.arange(steps + 1), np.arange(0, steps + 1, 4)
    ramp = (np.arange(len(modules)) + 1.0) * (number + 1)
    snapshots = SNAPSHOTS[steps >= SNAPSHOTS]
    statistics = {
        key: vectors(at, np.sqrt(at)[:, None] * ramp * (index + 1) * 1e-3)
        for index, key in enumerate(MODULE_STATISTICS)
        for at in [every[1:] if key in MODULE_NORMS else snapshots]
    }
    statistics["numerical_rank"] = vectors(snapshots, np.full((len(snapshots), len(modules)), 20.0))
    statistics[ESTIMATOR_STATISTIC] = vectors(snapshots, np.full((len(snapshots), len(modules)), number % 3))
    earlier, reference = snapshots[:-1], int(snapshots[-1])
    aligned = np.clip(earlier[:, None] / reference * 1.9 + np.arange(len(modules)) * 1e-3, 0, 1)
    alignments = {
        name: vectors(earlier, aligned, reference)
        for name in ("subspace_affinity@20", "paired_cosine@1", "paired_cosine@5", "direction_cosine")
    }
    by_position = np.where(np.arange(POSITION_BINS) < 20, 1.0 / (np.arange(POSITION_BINS) + 1), np.nan)
    losses = np.exp(-every / 10.0) * (number + 1)
    losses[5:6], losses[7:8] = np.nan, np.inf
    tries = [
        candidate(0, 0.0, accepted=True),
        candidate(2, 0.1, accepted=True),
        candidate(4, 0.2, accepted=True),
        candidate(6, -0.1, accepted=False),
    ]
    return RunSeries(
        id=f"run{number}",
        name=name or f"Run {number}",
        color=number,
        longest_response=256,
        modules=modules,
        scalars={
            "eval/reverse_kl": points(evaluated, 0.7 * np.exp(-evaluated / 10.0)),
            "loss": points(every, losses),
            **{key: points(every, 0.7 + every / 100) for view in VIEWS.values() for key in view.keys},
            "tokens": points(every, every * 64.0),
            "seconds": points(every, every * 0.5),
        },
        vectors=statistics | alignments | {POSITION_STATISTIC: vectors(snapshots, by_position / snapshots[:, None])},
        triggers=[
            Trigger(decision(2, 4.0, tries), vetoed=False, seq=2 + SEQ_OF_STEP),
            Trigger(decision(4, 0.0, tries[:1] + tries[3:]), vetoed=False, seq=4 + SEQ_OF_STEP),
            Trigger(decision(8, 2.0, tries[:2]), vetoed=True, seq=8 + SEQ_OF_STEP),
        ],
        alerts=[
            AlertMark(3, "A module stands still", "step_norm", modules[0].name if modules else None, 3 + SEQ_OF_STEP),
            AlertMark(17, "KL spike", "reverse_kl", None, 17 + SEQ_OF_STEP),
        ],
        analyses={kind: analysis(kind, number) for kind in SERIES_OF} | {IN_TRAINING: in_training(number)},
        choices={"keys": ["loss", "custom", "eval/reverse_kl"], "reference_step": [2, 4, 8, 16]},
    )  # fmt: skip


def analysis(kind: str, number: int = 0) -> Analysis:
    """What was found of a kind, its last variant at the latest sequence."""
    variants = found(kind, number)
    return Analysis(f"{kind}{number}", PARAMETERS, variants, np.minimum(np.arange(len(variants)) + 2, 20) + SEQ_OF_STEP)


def in_training(number: int = 0) -> Analysis:
    """Scores on two sets at every fourth step; both rise with the step and the number."""
    steps = [step for step in range(0, 21, 4) for _ in range(2)]
    sets = [
        scored_set(
            step,
            [(at + number + step // 4 + place) % 5 for at in range(12)],
            name=name,
            forgetting=bool(place),
            place=place,
            over=Estimate(step / 100, step / 100 - 0.05, step / 100 + 0.05),
        )
        for step in steps[::2]
        for place, name in enumerate(("sums", "trivia"))
    ]
    return Analysis(f"run{number}", {}, sets, np.array(steps, np.int64) + SEQ_OF_STEP)


def loaded(run: RunSeries, needs: Needs) -> RunSeries:
    """Only what a panel asks for, as the server would load it."""
    names = {need.statistic for need in needs.vectors}
    return replace(
        run,
        scalars={key: points for key, points in run.scalars.items() if key in needs.scalars},
        vectors={name: rows for name, rows in run.vectors.items() if name in names},
        triggers=run.triggers if needs.triggers else [],
        alerts=run.alerts if needs.alerts else [],
        analyses={kind: one for kind, one in run.analyses.items() if kind in needs.analyses},
        choices={name: values for name, values in run.choices.items() if name in needs.choices},
    )


def empty_run(number: int = 9) -> RunSeries:
    """A run that has not begun."""
    none = np.empty(0, np.int64)
    full = drawn_run(number)
    return replace(
        full,
        modules=[],
        scalars={key: Points(none, np.empty(0), none) for key in full.scalars},
        vectors={key: Vectors(none, none, np.empty((0, 0), np.float32), none) for key in full.vectors},
        triggers=[],
        alerts=[],
        analyses={},
        choices={},
    )
