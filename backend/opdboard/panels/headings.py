"""What a picture is of, for where it stands alone: which runs, in their colours and shapes, and until which step."""

from collections.abc import Sequence

import plotly.graph_objects as go

from opdboard.panels import look
from opdboard.panels.gathering import Entry, entries
from opdboard.panels.series import RunSeries

_MOST = 8


def headed(figure: go.Figure, title: str, series: Sequence[RunSeries]) -> go.Figure:
    """The figure with `title` (unless it has one of its own) and `about`, in plotly's markup, in its meta."""
    meta = figure.layout.meta
    compared = entries(series)
    told = [_about(entry, meta.get("step")) for entry in compared[:_MOST]]
    if len(compared) > _MOST:
        told.append(f"and {len(compared) - _MOST} more")
    figure.layout.meta = {"title": title, "about": "   ".join(told), **meta}
    return figure


def _about(entry: Entry, step: int | None) -> str:
    name = look.marked(entry.name, look.run_color(entry), look.run_mark(entry))
    until = max((last_step(run) for run in entry.runs), default=0) if step is None else step
    return f"{name}, step {until}"


def last_step(run: RunSeries) -> int:
    """Of all that was loaded of the run; 0 before the first."""
    columns = [part.steps for part in (*run.scalars.values(), *run.vectors.values()) if len(part.steps)]
    return max([0, *(int(steps[-1]) for steps in columns), *(trigger.record.step for trigger in run.triggers)])
