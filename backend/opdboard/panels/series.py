"""What a panel is given of a run: arrays, nothing that knows where they came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from opdboard.domain.modules import Module
from opdboard.domain.records import DecisionRecord, VariantRecord

REFERENCE_LATEST = "latest"
IN_TRAINING = "in_training"
"""Among analyses, by kind: what a run itself scored on evaluation sets while it trained."""


@dataclass(frozen=True)
class Points:
    """A scalar in step order: steps and seqs int64, values float64; a point's seq says when it was written."""

    steps: np.ndarray
    values: np.ndarray
    seqs: np.ndarray

    def until(self, seq: int) -> "Points":
        """The points that existed at that sequence number."""
        old = self.seqs <= seq
        return Points(self.steps[old], self.values[old], self.seqs[old])


@dataclass(frozen=True)
class Vectors:
    """A statistic in step order: steps, references (-1 for none) and seqs (S,) int64, values (S, modules) float32."""

    steps: np.ndarray
    references: np.ndarray
    values: np.ndarray
    seqs: np.ndarray

    def until(self, seq: int) -> "Vectors":
        """The rows that existed at that sequence number."""
        old = self.seqs <= seq
        return Vectors(self.steps[old], self.references[old], self.values[old], self.seqs[old])

    def row_at(self, step: int | None) -> int | None:
        """The row of a step, else the last row before it, else the first; the last row for None; None without rows."""
        if not len(self.steps):
            return None
        if step is None:
            return len(self.steps) - 1
        return max(0, int(np.searchsorted(self.steps, step, side="right")) - 1)


@dataclass(frozen=True)
class Trigger:
    """A decision as it stands: a later veto moves its seq."""

    record: DecisionRecord
    vetoed: bool
    seq: int

    @property
    def jumped(self) -> bool:
        """The weights moved, and stayed there."""
        return self.record.accepted_factor != 0 and not self.vetoed


@dataclass(frozen=True)
class AlertMark:
    """An alert as pictures show it; seq: when it was raised."""

    step: int
    title: str
    measure: str | None
    module: str | None
    seq: int


@dataclass(frozen=True)
class Analysis:
    """What an analysis of a run's checkpoints has found so far; seqs: the run's own, at which each variant was stored."""

    id: str
    parameters: Mapping[str, Any]
    variants: Sequence[VariantRecord]
    seqs: np.ndarray

    def until(self, seq: int) -> "Analysis":
        """The variants that existed at that sequence number."""
        kept = [variant for variant, at in zip(self.variants, self.seqs.tolist(), strict=True) if at <= seq]
        return replace(self, variants=kept, seqs=self.seqs[self.seqs <= seq])


@dataclass(frozen=True)
class RunSeries:
    """One run's data for one panel.

    longest_response: the limit in tokens. analyses: by the kind of intervention. choices: what else is stored, by the name of the parameter that asks for it.
    noise_floor: of its teacher, nats/token; None where not known or not asked for.
    group: what it is drawn for when a group was asked for, '' when the run itself was; group_color is the group's.
    """

    id: str
    name: str
    color: int
    longest_response: int = 0
    modules: Sequence[Module] = ()
    scalars: Mapping[str, Points] = field(default_factory=dict)
    vectors: Mapping[str, Vectors] = field(default_factory=dict)
    triggers: Sequence[Trigger] = ()
    alerts: Sequence[AlertMark] = ()
    analyses: Mapping[str, Analysis] = field(default_factory=dict)
    choices: Mapping[str, Sequence[str | int]] = field(default_factory=dict)
    noise_floor: float | None = None
    group: str = ""
    group_color: int = 0

    def index_of(self, module: str) -> int | None:
        """The module of that parameter name or label; None when the run has no such module."""
        return next((index for index, one in enumerate(self.modules) if module in (one.name, one.label)), None)

    def seqs(self) -> np.ndarray:
        """When each of the data was written, in no order."""
        parts = [part.seqs for part in (*self.scalars.values(), *self.vectors.values(), *self.analyses.values())]
        return np.concatenate([*parts, np.array([one.seq for one in (*self.triggers, *self.alerts)], np.int64)])

    def until(self, seq: int) -> "RunSeries":
        """The data as they were at that sequence number, as far as rows were only added since."""
        return replace(
            self,
            scalars={key: points.until(seq) for key, points in self.scalars.items()},
            vectors={name: vectors.until(seq) for name, vectors in self.vectors.items()},
            triggers=[trigger for trigger in self.triggers if trigger.seq <= seq],
            alerts=[alert for alert in self.alerts if alert.seq <= seq],
            analyses={kind: analysis.until(seq) for kind, analysis in self.analyses.items()},
        )


@dataclass(frozen=True)
class VectorNeed:
    """A statistic to load: without reference, or aligned to one snapshot (a step, or the latest)."""

    statistic: str
    reference: int | Literal["latest"] | None = None


@dataclass(frozen=True)
class Needs:
    """What a panel draws from. steps: first and last step of the scalars (None: no end), and a neighbour beyond each.

    analyses: kinds of intervention, of each the run's latest analysis, and IN_TRAINING; analysis: the id of one to take instead of the latest.
    """

    scalars: tuple[str, ...] = ()
    steps: tuple[float | None, float | None] = (None, None)
    vectors: tuple[VectorNeed, ...] = ()
    triggers: bool = False
    alerts: bool = False
    analyses: tuple[str, ...] = ()
    analysis: str = ""
    noise_floor: bool = False
    choices: tuple[Literal["keys", "reference_step"], ...] = ()
