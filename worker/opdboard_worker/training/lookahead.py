"""Looking ahead on a live student: what every strategy has in common (see training.strategies.strategy).

W_t is kept, the strategy proposes a direction and a search, the student ends at the weights accepted, the anchor moves,
the optimizer is told, a record is written. Commands (a factor by hand, a search now, a veto) work with each of them,
plain OPD included, along W_t - anchor.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from opdboard.domain.commands import Extrapolate
from opdboard.domain.module_names import moved_by_authors_filter
from opdboard.domain.records import DecisionRecord
from opdboard.domain.run_config import Copies
from opdboard_worker.core.extrapolation import (
    Line,
    Search,
    direction,
    direction_norm,
    line_search,
    move_,
    single_try,
    told_score,
)
from opdboard_worker.data.examples import Example
from opdboard_worker.training.copies import Anchor, Copy
from opdboard_worker.training.decision_records import candidate_records
from opdboard_worker.training.optimizer import Updater
from opdboard_worker.training.probe import Scorer
from opdboard_worker.training.strategies.strategy import Look, Proposal, Strategy
from opdboard_worker.training.validation import Candidates


def moving(
    parameters: Mapping[str, torch.nn.Parameter], which: str, with_matrices: Collection[str]
) -> dict[str, torch.nn.Parameter]:
    """The parameters that a strategy's `parameters` names; with_matrices: those that hold attention and MLP matrices."""
    if which == "all":
        return dict(parameters)
    names = moved_by_authors_filter(parameters, with_matrices) if which == "authors_filter" else with_matrices
    return {name: parameters[name] for name in names}


class Lookahead:
    """Strategy, anchor, validation set and last jump of one run."""

    def __init__(
        self,
        strategy: Strategy[Any],
        *,
        moving: Mapping[str, torch.nn.Parameter],
        initial: Mapping[str, Copy],
        copies: Copies,
        scorer: Scorer,
        updater: Updater,
        validation: Sequence[Example],
    ) -> None:
        """moving: the parameters that a jump moves; initial: their W_0; copies: how the anchor is kept; validation: D_v."""
        self.strategy = strategy
        self._settings = strategy.settings
        self._moving = dict(moving)
        self._anchor = Anchor({name: initial[name] for name in self._moving}, copies)
        self._jump_device = None if copies == "device" else torch.device("cpu")
        self._anchor_step = 0
        self._jump: dict[str, Tensor] = {}
        self._jump_step: int | None = None
        self._rate_before_jump: float | None = None
        self._owed_since: int | None = None
        self._scorer = scorer
        self._updater = updater
        self._validation = validation

    @property
    def judges(self) -> bool:
        """Whether D_v and the teacher tell what a commanded extrapolation is judged by."""
        known = {"accuracy"} if any(example.answer is not None for example in self._validation) else set[str]()
        known |= {"negative_reverse_kl"} if self._scorer.measures_reverse_kl else set()
        return known.issuperset(self.strategy.rule.scores)

    def due(self, step: int) -> bool:
        """Whether the strategy looks ahead after this step: by its own schedule, or because its last look was put off."""
        return self._owed_since is not None or self._settings.looks_at(step)

    def still(self) -> int | None:
        """The anchor's step when nothing has moved since, so that D is 0 (in a warm-up's first step the rate is 0)."""
        moved = any(not torch.equal(parameter, self._anchor[name]) for name, parameter in self._moving.items())
        return None if moved else self._anchor_step

    def put_off(self, step: int) -> None:
        """The look that is due now is made after the first step that moves something; the schedule stays."""
        self._owed_since = step if self._owed_since is None else self._owed_since

    @torch.no_grad()
    def look(self, step: int, request: Extrapolate | None = None) -> tuple[DecisionRecord, Line | None]:
        """Do what the strategy proposes, or try what was asked for, and leave the student at the weights accepted.

        The line is None when there was nothing to try. The schedule moves the anchor at each look. A command does
        only when it jumps: refused, it leaves no trace.
        """
        began = time.perf_counter()
        start = {name: parameter.detach().clone() for name, parameter in self._moving.items()}
        candidates = Candidates(self._scorer, self._validation, self._moving, step, common=self.strategy.common_draws)
        look = Look(step, start, self._anchor, self._anchor_step, candidates)
        proposal = self.strategy.propose(look) if request is None else self._commanded(look, request)
        line = Line(start, proposal.direction)
        search = self._loaded(line, proposal.search(line))
        if search.accepted_factor:
            self._rate_before_jump = self._updater.base_rate
            # Needed by a veto alone, which may never come.
            self._jump = {
                name: (self._moving[name].detach() - start[name]).to(self._jump_device or start[name].device)
                for name in line.direction
            }
            self._jump_step = step
            self._updater.after_jump(self._settings.after_jump)
        from_step = self._anchor_step
        if request is None or search.accepted_factor:
            self._move_anchor(step, start)
        if request is None:
            if self._owed_since is not None:
                late = f"put off since step {self._owed_since}, when D was 0"
                search = replace(search, note=f"{search.reason}; {late}")
                self._owed_since = None
            self.strategy.decided(look, search)
        elif search.accepted_factor:
            self.strategy.displaced()
        score = told_score(self.strategy.rule.score, search.start)
        record = DecisionRecord(
            step=step,
            strategy=self._settings.kind if self._settings.looks_ahead else "manual",
            trigger="schedule" if request is None else "command",
            anchor_step=from_step,
            direction_norm=direction_norm(line.direction),
            validation_size=len(self._validation),
            score_name=score,
            accepted_factor=search.accepted_factor,
            outcome=search.outcome,
            tokens=proposal.tokens + search.tokens,
            seconds=time.perf_counter() - began,
            overridden=search.overridden,
            candidates=candidate_records(search, score),
        )
        return record, line if line.direction else None

    def _commanded(self, look: Look, request: Extrapolate) -> Proposal:
        rule, factor = self.strategy.rule, request.factor
        ahead = direction(look.start, look.anchor)
        if factor is None:
            factors = self.strategy.search_factors
            return Proposal(ahead, lambda line: line_search(lambda f: look.candidates.sampled(line, f), factors, rule))
        return Proposal(
            ahead,
            lambda line: single_try(
                lambda f: look.candidates.sampled(line, f), factor, rule, override=request.override
            ),
        )

    def _loaded(self, line: Line, search: Search) -> Search:
        """The student at the accepted factor; back at W_t, and the search saying so, where weights are not finite."""
        move_(self._moving, line.start, line.direction, search.accepted_factor)
        if not search.accepted_factor:
            return search
        moved = [self._moving[name] for name in line.direction]
        if all(bool(torch.isfinite(parameter).all()) for parameter in moved):
            return search
        move_(self._moving, line.start, line.direction, 0.0)
        note = f"factor {search.accepted_factor:g} refused, its weights are not finite"
        return replace(search, accepted_factor=0.0, overridden=False, note=note)

    def _move_anchor(self, step: int, start: dict[str, Tensor]) -> None:
        if self._settings.next_anchor == "initial_weights":
            return
        self._anchor_step = step
        self._anchor.keep(start if self._settings.next_anchor == "weights_before_jump" else self._moving)

    @property
    def jump_step(self) -> int | None:
        """Step of the last jump that can be taken back."""
        return self._jump_step

    @torch.no_grad()
    def veto(self, step: int | None = None) -> int | None:
        """Take the last jump's displacement and its change of the rate back, keeping what was trained since; its step.

        Moments that it reset stay reset. None, and nothing happens, without a jump or when the last one is not that of
        the step.
        """
        if self._jump_step is None or step not in (None, self._jump_step):
            return None
        anchor_has_it = self._anchor_step > self._jump_step or (
            self._anchor_step == self._jump_step and self._settings.next_anchor == "accepted_weights"
        )
        for name, jump in self._jump.items():
            displacement = jump.to(self._moving[name].device)
            self._moving[name].sub_(displacement)
            if anchor_has_it:
                self._anchor.keep({name: self._anchor[name] - displacement})
        if self._rate_before_jump is not None:
            self._updater.base_rate = self._rate_before_jump
        vetoed, self._jump_step, self._jump, self._rate_before_jump = self._jump_step, None, {}, None
        self.strategy.displaced()
        return vetoed

    def tensors(self) -> dict[str, Tensor]:
        """Anchor, last jump and the strategy's own, for a checkpoint."""
        jump = {f"jump|{name}": value for name, value in self._jump.items()}
        return (
            self._anchor.tensors()
            | jump
            | {f"strategy|{name}": value for name, value in self.strategy.tensors().items()}
        )

    def state(self) -> dict[str, Any]:
        """The rest of what must survive, as JSON: the ids of D_v among it."""
        return {
            "anchor_step": self._anchor_step,
            "jump_step": self._jump_step,
            "rate_before_jump": self._rate_before_jump,
            "owed_since": self._owed_since,
            "validation_ids": [example.id for example in self._validation],
            "strategy": self.strategy.state(),
        }

    def restore(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any], examples: Mapping[int, Example]) -> None:
        """Continue from tensors() and state(); examples: all training examples by id."""
        device = next(iter(self._moving.values())).device
        stored: dict[str, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            kind, name = key.split("|", 1)
            stored.setdefault(kind, {})[name] = value
        self._anchor.restore(tensors)
        # A file sorts its tensors; sums over modules come out the same only in the model's own order.
        jump = stored.get("jump", {})
        self._jump = {name: jump[name].to(self._jump_device or device) for name in self._moving if name in jump}
        self._anchor_step = state["anchor_step"]
        self._jump_step = state["jump_step"]
        # Checkpoints of earlier versions do not know the rate before a jump: a veto leaves it then.
        self._rate_before_jump = state.get("rate_before_jump")
        self._owed_since = state.get("owed_since")
        self._validation = [examples[example_id] for example_id in state["validation_ids"]]
        # Checkpoints of earlier versions know of no strategy with a state of its own.
        if "strategy" in state:
            own = {name: value.to(device) for name, value in stored.get("strategy", {}).items()}
            self.strategy.restore(own, state["strategy"])
