"""A run's data as rows, a few at a time, however long its history is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from opdboard.api.arrays import decode
from opdboard.client import Client
from opdboard.domain.measures import (
    ALIGNMENT_DEPTHS,
    ALIGNMENTS,
    ESTIMATOR_STATISTIC,
    MODULE_SPECTRA,
    MODULE_STATISTICS,
    estimator_of,
)

if TYPE_CHECKING:
    from opdboard.answers import RunDetail, ScalarOut

Row = tuple[Any, ...]
Kind = Literal["text", "integer", "number", "flag", "texts", "numbers"]
_AT_ONCE, _WIDER = 65_536, 8
_VALUES = 4_000_000  # of a statistic in one answer: modules times steps


@dataclass(frozen=True)
class Table:
    """A name, its columns with what they hold (or nothing), and the rows of one run."""

    name: str
    kinds: Mapping[str, Kind]
    rows: Callable[[Client, "RunDetail"], Iterator[Row]]

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, in the order of a row's values."""
        return tuple(self.kinds)


def _scalars(client: Client, run: "RunDetail") -> Iterator[Row]:
    for key in sorted(run.latest):
        for points in _pages(client, run, key):
            steps, values, times = (decode(each) for each in (points.steps, points.values, points.times))
            for step, value, at in zip(steps.astype(np.int64), values, times, strict=True):
                yield run.id, run.name, key, int(step), float(value), float(at)


def _pages(client: Client, run: "RunDetail", key: str) -> "Iterator[ScalarOut]":
    """All points of the key in step order, at most _AT_ONCE in one answer; a page spans more steps where points are rare."""
    first, span = 0, _AT_ONCE
    while first <= run.step:
        last = min(first + span - 1, run.step)
        points = client.series(run.id, [key], max_points=_AT_ONCE, first=first, last=last).series.get(key)
        if points is not None and points.shown < points.total:
            span //= _WIDER
            continue
        if points is not None:
            yield points
        first = last + 1
        if points is None or points.total < _AT_ONCE // _WIDER:
            span *= _WIDER


def _modules(client: Client, run: "RunDetail") -> Iterator[Row]:
    modules = [(one.name, one.label) for one in client.modules(run.id).modules]
    unknown, span = np.full(len(modules), np.nan), max(1, _VALUES // max(1, len(modules)))
    aligned = (f"{name}@{k}" for name in ALIGNMENTS if name != "direction_cosine" for k in ALIGNMENT_DEPTHS)
    for statistic in (*MODULE_STATISTICS, *aligned, "direction_cosine"):
        for first in range(0, run.step + 1, span):
            last = first + span - 1
            stored = client.statistic(run.id, statistic, first=first, last=last)
            if not stored.steps:
                continue
            codes_by_step = _estimators(client, run, first, last) if statistic in MODULE_SPECTRA else {}
            for step, reference, values in zip(
                stored.steps, stored.reference_steps, decode(stored.values), strict=True
            ):
                codes = codes_by_step.get(step, unknown).tolist()
                for (module, label), value, code in zip(modules, values.tolist(), codes, strict=True):
                    estimator = estimator_of(statistic, code)
                    yield run.id, run.name, statistic, step, reference, module, label, value, estimator


def _estimators(client: Client, run: "RunDetail", first: int, last: int) -> dict[int, np.ndarray]:
    """What made the spectral measures of all modules, by step."""
    made_by = client.statistic(run.id, ESTIMATOR_STATISTIC, first=first, last=last)
    return dict(zip(made_by.steps, decode(made_by.values), strict=True)) if made_by.steps else {}


_DECISION: dict[str, Kind] = {
    "step": "integer", "strategy": "text", "trigger": "text", "anchor_step": "integer", "direction_norm": "number",
    "validation_size": "integer", "score_name": "text", "accepted_factor": "number", "outcome": "text",
    "tokens": "integer", "seconds": "number", "vetoed": "flag",
}  # fmt: skip
_CANDIDATE: dict[str, Kind] = {
    "factor": "number", "score": "number", "accuracy": "number", "reverse_kl": "number", "gain": "number",
    "gain_low": "number", "gain_high": "number", "kl_to_start": "number", "accepted": "flag", "reason": "text",
    "tokens": "integer", "seconds": "number",
}  # fmt: skip


def _decisions(client: Client, run: "RunDetail") -> Iterator[Row]:
    for decision in client.decisions(run.id).decisions:
        yield run.id, run.name, *(getattr(decision, name) for name in _DECISION)


def _candidates(client: Client, run: "RunDetail") -> Iterator[Row]:
    for decision in client.decisions(run.id).decisions:
        for candidate in decision.candidates:
            yield run.id, run.name, decision.step, *(getattr(candidate, name) for name in _CANDIDATE)


_SAMPLE: dict[str, Kind] = {
    "index": "integer", "prompt": "text", "answer": "text", "response": "text", "correct": "flag", "truncated": "flag",
    "tokens": "texts", "token_kl": "numbers", "token_advantage": "numbers",
}  # fmt: skip


def _samples(client: Client, run: "RunDetail") -> Iterator[Row]:
    for step in client.samples(run.id).steps:
        for sample in client.samples(run.id, step).samples:
            yield run.id, run.name, step, *(getattr(sample, name) for name in _SAMPLE)


_CHECKPOINT: dict[str, Kind] = {
    "step": "integer", "path": "text", "bytes": "integer", "reason": "text", "created_at": "number", "removed": "flag",
}  # fmt: skip


def _checkpoints(client: Client, run: "RunDetail") -> Iterator[Row]:
    for checkpoint in client.checkpoints(run.id).checkpoints:
        yield run.id, run.name, *(getattr(checkpoint, name) for name in _CHECKPOINT)


_OF_RUN: dict[str, Kind] = {"run": "text", "run_name": "text"}
_AT_STEP: dict[str, Kind] = {"step": "integer"}
_SCALAR: dict[str, Kind] = {"key": "text", "step": "integer", "value": "number", "time": "number"}
_MODULE: dict[str, Kind] = {
    "statistic": "text", "step": "integer", "reference_step": "integer", "module": "text", "label": "text",
    "value": "number", "estimator": "text",
}  # fmt: skip
TABLES = {
    table.name: table
    for table in (
        Table("scalars", _OF_RUN | _SCALAR, _scalars),
        Table("module_statistics", _OF_RUN | _MODULE, _modules),
        Table("decisions", _OF_RUN | _DECISION, _decisions),
        Table("candidates", _OF_RUN | _AT_STEP | _CANDIDATE, _candidates),
        Table("samples", _OF_RUN | _AT_STEP | _SAMPLE, _samples),
        Table("checkpoints", _OF_RUN | _CHECKPOINT, _checkpoints),
    )
}
