"""RELEX on a live student: predict each tensor from its last few checkpoints (maths in core.relex)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from opdboard.domain.strategies.relex import Relex
from opdboard_worker.core import relex
from opdboard_worker.core.extrapolation import AcceptanceRule, Search, blind_try
from opdboard_worker.training.strategies.strategy import Look, Proposal, Strategy, Surroundings, follows


@follows(Relex)
class ContinuedLines(Strategy[Relex]):
    """Keeps `checkpoints` copies of what moves; after a prediction it begins to collect anew."""

    def __init__(self, settings: Relex, surroundings: Surroundings) -> None:
        super().__init__(settings, AcceptanceRule("negative_reverse_kl"))
        self._steps: list[int] = []
        self._weights: list[dict[str, Tensor]] = []

    @override
    @torch.no_grad()
    def propose(self, look: Look) -> Proposal:
        """W_0 + c(horizon t) v - W_t once there are checkpoints enough; W_0 is look.anchor."""
        self._steps.append(look.step)
        self._weights.append(dict(look.start))
        scored, start = look.candidates, look.candidates.start()
        if len(self._steps) < self.settings.checkpoints:
            note = f"{len(self._steps)} of {self.settings.checkpoints} checkpoints collected"
            return Proposal({}, lambda _line: Search(start, (), 0.0, note=note))
        at = self.settings.horizon * look.step
        ahead = {}
        for name, base in look.anchor.items():
            updates = [weights[name] - base for weights in self._weights]
            ahead[name] = relex.predicted_update(updates, self._steps, at) - updates[-1]
        return Proposal(ahead, lambda line: blind_try(start, lambda f: scored.sampled(line, f), 1.0))

    @override
    def decided(self, look: Look, search: Search) -> None:
        """A jump breaks the line that the checkpoints lie on; without one the oldest checkpoint makes room."""
        if search.accepted_factor:
            self.displaced()
        elif len(self._steps) >= self.settings.checkpoints:
            self._steps, self._weights = self._steps[1:], self._weights[1:]

    @override
    def displaced(self) -> None:
        """What was collected lies on another line than what comes: it begins anew."""
        self._steps, self._weights = [], []

    @override
    def tensors(self) -> dict[str, Tensor]:
        """The checkpoints."""
        return {f"{i}|{name}": value for i, one in enumerate(self._weights) for name, value in one.items()}

    @override
    def state(self) -> dict[str, Any]:
        """Their steps."""
        return {"steps": self._steps}

    @override
    def restore(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        self._steps = list(state["steps"])
        self._weights = [{} for _ in self._steps]
        for key, value in tensors.items():
            index, name = key.split("|", 1)
            self._weights[int(index)][name] = value
