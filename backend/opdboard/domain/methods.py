"""What a run's method is called: by its objective and, where there is one, its strategy, as in `grpo-effopd`."""

from opdboard.domain.objectives import OBJECTIVES, Distillation, Objective
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.strategies import STRATEGIES, Strategy

_OBJECTIVES = {one.method: one.name for one in OBJECTIVES}
_STRATEGIES = {kind: one.name for kind, one in STRATEGIES.items() if one.looks_ahead}
_NAMES = (
    _OBJECTIVES | _STRATEGIES | {RunKind.IMPORT: "Import", RunKind.CHECK: "Check", RunKind.PLAYGROUND: "Playground"}
)

METHODS = (*_OBJECTIVES, *_STRATEGIES)
"""Those of one part."""


def method_of(objective: Objective, strategy: Strategy) -> str:
    """The name a reader of the papers would give it; a distillation with a strategy is called by that alone."""
    if not strategy.looks_ahead:
        return objective.method
    return f"{objective.method}-{strategy.kind}".removeprefix(f"{Distillation.method}-")


def method_name(method: str) -> str:
    """In words, as in 'GRPO + EffOPD'; a method that is none of ours stays as it is."""
    parts = method.split("-")
    return " + ".join(_NAMES[part] for part in parts) if all(part in _NAMES for part in parts) else method


def looks_ahead(method: str) -> bool:
    """Whether a strategy of ours is part of it."""
    return method.rsplit("-", 1)[-1] in _STRATEGIES
