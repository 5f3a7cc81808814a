"""How new data extend a figure that a browser already shows: the old figure plus the extension is the new figure.

One rule serves every panel. The panel is drawn twice, from the data as they were at the browser's cursor and as they are,
and the difference is sent: points to append where a trace only grew, whole traces where it changed otherwise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

from opdboard.panels.panel import P, Panel
from opdboard.panels.series import RunSeries

_ALWAYS_SENT = ("shapes", "annotations", "coloraxis")


@dataclass(frozen=True)
class Extension:
    """What turns the old figure into the new one; reset asks for the new one as a whole.

    append: uid -> (x, y) float64 to put at the ends of a trace. traces: whole ones to replace or add by uid. layout: keys
    to set, where a nested object is merged into the old one and an array replaces it. meta: the new figure's; None as before.
    """

    reset: bool = False
    append: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    traces: Sequence[dict[str, Any]] = ()
    layout: Mapping[str, Any] = field(default_factory=dict)
    meta: Mapping[str, Any] | None = None


def extend(panel: Panel[P], series: Sequence[RunSeries], params: P, after: Sequence[int]) -> Extension:
    """The extension of a figure drawn when the runs' sequence numbers were `after`."""
    moved = [run.id for run, seq in zip(series, after, strict=True) if (run.seqs() > seq).any()]
    if not moved:
        return Extension()
    if any(run.id in moved and not _can_go_back(run, seq) for run, seq in zip(series, after, strict=True)):
        return Extension(reset=True)
    old = panel.draw([run.until(seq) for run, seq in zip(series, after, strict=True)], params)
    return difference(old, panel.draw(series, params))


def _can_go_back(run: RunSeries, seq: int) -> bool:
    """Whether the loaded data as of that number are what the figure was drawn from.

    Not so when all of a statistic is newer (the first data of a run come with its modules, and alignments to the latest
    snapshot all come anew when there is a newer one), or all of an analysis (which takes an earlier one's place), or when a veto has changed a decision since.
    """
    wholes = (*run.vectors.values(), *run.analyses.values())
    all_new = any(len(part.seqs) and (part.seqs > seq).all() for part in wholes)
    return not all_new and not any(trigger.vetoed and trigger.seq > seq for trigger in run.triggers)


def difference(old: go.Figure, new: go.Figure) -> Extension:
    """What to do to the old figure to make it the new one."""
    before, now = as_json(old), as_json(new)
    meta = now["layout"]["meta"]
    known = {trace["uid"]: (trace, old.data[index]) for index, trace in enumerate(before["data"])}
    uids = [trace["uid"] for trace in now["data"]]
    layout = _changed(before["layout"], now["layout"])
    if layout is None or not known.keys() <= set(uids):
        return Extension(reset=True)
    append: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    traces = []
    for index, trace in enumerate(now["data"]):
        if trace["uid"] not in known:
            traces.append(trace)
            continue
        former, drawn = known[trace["uid"]]
        if former == trace:
            continue
        grown = _growth(drawn, new.data[index]) if _same_but_points(former, trace) else None
        if grown is None:
            traces.append(trace)
        else:
            append[trace["uid"]] = grown
    for key in _ALWAYS_SENT:
        if key in now["layout"]:
            layout[key] = now["layout"][key]
    layout.pop("meta", None)
    return Extension(append=append, traces=traces, layout=layout, meta=meta)


def as_json(drawn: go.Figure) -> dict[str, Any]:
    """The figure as JSON values, numeric arrays as base64; lists that plotly leaves out when empty are there."""
    figure = _without_arrays(drawn.to_dict())
    figure["layout"] = {"shapes": [], "annotations": [], **figure["layout"]}
    return figure


def _without_arrays(value: Any) -> Any:
    """plotly leaves empty arrays as they are."""
    if isinstance(value, dict):
        return {key: _without_arrays(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return (
        [_without_arrays(inner) for inner in value]
        if isinstance(value, list) and value and isinstance(value[0], dict)
        else value
    )


def _same_but_points(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return {**old, "x": 0, "y": 0} == {**new, "x": 0, "y": 0}


def _growth(old: Any, new: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """The points that the new trace has at its end; None when its beginning is not the old trace."""
    old_x, old_y, x, y = (np.asarray(values if values is not None else []) for values in (old.x, old.y, new.x, new.y))
    shown = len(old_x)
    numeric = x.dtype.kind == "f" and y.dtype.kind == "f" and len(x) >= shown
    if not numeric or not np.array_equal(old_x, x[:shown]) or not np.array_equal(old_y, y[:shown], equal_nan=True):
        return None
    return x[shown:], y[shown:]


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any] | None:
    """Keys of new that differ from old, nested; None when a key has gone, which merging cannot express."""
    if old.keys() - new.keys():
        return None
    patch: dict[str, Any] = {}
    for key, value in new.items():
        former = old.get(key)
        if former == value:
            continue
        if isinstance(value, dict) and isinstance(former, dict) and key != "meta":
            inner = _changed(former, value)
            if inner is None:
                return None
            patch[key] = inner
        else:
            patch[key] = value
    return patch
