"""Is the update low-rank? Spectral measures of the update, averaged over groups of modules."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle
from typing import Annotated, Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.measures import ESTIMATOR_STATISTIC, MODULE_SPECTRA
from opdboard.panels import estimators, lines, look
from opdboard.panels.gathering import Entry, entries, means
from opdboard.panels.grouping import Grouping, finite_mean
from opdboard.panels.intervals import mean_and_half_width
from opdboard.panels.panel import Panel, PanelParams, choice
from opdboard.panels.series import Needs, RunSeries, VectorNeed
from opdboard.panels.table import RUN, STEP, Cell, Column, Row, Table, of_rows

SHARES_OF_NORM = ("spectral_frobenius_ratio", "top1pct_norm_ratio")
"""Shares of a module's norm, whose average over modules has two readings."""

SpectralStatistic = Annotated[str, *choice(MODULE_SPECTRA)]


class SpectrumParams(PanelParams):
    """Which measure, averaged over what."""

    statistic: SpectralStatistic = Field(default="effective_rank", description="What is drawn.")
    grouping: Grouping = "block"
    numbers: Literal["curves", "latest"] = Field(
        default="curves",
        description="What the table tells: the curves, or all measures of each run's latest snapshot, as the paper's table does.",
    )


def _needs(_params: SpectrumParams) -> Needs:
    return Needs(vectors=tuple(VectorNeed(name) for name in (*MODULE_SPECTRA, ESTIMATOR_STATISTIC)))


def figure(series: Sequence[RunSeries], params: SpectrumParams) -> go.Figure:
    """Means over modules: a line per group in the group's colour, or in the run's with a dash per group when runs differ."""
    measure = MODULE_SPECTRA[params.statistic]
    drawn = _drawn(series, params)
    some = any(len(line.x) for line in drawn)
    return lines.figure(
        drawn,
        keep=f"spectrum {params.statistic}",
        meta={
            "note": "means over modules; the table holds each run's latest snapshot, ratios also of sums, as the paper's code has them"
            if some
            else "no snapshot yet",
        },
        y_title=look.axis_label(measure),
        log=measure.log,
        bounds=[measure.bounds],
    )


def table(series: Sequence[RunSeries], params: SpectrumParams) -> Table:
    """The means over the modules of each group, with the smallest and the largest of them where one run is drawn; or the latest."""
    if params.numbers == "latest":
        return latest(series)
    return lines.table(_drawn(series, params), MODULE_SPECTRA[params.statistic].unit)


def _drawn(series: Sequence[RunSeries], params: SpectrumParams) -> list[lines.Line]:
    shown = means(series)
    return [line for run in shown for line in _lines(run, params, alone=len(shown) == 1)]


def _lines(run: RunSeries, params: SpectrumParams, *, alone: bool) -> list[lines.Line]:
    drawn = lines.of_groups(run, run.vectors[params.statistic], params.grouping)
    if alone:
        return drawn
    color = look.run_color(run)
    return [
        replace(line, name=_name(run, line.name), color=color, low=None, high=None, dash=dash, mark=look.run_mark(run))
        for line, dash in zip(drawn, cycle(lines.DASHES), strict=False)
    ]


def _name(run: RunSeries, group: str) -> str:
    return run.name if group == "all modules" else f"{look.shortened(run.name, 22)} {group}"


def latest(series: Sequence[RunSeries]) -> Table:
    """The paper's spectral table: the mean over all modules at each run's latest snapshot; no row for one without.

    Of a group the mean of its members' means at the latest snapshot that all of them have, and half of its 95% interval.
    """
    asked = [*((name, False) for name in MODULE_SPECTRA), *((name, True) for name in SHARES_OF_NORM)]
    named: list[Row] = []
    found: list[list[tuple[float, float]]] = []
    for entry in entries(series):
        (mean,) = means(entry.runs)
        steps = [int(rows.steps[-1]) for name in MODULE_SPECTRA if len((rows := mean.vectors[name]).steps)]
        if steps:
            named.append((mean.name, max(steps), estimators.summary(entry.runs)))
            found.append([_latest(entry, mean, name, of_sums) for name, of_sums in asked])
    spread = [bool(np.isfinite([half for _, half in column]).any()) for column in zip(*found, strict=True)]
    rows = [
        (run, step, *map(_cell, values, spread), made_by)
        for (run, step, made_by), values in zip(named, found, strict=True)
    ]
    columns = [
        Column(f"{name} (of sums)" if of_sums else name, numeric=not text)
        for (name, of_sums), text in zip(asked, spread or [False] * len(asked), strict=True)
    ]
    return of_rows([RUN, STEP, *columns, Column(ESTIMATOR_STATISTIC, numeric=False)], rows)


def _latest(entry: Entry, mean: RunSeries, statistic: str, of_sums: bool) -> tuple[float, float]:
    """Mean over the members, half of its interval; NaN where there is none."""
    steps = mean.vectors[statistic].steps
    if not len(steps):
        return np.nan, np.nan
    members = [run for run in entry.runs if len(run.vectors[statistic].steps)]
    averages = np.array([_average(run, statistic, int(steps[-1]), of_sums) for run in members])
    value, half = mean_and_half_width(averages)
    return float(value), float(half)


def _cell(found: tuple[float, float], spread: bool) -> Cell:
    """A number, or in a column of means over seeds a text."""
    value, half = found
    if not np.isfinite(value):
        return None
    return (f"{value:.4g} ± {half:.2g}" if np.isfinite(half) else f"{value:.4g}") if spread else value


def _average(run: RunSeries, statistic: str, step: int, of_sums: bool) -> float:
    share = _at(run, statistic, step)
    if not of_sums:
        return float(finite_mean(share))
    return ratio_of_sums(share, _at(run, "spectral_norm", step), _at(run, "spectral_frobenius_ratio", step))


def ratio_of_sums(share_M: np.ndarray, spectral_norm_M: np.ndarray, spectral_frobenius_M: np.ndarray) -> float:
    """sum_m top_m / sum_m ||dW_m||_F over the modules, of a share top / ||dW||_F: the average of the paper's code. NaN without any.

    A plain mean of the shares counts every module alike, this one by its norm, spectral norm / (spectral / Frobenius norm).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        norm_M = spectral_norm_M / spectral_frobenius_M
    there = np.isfinite(share_M) & np.isfinite(norm_M)
    total = norm_M[there].sum()
    return float((share_M[there] * norm_M[there]).sum() / total) if total > 0 else np.nan


def _at(run: RunSeries, statistic: str, step: int) -> np.ndarray:
    rows = run.vectors[statistic]
    return rows.values[np.searchsorted(rows.steps, step)].astype(np.float64)


PANEL = Panel(
    name="spectrum",
    title="Is the update low-rank?",
    description="Spectral norm, effective rank and their kin of the update, averaged over groups of modules.",
    params=SpectrumParams,
    topics=(Topic.MODULES,),
    needs=_needs,
    figure=figure,
    table=table,
    gathers=True,
)
