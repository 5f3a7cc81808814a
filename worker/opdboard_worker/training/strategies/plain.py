"""No strategy: nothing happens unless a user commands it."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from opdboard_worker.core.extrapolation import AcceptanceRule, Search
from opdboard_worker.training.strategies.protocol import Look, Proposal, Rules


class Plain:
    """Plain training. A commanded look goes along W_t - W_0, or from the last jump on."""

    def __init__(self, rule: AcceptanceRule) -> None:
        """rule: when a commanded candidate is taken."""
        self.rules = Rules("manual", rule)

    def due(self, step: int) -> bool:
        """Never."""
        return False

    def propose(self, look: Look) -> Proposal:
        """Never asked."""
        raise AssertionError("plain training never looks ahead by itself")

    def decided(self, look: Look, search: Search) -> None:
        """Nothing to learn."""

    def displaced(self) -> None:
        """The lookahead keeps the anchor."""

    def tensors(self) -> dict[str, Tensor]:
        """Nothing."""
        return {}

    def state(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def restore(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Nothing."""
