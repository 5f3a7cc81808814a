"""Looking ahead along the update direction: EffOPD on a live student (arXiv:2605.11739; switches in RunConfig.EffOPD).

Also serves 'extrapolate now' on a plain OPD run, whose anchor is the initial weights.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from opdboard.domain.commands import Extrapolate
from opdboard.domain.modules import module_of
from opdboard.domain.records import CandidateRecord, DecisionRecord
from opdboard.domain.run_config import EffOPD
from opdboard_worker.core.extrapolation import (
    AcceptanceRule,
    Line,
    Search,
    Validation,
    candidate_factors,
    direction,
    direction_norm,
    is_power_of_two,
    line_search,
    move_,
    single_try,
)
from opdboard_worker.core.losses import k3
from opdboard_worker.data.examples import Example
from opdboard_worker.training.optimizer import Updater
from opdboard_worker.training.probe import Answers, Scorer

# Substrings by which the authors' published code picks the parameters that move.
_AUTHORS_FILTER = ("attn", "attention", "mlp")


def moving(parameters: Mapping[str, torch.nn.Parameter], which: str) -> dict[str, torch.nn.Parameter]:
    """The parameters that EffOPD.parameters names."""
    if which == "all":
        return dict(parameters)
    if which == "authors_filter":
        return {name: p for name, p in parameters.items() if any(part in name for part in _AUTHORS_FILTER)}
    return {name: p for name, p in parameters.items() if module_of(name, tuple(p.shape)) is not None}


class Lookahead:
    """Anchor, validation set and last jump of one run."""

    def __init__(
        self,
        settings: EffOPD,
        *,
        scheduled: bool,
        parameters: Mapping[str, torch.nn.Parameter],
        initial: Mapping[str, Tensor],
        scorer: Scorer,
        updater: Updater,
        validation: Sequence[Example],
    ) -> None:
        """scheduled: jump at powers of two (EffOPD), else on command only; initial: W_0 of the moving parameters, never written to."""
        self._settings = settings
        self._scheduled = scheduled
        self._moving = moving(parameters, settings.parameters)
        self._anchor = {name: initial[name] for name in self._moving}
        self._anchor_step = 0
        self._jump: dict[str, Tensor] = {}
        self._jump_step: int | None = None
        self._scorer = scorer
        self._updater = updater
        self._validation = validation

    @property
    def name(self) -> str:
        """Strategy name stored with decisions."""
        return self._settings.kind if self._scheduled else "manual"

    def due(self, step: int) -> bool:
        """EffOPD triggers at t = 1, 2, 4, 8, ..."""
        return self._scheduled and is_power_of_two(step)

    @torch.no_grad()
    def look(self, step: int, request: Extrapolate | None = None) -> tuple[DecisionRecord, Line]:
        """Search along W_t - anchor, or try the factor that was asked for, and leave the student at the weights accepted.

        The schedule moves the anchor at each trigger. A command does only when it jumps: refused, it leaves no trace.
        """
        began = time.perf_counter()
        start = {name: parameter.detach().clone() for name, parameter in self._moving.items()}
        line = Line(start, direction(start, self._anchor))
        search = self._search(step, line, request)
        move_(self._moving, line.start, line.direction, search.accepted_factor)
        if search.accepted_factor > 0:
            self._jump = {name: self._moving[name].detach() - start[name] for name in start}
            self._jump_step = step
            self._updater.after_jump(self._settings.optimizer_after_jump)
        from_step = self._anchor_step
        if request is None or search.accepted_factor > 0:
            self._anchor_step = step
            if self._settings.anchor == "weights_before_jump":
                self._anchor = start
            else:
                self._anchor = {name: parameter.detach().clone() for name, parameter in self._moving.items()}
        norm, seconds = direction_norm(line.direction), time.perf_counter() - began
        return self._record(step, "schedule" if request is None else "command", from_step, norm, search, seconds), line

    def _search(self, step: int, line: Line, request: Extrapolate | None) -> Search:
        start, ahead = line.start, line.direction
        rule = AcceptanceRule(
            score=self._settings.score, acceptance=self._settings.acceptance, max_kl=self._settings.max_kl
        )

        def validate(factor: float) -> Validation:
            began = time.perf_counter()
            move_(self._moving, start, ahead, factor)
            common = self._settings.draws == "common"
            answers = self._scorer.answer(self._validation, "validation", *(() if common else (step, factor)))
            kl_to_start = 0.0 if factor == 0 else self._kl_to_start(answers, start, ahead)
            return Validation(
                accuracy_N=torch.tensor(answers.correct, dtype=torch.float64),
                negative_reverse_kl_N=None
                if self._scorer.teacher is None
                else -answers.reverse_kl_by_example().double().cpu(),
                kl_to_start=kl_to_start,
                tokens=answers.tokens,
                seconds=time.perf_counter() - began,
            )

        if request is not None and request.factor is not None:
            return single_try(validate, request.factor, rule, override=request.override)
        return line_search(validate, candidate_factors(self._settings.candidates), rule)

    def _kl_to_start(self, answers: Answers, start: Mapping[str, Tensor], ahead: Mapping[str, Tensor]) -> float:
        """KL(candidate || W_t) per token on the candidate's own answers, k3 estimate."""
        candidate_logp_N = answers.measures.student_logprob
        move_(self._moving, start, ahead, 0.0)
        start_logp_N = self._scorer.student_logp(answers.rollout)
        return float(k3(candidate_logp_N, start_logp_N.to(candidate_logp_N)).mean())

    @property
    def jump_step(self) -> int | None:
        """Step of the last jump that can be taken back."""
        return self._jump_step

    @torch.no_grad()
    def veto(self, step: int | None = None) -> int | None:
        """Take the last jump's displacement back, keeping what was trained since; its step.

        None, and nothing happens, without a jump or when the last one is not that of the step.
        """
        if self._jump_step is None or step not in (None, self._jump_step):
            return None
        for name, displacement in self._jump.items():
            self._moving[name].sub_(displacement)
            if self._settings.anchor == "accepted_weights" and self._anchor_step == self._jump_step:
                self._anchor[name] = self._anchor[name] - displacement
        vetoed, self._jump_step, self._jump = self._jump_step, None, {}
        return vetoed

    def _record(
        self, step: int, trigger: str, anchor_step: int, norm: float, search: Search, seconds: float
    ) -> DecisionRecord:
        return DecisionRecord(
            step=step,
            strategy=self.name,
            trigger=trigger,
            anchor_step=anchor_step,
            direction_norm=norm,
            validation_size=len(self._validation),
            score_name=self._settings.score,
            accepted_factor=search.accepted_factor,
            outcome=search.outcome,
            tokens=search.tokens,
            seconds=seconds,
            overridden=search.overridden,
            candidates=[self._start(search.start), *(self._candidate(attempt) for attempt in search.tries)],
        )

    def _start(self, start: Validation) -> CandidateRecord:
        return _candidate_record(
            start, self._score(start), factor=0.0, gain=(0.0, 0.0, 0.0), accepted=True, reason="W_t, the start"
        )

    def _candidate(self, attempt: Any) -> CandidateRecord:
        return _candidate_record(
            attempt.validation,
            self._score(attempt.validation),
            factor=attempt.factor,
            gain=(attempt.gain, attempt.gain_low, attempt.gain_high),
            accepted=attempt.accepted,
            reason=attempt.reason,
        )

    def _score(self, validation: Validation) -> float:
        if self._settings.score == "accuracy" and validation.accuracy is not None:
            return validation.accuracy
        return validation.negative_reverse_kl

    def tensors(self) -> dict[str, Tensor]:
        """Anchor and last jump, for a checkpoint."""
        anchor = {f"anchor|{name}": value for name, value in self._anchor.items()}
        return anchor | {f"jump|{name}": value for name, value in self._jump.items()}

    def state(self) -> dict[str, Any]:
        """The rest of what must survive, as JSON: the ids of D_v among it."""
        return {
            "anchor_step": self._anchor_step,
            "jump_step": self._jump_step,
            "validation_ids": [example.id for example in self._validation],
        }

    def restore(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any], examples: Mapping[int, Example]) -> None:
        """Continue from tensors() and state(); examples: all training examples by id."""
        device = next(iter(self._moving.values())).device
        self._anchor = {name: tensors[f"anchor|{name}"].to(device) for name in self._moving}
        self._jump = {name: tensors[f"jump|{name}"].to(device) for name in self._moving if f"jump|{name}" in tensors}
        self._anchor_step = state["anchor_step"]
        self._jump_step = state["jump_step"]
        self._validation = [examples[example_id] for example_id in state["validation_ids"]]


def _candidate_record(
    validation: Validation,
    score: float,
    *,
    factor: float,
    gain: tuple[float, float, float],
    accepted: bool,
    reason: str,
) -> CandidateRecord:
    return CandidateRecord(
        factor=factor,
        score=score,
        accuracy=validation.accuracy,
        reverse_kl=-validation.negative_reverse_kl,
        gain=gain[0],
        gain_low=gain[1],
        gain_high=gain[2],
        kl_to_start=validation.kl_to_start,
        accepted=accepted,
        reason=reason,
        tokens=validation.tokens,
        seconds=validation.seconds,
    )
