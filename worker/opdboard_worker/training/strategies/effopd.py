"""EffOPD (arXiv:2605.11739) and its control without validation: both go along W_t - anchor."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor
from typing_extensions import override

from opdboard.domain.strategies import EffOPD, FixedExtrapolation, looks_at
from opdboard_worker.core.extrapolation import (
    AcceptanceRule,
    Search,
    blind_try,
    candidate_factors,
    direction,
    line_search,
)
from opdboard_worker.training.strategies.protocol import Look, Proposal, Rules, Strategy


class AlongTheUpdate(Strategy):
    """D = W_t - anchor; EffOPD searches along it, fixed extrapolation jumps. Neither remembers more than the anchor."""

    def __init__(self, settings: EffOPD | FixedExtrapolation) -> None:
        """settings: the strategy of a RunConfig."""
        self._settings = settings
        if isinstance(settings, EffOPD):
            self.rules = Rules(
                settings.kind,
                AcceptanceRule(settings.score, settings.acceptance, settings.max_kl),
                settings.parameters,
                settings.anchor,
                settings.draws == "common",
                settings.validation_size,
                settings.optimizer_after_jump,
                candidate_factors(settings.candidates),
            )
        else:
            self.rules = Rules(
                settings.kind,
                AcceptanceRule("negative_reverse_kl"),
                settings.parameters,
                validation_size=settings.validation_size,
                optimizer_after_jump=settings.optimizer_after_jump,
            )

    @override
    def due(self, step: int) -> bool:
        return looks_at(self._settings, step)

    @override
    def propose(self, look: Look) -> Proposal:
        settings, scored = self._settings, look.candidates
        ahead = direction(look.start, look.anchor)
        if isinstance(settings, FixedExtrapolation):
            start, alpha = scored.start(), settings.alpha
            return Proposal(ahead, lambda line: blind_try(start, lambda f: scored.sampled(line, f), alpha))
        factors, rule = self.rules.search_factors, self.rules.rule
        return Proposal(ahead, lambda line: line_search(lambda f: scored.sampled(line, f), factors, rule))

    @override
    def decided(self, look: Look, search: Search) -> None:
        """The anchor is all it goes by."""

    @override
    def displaced(self) -> None:
        """The lookahead keeps the anchor."""

    @override
    def tensors(self) -> dict[str, Tensor]:
        """Nothing."""
        return {}

    @override
    def state(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    @override
    def restore(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Nothing."""
