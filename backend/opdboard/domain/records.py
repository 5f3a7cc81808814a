"""What a trainer reports: the shapes that travel from the training loop through a sink into SQL.

Values are plain Python numbers and sequences; NaN and infinities are data and pass through unchanged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from opdboard.domain.check import Check


@dataclass(frozen=True)
class ModuleVector:
    """One statistic of all modules at one step, in the order of the run's module list.

    reference_step is set for alignments: the snapshot at `step` measured against the one at `reference_step`.
    """

    statistic: str
    step: int
    values: Sequence[float]
    reference_step: int | None = None


@dataclass(frozen=True)
class CandidateRecord:
    """One tried factor of a search; factor 0 is W_t itself. KLs in nats per token.

    gain: its score minus that of W_t, with a 95% interval paired example by example, not finite where there is none.
    """

    factor: float
    score: float
    accuracy: float | None
    reverse_kl: float
    gain: float
    gain_low: float
    gain_high: float
    kl_to_start: float
    accepted: bool
    reason: str
    tokens: int
    seconds: float


@dataclass(frozen=True)
class DecisionRecord:
    """One trigger of a strategy: the direction it took, every try, and what came of it.

    tokens: generated and scored, those of all candidates and what else the strategy asked for (AlphaRL: the teacher's answers).
    score_name: what the candidates' scores and gains are. overridden: a refused factor was taken because a user asked for
    it. weights_path: the folder, relative to the data folder, from which any W_t + f D of it can be made again.
    """

    step: int
    strategy: str
    trigger: str
    anchor_step: int
    direction_norm: float
    validation_size: int
    score_name: str
    accepted_factor: float
    outcome: str
    tokens: int
    seconds: float
    candidates: Sequence[CandidateRecord]
    overridden: bool = False
    weights_path: str | None = None
    weights_bytes: int | None = None


@dataclass(frozen=True)
class SampleRecord:
    """One response with its text cut into tokens; token_kl in nats, one value per token. answer: None where none is known."""

    step: int
    index: int
    prompt: str
    answer: str | None
    response: str
    tokens: Sequence[str]
    token_kl: Sequence[float]
    token_advantage: Sequence[float]
    correct: bool | None
    truncated: bool


@dataclass(frozen=True)
class CheckpointRecord:
    """A complete checkpoint folder, relative to the data folder."""

    step: int
    path: str
    bytes: int
    reason: str


@dataclass(frozen=True)
class CommandResult:
    """What the trainer did with a command."""

    command_id: int
    ok: bool
    result: str


@dataclass(frozen=True)
class Estimate:
    """A mean over prompts and its 95% interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ScoreRecord:
    """What a set of weights scored on one measure, 'accuracy' or 'reverse_kl' [nats/token].

    over_base, over_final: paired differences to the base and to the trained weights; recovery: (score - base) / (final - base).
    per_prompt: the score of each prompt, in the order that all variants share.
    """

    measure: str
    score: Estimate
    over_base: Estimate
    over_final: Estimate
    recovery: Estimate
    per_prompt: Sequence[float]


@dataclass(frozen=True)
class VariantRecord:
    """One set of changed weights, or another result of an analysis, at its place `index` from 1.

    family: 'base', 'final', or a series of the analysis, in which x is its place (a factor, a layer, a step, percent).
    norm: ||W - W_0||_F over all weights. details: what the analysis found besides scores, as JSON.
    """

    index: int
    family: str
    x: float | None
    label: str
    norm: float | None
    scores: Sequence[ScoreRecord] = ()
    details: dict[str, Any] = field(default_factory=dict)


@dataclass
class Batch:
    """Everything that becomes visible at once: one transaction, one move of the run's sequence."""

    step: int
    at: float
    scalars: dict[str, float] = field(default_factory=dict)
    vectors: list[ModuleVector] = field(default_factory=list)
    decisions: list[DecisionRecord] = field(default_factory=list)
    vetoed_decision_step: int | None = None
    samples: list[SampleRecord] = field(default_factory=list)
    checkpoints: list[CheckpointRecord] = field(default_factory=list)
    removed_checkpoint_steps: list[int] = field(default_factory=list)
    removed_candidate_steps: list[int] = field(default_factory=list)
    command_results: list[CommandResult] = field(default_factory=list)
    variants: list[VariantRecord] = field(default_factory=list)
    check: Check | None = None
    at_work: bool = False
    """Nothing needs to be new: whoever writes gets further."""
    set_scores: list[VariantRecord] = field(default_factory=list)
    """Of a training run: what the weights of the step scored on evaluation sets."""
