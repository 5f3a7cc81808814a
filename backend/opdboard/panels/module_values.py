"""What the allocation picture colours: a statistic as stored, normalised, or against the same module of another run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from opdboard.domain.errors import BadInput
from opdboard.domain.measure import Measure
from opdboard.domain.measures import MODULE_NORMS
from opdboard.domain.modules import Module
from opdboard.panels import look, scales
from opdboard.panels.series import RunSeries, Vectors

Normalise = Annotated[
    Literal["none", "step_total", "own_latest", "own_largest", "size"],
    Field(
        description="Divide by: the sum over all modules at the step (of squares, for norms), which gives shares; the module's"
        " own latest or largest value; or its size, which gives norms per square root of the number of entries and ranks per"
        " full rank."
    ),
]
_WORDS = {
    "step_total": "share of the step's total",
    "own_latest": "of its own latest",
    "own_largest": "of its own largest",
}
_RANKS = ("stable_rank", "effective_rank")
_SIZELESS = (
    "relative_update_norm",
    "spectral_frobenius_ratio",
    "effective_rank_error",
    "top1pct_norm_ratio",
    "subspace_residual",
    "captured_norm_ratio",
    "visible_sparsity",
)


@dataclass(frozen=True)
class Seen:
    """The runs that are drawn, their values as coloured, and what the colour means.

    total: what the values of several modules come to: 'norm' (of all together, the root of the sum of squares), 'sum', or 'mean' where
    a total has no meaning. ratio: values are log2 ratios, on a diverging scale. note: what could not be compared, or None.
    against: the run that the others are set against, with its rows.
    """

    runs: Sequence[RunSeries]
    rows: Sequence[Vectors]
    label: str
    total: Literal["norm", "sum", "mean"]
    ratio: bool = False
    note: str | None = None
    against: tuple[RunSeries, Vectors] | None = None

    def at(self, step: int | None) -> str | None:
        """Which step of each run is set against which of the other; None where none is."""
        if self.against is None:
            return None
        other, rows = self.against
        told = []
        for run, own in zip(self.runs, self.rows, strict=True):
            row = own.row_at(step)
            earlier = [] if row is None else rows.steps[rows.steps <= own.steps[row]].tolist()
            told += (
                [f"{run.name} at step {own.steps[row]} against {other.name} at step {earlier[-1]}"] if earlier else []
            )
        return "; ".join(told) or None


def seen(series: Sequence[RunSeries], measure: Measure, normalise: str, relative_to: str) -> Seen:
    """All runs, or all but the one that they are set against."""
    rows = [normalised(run.vectors[measure.name], run.modules, measure, normalise) for run in series]
    label = label_of(measure, normalise)
    if not relative_to:
        return Seen(series, rows, label, _total(measure, normalise))
    place = next((index for index, run in enumerate(series) if run.id == relative_to), None)
    if place is None or len(series) < 2:
        raise BadInput(
            f"relative_to names run {relative_to!r}; it must be one of at least two runs asked for", where="relative_to"
        )
    other = series[place]
    drawn = [index for index in range(len(series)) if index != place]
    ratios = [log2_ratio(series[index], rows[index], other, rows[place]) for index in drawn]
    return Seen(
        runs=[series[index] for index in drawn],
        rows=ratios,
        label=f"log2 ratio to {look.shortened(other.name)}: {label}",
        total="mean",
        ratio=True,
        note=_comparison([series[index] for index in drawn], ratios, other),
        against=(other, rows[place]),
    )


def normalised(rows: Vectors, modules: Sequence[Module], measure: Measure, how: str) -> Vectors:
    """The rows with their values (S, modules) divided as Normalise says, then float64. Division by zero gives NaN."""
    if how == "none":
        return rows
    values = rows.values.astype(np.float64)
    if not values.size:
        return replace(rows, values=values)
    if how == "step_total":
        parts = np.where(np.isfinite(values), values, 0.0) ** (2 if is_norm(measure) else 1)
        shares = _divided(parts, parts.sum(1, keepdims=True))
        return replace(rows, values=np.where(np.isfinite(values), shares, values))
    if how == "size":
        return replace(rows, values=_divided(values, np.array([_size(measure, module) for module in modules])))
    finite = np.where(np.isfinite(values), values, np.nan)
    whole = _last(finite) if how == "own_latest" else np.fmax.reduce(finite, axis=0)
    return replace(rows, values=_divided(values, whole))


def is_norm(measure: Measure) -> bool:
    """Whether squares of the values add up to a total."""
    return measure.name.endswith("norm")


def _total(measure: Measure, normalise: str) -> Literal["norm", "sum", "mean"]:
    if normalise == "step_total" and measure.name in MODULE_NORMS:
        return "sum"
    if normalise != "none" or measure.name not in MODULE_NORMS or measure.name.startswith("relative"):
        return "mean"
    return "norm" if is_norm(measure) else "sum"


def parts(measure: Measure, stored: np.ndarray) -> np.ndarray | None:
    """What adds up to the whole of which a module has a share: squares of norms, shares themselves; 0 for what is not finite, None
    where a whole has no meaning.
    """
    if measure.name not in MODULE_NORMS:
        return None
    return np.where(np.isfinite(stored), stored, 0.0).astype(np.float64) ** (2 if is_norm(measure) else 1)


def parts_word(measure: Measure) -> str:
    """Of what parts are shares."""
    return "of the squares" if is_norm(measure) else "of the total"


def _size(measure: Measure, module: Module) -> float:
    rows, columns = module.shape
    if measure.name in _SIZELESS:
        return 1.0
    if measure.name in _RANKS:
        return float(min(rows, columns))
    return float(rows * columns) if measure.name == "norm_share" else float(np.sqrt(rows * columns))


def _divided(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    by = np.broadcast_to(by, values.shape)
    return np.divide(values, by, out=np.full(values.shape, np.nan), where=np.isfinite(by) & (by != 0))


def _last(values: np.ndarray) -> np.ndarray:
    """The last value of each column that is not NaN."""
    rows = np.arange(len(values))[:, None]
    latest = np.where(np.isnan(values), -1, rows).max(0)
    return np.where(latest >= 0, values[latest, np.arange(values.shape[1])], np.nan)


def label_of(measure: Measure, normalise: str) -> str:
    """What the colour bar says: the measure's title and unit, and what it is divided by."""
    if normalise == "none":
        return look.measure_label(measure)
    if normalise != "size":
        word = "squared " if normalise == "step_total" and is_norm(measure) else ""
        return f"{word}{measure.brief}, {_WORDS[normalise]}"
    if measure.name in _SIZELESS:
        return f"{look.measure_label(measure)} (has no size)"
    per = "of the full rank" if measure.name in _RANKS else "per entry"
    return f"{measure.brief}, {per if measure.name in (*_RANKS, 'norm_share') else 'per root of entries'}"


def log2_ratio(run: RunSeries, rows: Vectors, other: RunSeries, other_rows: Vectors) -> Vectors:
    """log2 of the run's value over the other run's: the same module by name, at the same step or the nearest earlier one.

    NaN where the other run has no such module or no step so early, or either value is not positive and finite.
    """
    places = {module.name: index for index, module in enumerate(other.modules)}
    columns = np.array([places.get(module.name, -1) for module in run.modules], np.int64)
    at = np.searchsorted(other_rows.steps, rows.steps, side="right") - 1
    against = np.full(rows.values.shape, np.nan)
    known, early = np.flatnonzero(columns >= 0), np.flatnonzero(at >= 0)
    if known.size and early.size:
        against[np.ix_(early, known)] = other_rows.values[np.ix_(at[early], columns[known])]
    ratio = (scales.log10_or_nan(rows.values.astype(np.float64)) - scales.log10_or_nan(against)) / np.log10(2)
    return replace(rows, values=ratio)


def _comparison(runs: Sequence[RunSeries], ratios: Sequence[Vectors], other: RunSeries) -> str:
    names = {module.name for module in other.modules}
    sentences = [f"red: larger than in {other.name}; blue: smaller"]
    for run, rows in zip(runs, ratios, strict=True):
        missing = sum(module.name not in names for module in run.modules)
        if missing:
            sentences.append(f"{missing} of {len(run.modules)} modules of {run.name} do not exist in {other.name}")
        elif len(rows.steps) and not np.isfinite(rows.values).any():
            sentences.append(f"{other.name} has no value at these steps or before")
    return "; ".join(sentences)
