"""Groups as one: entries of a picture, and the mean of a group's members as if it were a run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from opdboard.domain.entries import entry_of_group
from opdboard.domain.measures import ESTIMATOR_STATISTIC
from opdboard.domain.modules import Module
from opdboard.panels.series import RunSeries, Vectors


@dataclass(frozen=True)
class Entry:
    """A run, or the members of a group; key is the same in every picture of it."""

    key: str
    name: str
    color: int
    runs: Sequence[RunSeries]
    is_group: bool


def entries(series: Sequence[RunSeries]) -> list[Entry]:
    """Runs on their own and groups, in the order of their first run."""
    members: dict[str, list[RunSeries]] = {}
    for run in series:
        members.setdefault(entry_of_group(run.group) if run.group else run.id, []).append(run)
    return [
        Entry(key, runs[0].group, runs[0].group_color, runs, is_group=True)
        if runs[0].group
        else Entry(key, runs[0].name, runs[0].color, runs, is_group=False)
        for key, runs in members.items()
    ]


def means(series: Sequence[RunSeries]) -> list[RunSeries]:
    """Every group replaced by its mean."""
    return [mean(entry) if entry.is_group else entry.runs[0] for entry in entries(series)]


def mean(entry: Entry) -> RunSeries:
    """Plain means over the members that have data, at the steps that all of those have; the decisions of all members.

    Modules are matched by name. Scalars have no mean here: panels that draw them gather themselves.
    """
    modules = _shared_modules(entry.runs)
    statistics = entry.runs[0].vectors
    return replace(
        entry.runs[0],
        id=entry.key,
        name=f"{entry.name} (n = {len(entry.runs)})",
        color=entry.color,
        group="",
        modules=modules,
        scalars={},
        vectors={name: _mean_vectors(name, entry.runs, modules) for name in statistics},
        triggers=sorted((trigger for run in entry.runs for trigger in run.triggers), key=lambda one: one.record.step),
        choices={
            name: list(dict.fromkeys(value for run in entry.runs for value in run.choices.get(name, ())))
            for name in entry.runs[0].choices
        },
    )


def _shared_modules(runs: Sequence[RunSeries]) -> list[Module]:
    """Modules of the first run that has any, as far as every other such run has them too."""
    known = [run.modules for run in runs if run.modules]
    names = [{module.name for module in modules} for modules in known[1:]]
    return [module for module in known[0] if all(module.name in others for others in names)] if known else []


def _mean_vectors(statistic: str, runs: Sequence[RunSeries], modules: Sequence[Module]) -> Vectors:
    usable = [run for run in runs if len(run.vectors[statistic].steps)]
    if not usable:
        return replace(runs[0].vectors[statistic], values=np.empty((0, len(modules)), np.float32))
    rows = [run.vectors[statistic] for run in usable]
    steps = reduce(np.intersect1d, [one.steps for one in rows])
    at = [np.searchsorted(one.steps, steps) for one in rows]
    values = [
        one.values[where][:, _columns(run, one, modules)].astype(np.float64)
        for run, one, where in zip(usable, rows, at, strict=True)
    ]
    return Vectors(
        steps,
        np.min([one.references[where] for one, where in zip(rows, at, strict=True)], axis=0),
        _together(statistic, np.array(values)).astype(np.float32),
        np.max([one.seqs[where] for one, where in zip(rows, at, strict=True)], axis=0),
    )


def _together(statistic: str, values: np.ndarray) -> np.ndarray:
    """The mean over the first axis; of names the one that all have, else NaN."""
    if statistic == ESTIMATOR_STATISTIC:
        return np.where((values == values[0]).all(0), values[0], np.nan)
    return values.mean(0)


def _columns(run: RunSeries, rows: Vectors, modules: Sequence[Module]) -> list[int]:
    """Where the shared modules are in the run's vectors; all columns of a statistic that is not over modules."""
    if rows.values.shape[1] != len(run.modules):
        return list(range(rows.values.shape[1]))
    places = {module.name: index for index, module in enumerate(run.modules)}
    return [places[module.name] for module in modules]
