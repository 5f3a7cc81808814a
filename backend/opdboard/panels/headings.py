"""What a picture is of, for where it stands alone: which runs, in their colours and shapes, and until which step."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from opdboard.panels import look
from opdboard.panels.gathering import Entry, entries
from opdboard.panels.series import RunSeries

_MOST = 8


def headed(figure: go.Figure, title: str, series: Sequence[RunSeries]) -> go.Figure:
    """The figure with `title` (unless it has one of its own) and `about`, in plotly's markup, in its meta."""
    layout: Any = figure.layout
    meta = layout.meta
    compared = entries(series)
    told = [_about(entry, meta.get("step")) for entry in compared[:_MOST]]
    if len(compared) > _MOST:
        told.append(f"and {len(compared) - _MOST} more")
    layout.meta = {"title": title, "about": "   ".join(told), **meta}
    return figure


def _about(entry: Entry, step: int | None) -> str:
    name = look.marked(entry.name, look.run_color(entry), look.run_mark(entry))
    return f"{name}, step {max((last_step(run, step) for run in entry.runs), default=0)}"


def last_step(run: RunSeries, until: int | None = None) -> int:
    """Of all that was loaded of the run, as Vectors.row_at finds it: the last until a step, else the first; 0 where there is none."""
    columns = [part.steps for part in (*run.scalars.values(), *run.vectors.values())]
    steps = np.concatenate([*columns, np.array([trigger.record.step for trigger in run.triggers], np.int64)])
    if not len(steps):
        return 0
    earlier = steps if until is None else steps[steps <= until]
    return int(earlier.max() if len(earlier) else steps.min())
