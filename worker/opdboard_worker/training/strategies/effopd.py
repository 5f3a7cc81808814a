"""EffOPD (arXiv:2605.11739): a search along W_t - anchor. It remembers no more than the anchor."""

from typing_extensions import override

from opdboard.domain.strategies.effopd import EffOPD
from opdboard_worker.core.extrapolation import AcceptanceRule, candidate_factors, direction, line_search
from opdboard_worker.training.strategies.strategy import Look, Proposal, Strategy, Surroundings, follows


@follows(EffOPD)
class Extrapolated(Strategy[EffOPD]):
    """Candidates one after another, until validation refuses."""

    def __init__(self, settings: EffOPD, surroundings: Surroundings) -> None:
        super().__init__(settings, AcceptanceRule(settings.score, settings.acceptance, settings.max_kl))
        self.common_draws = settings.draws == "common"
        self.search_factors = candidate_factors(settings.candidates)

    @override
    def propose(self, look: Look) -> Proposal:
        return Proposal(
            direction(look.start, look.anchor),
            lambda line: line_search(lambda f: look.candidates.sampled(line, f), self.search_factors, self.rule),
        )
