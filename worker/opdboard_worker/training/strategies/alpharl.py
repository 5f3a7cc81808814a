"""AlphaRL-style prediction on a live student (maths and caveats in core.alpharl)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from opdboard.domain.strategies.alpharl import AlphaRL
from opdboard_worker.core.alpharl import Leading, leading_part, predicted_update
from opdboard_worker.core.extrapolation import AcceptanceRule, Search, Validation, blind_try
from opdboard_worker.training.strategies.strategy import Look, Proposal, Strategy, Surroundings, follows


@follows(AlphaRL)
class PredictedUpdate(Strategy[AlphaRL]):
    """Keeps one vector pair per matrix and checkpoint, and each checkpoint's score."""

    def __init__(self, settings: AlphaRL, surroundings: Surroundings) -> None:
        super().__init__(settings, AcceptanceRule(settings.score))
        self._held = surroundings.held
        self._teacher_answers = surroundings.teacher_answers
        self._wanted: float | None = 0.0 if settings.score == "negative_reverse_kl" else None
        self._scores: list[float] = []
        self._parts: list[dict[str, Leading]] = []

    @override
    @torch.no_grad()
    def propose(self, look: Look) -> Proposal:
        """W_0 + z(y*) v_1^T - W_t once there are checkpoints enough; W_0 is look.anchor."""
        scored, start = look.candidates, look.candidates.start()
        self._scores.append(self._score(start))
        self._parts.append(
            {
                module.name: leading_part(view.of(update))
                for name, value in look.start.items()
                for update in [value - look.anchor[name]]
                for module, view in self._held[name]
            }
        )
        if len(self._scores) < self.settings.checkpoints:
            return _nothing(start, f"{len(self._scores)} of {self.settings.checkpoints} checkpoints collected")
        tokens = 0
        if self._wanted is None:
            of_teacher = self._teacher_answers()  # their accuracy counts as 1
            self._wanted, tokens = of_teacher.accuracy, of_teacher.tokens
        scores_T = torch.tensor(self._scores, dtype=torch.float64)
        try:
            ahead = {name: self._ahead(name, look, scores_T, self._wanted) for name in look.start}
        except ValueError as error:
            return _nothing(start, str(error), tokens)
        return Proposal(
            ahead, lambda line: blind_try(start, lambda f: scored.sampled(line, f), 1.0, self.rule.score), tokens
        )

    def _ahead(self, name: str, look: Look, scores_T: Tensor, wanted: float) -> Tensor:
        """What leads from a weight to the prediction of all its matrices."""
        way = look.anchor[name] - look.start[name]
        scaled = self.settings.scaling == "unit_variance"
        for module, view in self._held[name]:
            parts = [one[module.name] for one in self._parts]
            view.of(way).add_(predicted_update(parts, scores_T, wanted, scaled=scaled).to(way))
        return way

    def _score(self, start: Validation) -> float:
        if self.settings.score == "accuracy" and start.accuracy is not None:
            return start.accuracy
        return start.negative_reverse_kl

    @override
    def tensors(self) -> dict[str, Tensor]:
        """z and v of every checkpoint."""
        vectors = {}
        for i, parts in enumerate(self._parts):
            for name, part in parts.items():
                vectors |= {f"{i}|z|{name}": part.z_M, f"{i}|v|{name}": part.v_N}
        return vectors

    @override
    def state(self) -> dict[str, Any]:
        """Scores, and the score that stands for 1."""
        return {"scores": self._scores, "wanted": self._wanted}

    @override
    def restore(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        self._scores, self._wanted = list(state["scores"]), state["wanted"]
        self._parts = [{} for _ in self._scores]
        for key, z_M in tensors.items():
            index, kind, name = key.split("|", 2)
            if kind == "z":
                self._parts[int(index)][name] = Leading(z_M, tensors[f"{index}|v|{name}"])


def _nothing(start: Validation, note: str, tokens: int = 0) -> Proposal:
    return Proposal({}, lambda _line: Search(start, (), 0.0, note=note), tokens)
