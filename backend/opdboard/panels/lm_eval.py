"""What lm-eval found of base and checkpoints: its metrics over steps, with its own standard errors."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from opdboard.panels import lines, look, scores
from opdboard.panels.gathering import entries
from opdboard.panels.panel import PanelParams
from opdboard.panels.series import RunSeries
from opdboard.panels.table import RUN, STEP, Column, Table, of_rows

_KIND = "lm_eval"
_95 = 1.959964
_HOW = {"limit": "examples per task", "num_fewshot": "worked examples", "chat_template": "chat template"}


class LmEvalParams(PanelParams):
    """Which analysis."""

    analysis: scores.AnalysisId = ""


class _Found(NamedTuple):
    step: float
    weights: str
    metric: dict[str, Any]


def _name(metric: dict[str, Any]) -> str:
    chosen = "" if metric["filter"] == "none" else f" ({metric['filter']})"
    return f"{metric['task']}, {metric['metric']}{chosen}"


def _found(run: RunSeries) -> Iterator[_Found]:
    for one in scores.variants(run, _KIND):
        for metric in one.details["metrics"]:
            yield _Found(one.x or 0.0, one.label, metric)


def _lines(series: Sequence[RunSeries]) -> list[lines.Line]:
    """A line per run and metric; the band is 1.96 standard errors to each side."""
    drawn: list[lines.Line] = []
    compared = entries(series)
    runs = [(entry, run) for entry in compared for run in entry.runs]
    for entry, run in runs:
        by_name: dict[str, list[_Found]] = {}
        for one in _found(run):
            by_name.setdefault(_name(one.metric), []).append(one)
        for place, (name, points) in enumerate(by_name.items()):
            points.sort(key=lambda one: one.step)
            y = np.array([one.metric["value"] for one in points])
            half = _95 * np.array([np.nan if (error := one.metric["stderr"]) is None else error for one in points])
            alone = len(runs) == 1
            drawn.append(
                lines.Line(
                    f"{entry.key}:{run.id}:{name}",
                    name if alone else f"{run.name} {name}",
                    look.part_color(entry, place) if alone else look.run_color(entry),
                    np.array([one.step for one in points]),
                    y,
                    y - half,
                    y + half,
                    "solid" if alone else lines.DASHES[place % len(lines.DASHES)],
                    None if alone and place else look.run_mark(entry),
                )
            )
    return drawn


def figure(series: Sequence[RunSeries], params: LmEvalParams) -> go.Figure:  # noqa: ARG001
    """Over steps; the base weights stand at step 0."""
    drawn = _lines(series)
    versions = {one.details["version"] for run in series for one in scores.variants(run, _KIND)}
    about = [f"lm-eval {', '.join(sorted(versions))}", "bands: 1.96 of its standard errors", *_otherwise(series)]
    told = "; ".join(about) if drawn else None
    return lines.figure(
        drawn, meta=scores.meta(_KIND, told, empty=not drawn), keep=_KIND, y_title="value", odd_axis=None
    )


def _otherwise(series: Sequence[RunSeries]) -> list[str]:
    """Who was not asked as the first was: its scores are no answers to the same."""
    asked = [(run.name, run.analyses[_KIND].parameters) for run in series if scores.variants(run, _KIND)]
    return [
        f"{name} is not asked as {asked[0][0]} is: {word} {_setting(own.get(key))}, not {_setting(asked[0][1].get(key))}"
        for name, own in asked[1:]
        for key, word in _HOW.items()
        if own.get(key) != asked[0][1].get(key)
    ]


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "as the task has it" if value is None else str(value)


def table(series: Sequence[RunSeries], params: LmEvalParams) -> Table:  # noqa: ARG001
    """A row per run, set of weights and metric."""
    fields = ("task", "metric", "filter", "value", "stderr", "examples")
    rows = [
        (run.name, one.step, one.weights, *(one.metric[field] for field in fields))
        for run in series
        for one in _found(run)
    ]
    texts = [Column(name, numeric=False) for name in ("task", "metric", "filter")]
    numbers = [Column("value"), Column("standard error"), Column("examples")]
    return of_rows([RUN, STEP, Column("weights", numeric=False), *texts, *numbers], rows)


PANEL = scores.panel(
    _KIND,
    "How does it do on public benchmarks?",
    "Metrics of lm-eval's tasks on the base weights and on checkpoints, with its standard errors.",
    LmEvalParams,
    figure,
    table,
)
