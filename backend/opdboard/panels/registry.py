"""All panels, in the order in which a run page offers them."""

from typing import Any

from opdboard.domain.errors import NotFound
from opdboard.panels import (
    alignment,
    decision_line,
    decision_tree,
    decisions,
    difference,
    embedding_shift,
    evaluate,
    export_adapter,
    first_last_cosine,
    health,
    lm_eval,
    lock_in,
    module_allocation,
    module_history,
    position,
    rank,
    rank_one_trajectory,
    rescale_early,
    reset_embeddings,
    scalars,
    scale_final,
    set_scores,
    sliding_window,
    spectrum,
)
from opdboard.panels.panel import Panel

PANELS: tuple[Panel[Any], ...] = (
    module_allocation.PANEL,
    alignment.PANEL,
    decisions.PANEL,
    scalars.PANEL,
    set_scores.PANEL,
    health.PANEL,
    spectrum.PANEL,
    module_history.PANEL,
    decision_tree.PANEL,
    decision_line.PANEL,
    position.PANEL,
    difference.PANEL,
    evaluate.PANEL,
    scale_final.PANEL,
    rescale_early.PANEL,
    rank.PANEL,
    sliding_window.PANEL,
    reset_embeddings.PANEL,
    embedding_shift.PANEL,
    lm_eval.PANEL,
    rank_one_trajectory.PANEL,
    export_adapter.PANEL,
    first_last_cosine.PANEL,
    lock_in.PANEL,
)


def panel(name: str) -> Panel[Any]:
    """The panel of that name; NotFound lists the names there are."""
    for each in PANELS:
        if each.name == name:
            return each
    names = ", ".join(each.name for each in PANELS)
    raise NotFound(f"there is no panel {name!r}; panels are {names}", where="name")
