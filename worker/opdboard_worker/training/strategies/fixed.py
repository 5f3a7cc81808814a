"""Fixed extrapolation, the control for EffOPD's search: a jump along W_t - anchor that no validation refuses."""

from typing_extensions import override

from opdboard.domain.strategies.fixed import FixedExtrapolation
from opdboard_worker.core.extrapolation import AcceptanceRule, blind_try, direction
from opdboard_worker.training.strategies.strategy import Look, Proposal, Strategy, Surroundings, follows


@follows(FixedExtrapolation)
class Jumping(Strategy[FixedExtrapolation]):
    """W_t + alpha (W_t - anchor). It remembers no more than the anchor."""

    def __init__(self, settings: FixedExtrapolation, surroundings: Surroundings) -> None:
        super().__init__(settings, AcceptanceRule("negative_reverse_kl"))

    @override
    def propose(self, look: Look) -> Proposal:
        scored, start, alpha = look.candidates, look.candidates.start(), self.settings.alpha
        return Proposal(
            direction(look.start, look.anchor),
            lambda line: blind_try(start, lambda f: scored.sampled(line, f), alpha),
        )
