"""No strategy: nothing happens unless a user commands it, along W_t - W_0 or from the last jump on."""

from typing_extensions import override

from opdboard.domain.strategies.none import NoStrategy
from opdboard_worker.core.extrapolation import AcceptanceRule
from opdboard_worker.training.strategies.strategy import Look, Proposal, Strategy, Surroundings, follows


@follows(NoStrategy)
class Plain(Strategy[NoStrategy]):
    """Plain training."""

    def __init__(self, settings: NoStrategy, surroundings: Surroundings) -> None:
        super().__init__(settings, AcceptanceRule(surroundings.manual_score))

    @override
    def propose(self, look: Look) -> Proposal:
        raise AssertionError("plain training never looks ahead by itself")
