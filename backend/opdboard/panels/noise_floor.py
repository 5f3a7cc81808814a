"""Below what a distance to the teacher means nothing: how far the teacher is from itself on the same tokens."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from opdboard.panels import look
from opdboard.panels.series import RunSeries

DISTANCES = frozenset({"reverse_kl", "reverse_kl_k1", "reverse_kl_k3", "eval/reverse_kl", "eval/reverse_kl_k3"})
_FEW = 4
_WORTH = 0.01
"""Of the lowest point that is drawn: a floor below that would only flatten the curves."""


def floors(
    series: Sequence[RunSeries], keys: Sequence[str], heights: Sequence[np.ndarray], *, log: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str | None]:
    """Lines, their labels and what the note says of them: of a few runs on their own, where distances alone are drawn."""
    if not DISTANCES.issuperset(keys) or len(series) > _FEW:
        return [], [], None
    known = [(run, run.noise_floor) for run in series if run.noise_floor and not run.group]
    drawn = np.concatenate([*heights, np.empty(0)])
    drawn = drawn[np.isfinite(drawn) & (drawn > 0)]
    shown = [(run, floor) for run, floor in known if drawn.size and floor >= _WORTH * drawn.min()]
    lines = [look.across(floor, look.faded(look.run_color(run), 0.8), "dot") for run, floor in shown]
    texts = [_label(run, floor, alone=len(series) == 1, log=log) for run, floor in shown]
    told = ", ".join(f"{floor:.2g}{'' if len(series) == 1 else f' ({run.name})'}" for run, floor in known)
    return lines, texts, f"noise floor of the teacher: {told} nats/token" if known else None


def _label(run: RunSeries, floor: float, *, alone: bool, log: bool) -> dict[str, Any]:
    return {
        "text": "noise floor"
        if alone
        else look.marked(f"noise floor, {run.name}", look.run_color(run), look.run_mark(run)),
        "xref": "x domain",
        "yref": "y",
        "x": 0,
        "y": float(np.log10(floor)) if log else floor,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11, "color": look.run_color(run)},
    }
