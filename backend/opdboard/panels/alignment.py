"""Is the direction locked in? Alignment of every earlier snapshot of the update to a reference snapshot.

Reference: the latest snapshot, which is the final one once the run has ended, or any earlier one. Alignments to another
run's snapshots are not measured during training, so there is no such choice.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.measures import ALIGNMENT_DEPTHS, ALIGNMENTS
from opdboard.panels import alignment_limits, labels, lines, look
from opdboard.panels.grouping import Grouping, finite_mean, names_to_choose
from opdboard.panels.locking import LOCKED_IN, LockIn, lock_in
from opdboard.panels.panel import Panel, PanelParams, Step
from opdboard.panels.series import REFERENCE_LATEST, Needs, RunSeries, VectorNeed
from opdboard.panels.table import Table

_MODULE = look.PARTS[4]
_CHANCE_PX = 66  # for the name of the chance level beside the axes
_PAD = 0.02  # of the step axis, for marks that stand at its end


class AlignmentParams(PanelParams):
    """What is aligned, to what, and over what."""

    measure: Literal["subspace_affinity", "paired_cosine", "direction_cosine"] = Field(
        default="subspace_affinity",
        description="Subspace affinity (rotation-proof), paired cosine of singular vectors (the paper's), or cosine of the whole update.",
    )
    k: Literal[1, 5, 10, 20] = Field(
        default=20,
        description="Leading directions compared; the direction cosine has none.",
        json_schema_extra={"enum": list(ALIGNMENT_DEPTHS)},
    )
    grouping: Grouping = "block"
    reference_step: Step | None = Field(
        default=None,
        description="Snapshot to compare with; empty follows the latest, which is the final one once the run has ended.",
        json_schema_extra={"x-control": "step"},
    )
    threshold: float = Field(
        default=LOCKED_IN,
        ge=0,
        le=1,
        description="A direction is locked in from the first step on after which its alignment stays at or above this; confirmed once "
        "another snapshot before the reference says so.",
        json_schema_extra={"x-control": "slider"},
    )
    module: str = Field(
        default="", max_length=300, description="A module to draw besides the groups, by parameter name or label."
    )
    x: Literal["linear", "log2"] = Field(default="linear", description="Scale of the step axis.")


def _statistic(params: AlignmentParams) -> str:
    return params.measure if params.measure == "direction_cosine" else f"{params.measure}@{params.k}"


def _needs(params: AlignmentParams) -> Needs:
    reference = REFERENCE_LATEST if params.reference_step is None else params.reference_step
    beside = tuple(VectorNeed(name) for name in ("numerical_rank", "captured_norm_ratio"))
    return Needs(vectors=(VectorNeed(_statistic(params), reference), *beside), choices=("reference_step",))


def figure(series: Sequence[RunSeries], params: AlignmentParams) -> go.Figure:
    """A line per group with its smallest and largest module as a band; one cell per run; a mark where it stays locked in."""
    log = params.x == "log2"
    traces: list[Any] = []
    layout: dict[str, Any] = {}
    shapes: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    names: list[str] = []
    locked_in: list[str] = []
    references: dict[str, int] = {}
    span = _span([run.vectors[_statistic(params)].steps for run in series], log=log)
    for run, cell in zip(series, look.cells(series), strict=True):
        rows, axes, shown = run.vectors[_statistic(params)], cell.axes, _shown(run, params)
        names = names or [line.name for line in shown]
        for line in shown:
            drawn = lines.traces(line, axes)
            drawn[-1].showlegend = cell.first
            traces += drawn
        marks = [(line, lock_in(rows.steps, line.y, rows.references, params.threshold)) for line in shown]
        traces += [_lock_in_mark(line, found, params.threshold, axes) for line, found in marks]
        locked_in += _sentences(run, marks, alone=len(series) == 1)
        if len(series) == 1:
            named = [labels.label_of(line.name, line.color, line.x, line.y) for line in shown]
            annotations += labels.end_labels(named, (_lowest(params), 1.02), log_x=log)
        annotations += cell.titles
        if len(rows.references):
            references[run.name] = int(rows.references[-1])
            shapes.append(look.across(params.threshold, look.faded(look.NEUTRAL, 0.6), "dot", axes))
            chance = alignment_limits.chance_level(run, rows, params.measure, params.k)
            shapes.append(look.across(chance, look.faded(look.NEUTRAL, 0.8), "solid", axes))
            if len(series) == 1:
                annotations.append(_chance_label(chance, axes))
            locked_in += alignment_limits.sentences(run, rows, params.measure, params.k)
        mean = finite_mean(rows.values.astype(np.float64))
        locked = lock_in(rows.steps, mean, rows.references, params.threshold)
        if locked is not None:
            shapes.append(
                look.vertical(float(locked.step), look.NEUTRAL, dash="dot", xref=axes[0], yref=f"{axes[1]} domain")
            )
            text = f"all: ≥ {params.threshold:g} {locked}" if len(series) == 1 else str(locked)  # cells are narrow
            annotations.append(_lock_in_label(text, locked.step, span, axes, log=log))
        layout |= cell.layout(
            look.axis(
                "optimizer step t",
                **look.step_scale(log=log),
                **({"range": span} if span else {}),
                **({} if cell.first else {"matches": "x"}),
            ),
            look.axis(_y_title(params) if cell.first else "", range=[_lowest(params), 1.02]),
        )
    compared = ", ".join(sorted({f"step {step}" for step in references.values()}))
    choices = sorted({int(step) for run in series for step in run.choices.get("reference_step", ())})
    modules = names_to_choose(series[0].modules) if series else []
    direct = len(series) == 1 and len(names) <= labels.MOST
    return look.figure(
        traces,
        keep=f"alignment {params.x} {params.measure} {len(series)}",
        meta={
            "note": "; ".join([f"compared with the snapshot at {compared}", *locked_in])
            if compared
            else "snapshots to compare come at powers of two",
            "step": max(references.values(), default=None),
            "steps": choices,
            "choices": {"reference_step": choices, "module": modules},
            "empty": not references,
        },
        shapes=shapes,
        annotations=annotations,
        showlegend=not direct,
        hovermode="x unified",
        legend_y=1.01 if len(series) == 1 else 1.07,
        margin={"l": 48, "r": _CHANCE_PX if len(series) == 1 else 12, "t": 10 if len(series) == 1 else 44, "b": 40},
        **layout,
    )


def table(series: Sequence[RunSeries], params: AlignmentParams) -> Table:
    """Each group's mean, smallest and largest module, and the module drawn besides; a run's name where there are several."""
    drawn = [
        line if len(series) == 1 else replace(line, name=f"{run.name}: {line.name}")
        for run in series
        for line in _shown(run, params)
    ]
    return lines.table(drawn, ALIGNMENTS[params.measure].unit)


def _shown(run: RunSeries, params: AlignmentParams) -> list[lines.Line]:
    rows = run.vectors[_statistic(params)]
    drawn = lines.of_groups(run, rows, params.grouping)
    index = run.index_of(params.module) if params.module else None
    if index is not None:
        x, y = rows.steps.astype(np.float64), rows.values[:, index].astype(np.float64)
        drawn.append(lines.Line(f"{run.id}:module", run.modules[index].label, _MODULE, x, y, dash="dash"))
    return drawn


def _span(steps: Sequence[np.ndarray], *, log: bool) -> list[float]:
    """Ends of the step axis: 0 to the last step, or the first step to the last on a logarithmic one; empty without steps.

    Told outright, for else plotly makes room inside the axis for what is written beside marks and lines.
    """
    drawn = np.concatenate([np.empty(0), *steps])
    if not (drawn > 0).any():
        return []
    last = float(drawn.max())
    if not log:
        return [0.0, last * (1 + _PAD)]
    first, end = float(np.log10(drawn[drawn > 0].min())), float(np.log10(last))
    room = _PAD * ((end - first) or 1.0)
    return [first - room, end + room]


def _lock_in_mark(line: lines.Line, found: LockIn | None, threshold: float, axes: tuple[str, str]) -> go.Scatter:
    """A diamond on the line at its own lock-in step, hollow while it is not confirmed; no point when it is not locked in."""
    at = np.flatnonzero(line.x == found.step) if found else np.empty(0, np.int64)
    symbol = "diamond" if found and found.confirmed else "diamond-open"
    return go.Scatter(
        uid=f"{line.uid}:lock",
        name=f"{line.name}: locked in",
        x=line.x[at],
        y=line.y[at],
        mode="markers",
        marker={"symbol": symbol, "size": 10, "color": line.color},
        hovertemplate=f"≥ {threshold:g} {found}<extra>{line.name}</extra>",
        legendgroup=line.uid,
        showlegend=False,
        xaxis=axes[0],
        yaxis=axes[1],
    )


def _sentences(run: RunSeries, marks: Sequence[tuple[lines.Line, LockIn | None]], *, alone: bool) -> list[str]:
    """Which group is locked in from which step, in words; nothing about a run without a snapshot to compare."""
    drawn = [(line.name, found) for line, found in marks if len(line.x)]
    if not drawn:
        return []
    told = ", ".join(f"{name} {found or 'not yet'}" for name, found in drawn)
    return [f"locked in: {told}" if alone else f"{run.name}: {told}"]


def _chance_label(level: float, axes: tuple[str, str]) -> dict[str, Any]:
    """Where the names of the lines stand, beside the axes."""
    return {
        "text": f"chance {level:.2g}",
        "x": 1,
        "y": level,
        "xref": f"{axes[0]} domain",
        "yref": axes[1],
        "xanchor": "left",
        "yanchor": "middle",
        "xshift": 4,
        "showarrow": False,
        "font": {"size": 10},
    }


def _lock_in_label(text: str, step: int, span: Sequence[float], axes: tuple[str, str], *, log: bool) -> dict[str, Any]:
    """Beside the mark, on the side where there is more room."""
    x = float(np.log10(max(step, 1))) if log else float(step)
    late = x > (span[0] + span[1]) / 2
    return {
        "text": text,
        "x": x,
        "y": 0.02,
        "xref": axes[0],
        "yref": f"{axes[1]} domain",
        "xanchor": "right" if late else "left",
        "yanchor": "bottom",
        "xshift": -3 if late else 3,
        "showarrow": False,
        "font": {"size": 11},
    }


def _y_title(params: AlignmentParams) -> str:
    title = ALIGNMENTS[params.measure].brief
    return title if params.measure == "direction_cosine" else f"{title} @{params.k}"


def _lowest(params: AlignmentParams) -> float:
    return -1.02 if params.measure == "direction_cosine" else -0.02


PANEL = Panel(
    name="alignment",
    title="Is the direction locked in?",
    description="How well the update's leading directions at each snapshot agree with a reference snapshot's.",
    params=AlignmentParams,
    topics=(Topic.ALIGNMENT,),
    needs=_needs,
    figure=figure,
    table=table,
)
