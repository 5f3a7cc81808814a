"""How much a configuration asks for: steps, tokens and events, counted before anything runs."""

from dataclasses import dataclass, fields
from typing import Any

from opdboard.domain.run_config import RunConfig


@dataclass(frozen=True)
class Workload:
    """Counts of one run. Tokens are upper bounds: every response as long as budget.max_response_tokens allows.

    set_evaluations: scorings of each evaluation set; set_tokens: of all of them together.
    evaluation_tokens: of the held-out prompts; None where a share of the data is held out, whose size nobody knows before it is read.
    Dynamic sampling (DAPO) draws more prompts than are trained on, as many times as it takes.
    """

    steps: int
    prompts: int
    training_tokens: int
    triggers: int
    candidates: int
    search_tokens: int
    evaluations: int
    evaluation_tokens: int | None
    set_evaluations: int
    set_tokens: int
    checkpoints: int
    checkpoints_kept: int
    snapshots: int

    def __add__(self, other: "Workload") -> "Workload":
        """Both together."""
        both = [(getattr(self, field.name), getattr(other, field.name)) for field in fields(self)]
        sums: list[Any] = [None if None in pair else sum(pair) for pair in both]
        return Workload(*sums)


def workload(config: RunConfig) -> Workload:
    """What the training loop will do by its own schedule; commands given meanwhile come on top."""
    budget, monitoring, strategy = config.budget, config.monitoring, config.strategy
    longest = budget.max_response_tokens
    triggers = sum(strategy.looks_at(step) for step in range(1, budget.steps + 1))
    candidates = triggers * strategy.most_candidates
    search_tokens = (triggers + candidates + strategy.teacher_answers(triggers)) * strategy.examples * longest
    evaluations = 1 + _every_and_last(monitoring.evaluate_every, budget.steps)
    sets = config.evaluation.sets
    set_evaluations = 1 + _every_and_last(config.evaluation.every, budget.steps) if sets else 0
    checkpoints = _every_and_last(budget.checkpoint_every, budget.steps)
    return Workload(
        steps=budget.steps,
        prompts=budget.steps * (budget.batch_size // config.objective.responses_per_prompt),
        training_tokens=budget.steps * budget.batch_size * longest,
        triggers=triggers,
        candidates=candidates,
        search_tokens=search_tokens,
        evaluations=evaluations,
        evaluation_tokens=None
        if monitoring.held_out_size is None
        else (evaluations + config.teacher.scores) * monitoring.held_out_size * longest,  # a teacher answers once, too
        set_evaluations=set_evaluations,
        set_tokens=set_evaluations * sum(one.prompts * one.samples * one.max_response_tokens for one in sets),
        checkpoints=checkpoints,
        checkpoints_kept=min(checkpoints, budget.keep_checkpoints) + config.selection.keep_best,
        snapshots=_snapshots(monitoring.spectral_every, budget.steps),
    )


def _every_and_last(period: int, steps: int) -> int:
    return -(-steps // period)


def _snapshots(period: int, steps: int) -> int:
    """Powers of two and multiples of the period, each step once."""
    powers = [1 << exponent for exponent in range(steps.bit_length())]
    return steps // period + sum(power % period != 0 for power in powers)
