"""Comparisons as they travel over HTTP."""

from typing import Any, Literal

from pydantic import BaseModel, Field, computed_field

from opdboard.api.parameters import NO_NUL, Parameters
from opdboard.api.runs.schemas import RunSummary
from opdboard.domain.methods import method_name
from opdboard.domain.run_state import RunState
from opdboard.domain.speedup import Standing
from opdboard.domain.speedup_words import Verdict

_ENTRIES = "Comma-separated run ids; group:NAME stands for all runs of a group, where a comma in NAME is written %2C."


class CompareQuery(Parameters):
    """What to compare."""

    runs: str = Field(max_length=2000, pattern=NO_NUL, description=_ENTRIES)


class EntryOut(BaseModel):
    """A run, or a group of runs compared as one."""

    key: str = Field(description="The run's id, or group:NAME; what other questions take.")
    name: str
    color: int = Field(description="Index into the eight run colours; a group's stays the same on every page.")
    is_group: bool
    runs: list[RunSummary] = Field(description="Oldest first.")
    failed: int = Field(description="Members that failed; they are left out.")
    notes: list[str] = Field(description="What was written about the runs, each text once.")


class EntryList(BaseModel):
    """What is compared, in the order asked for."""

    entries: list[EntryOut]
    missing: list[str] = Field(description="What was asked for and is not there.")


class ChoiceQuery(Parameters):
    """What to look for."""

    search: str = Field(default="", max_length=200, pattern=NO_NUL, description="Part of a name, id or group.")


class GroupChoice(BaseModel):
    """A group that can be compared."""

    key: str
    name: str
    runs: int


class RunChoice(BaseModel):
    """A run that can be compared."""

    key: str
    name: str
    color: int
    state: RunState
    step: int
    total_steps: int


class ChoiceList(BaseModel):
    """The latest groups and runs that match."""

    groups: list[GroupChoice]
    runs: list[RunChoice]


class DifferingKey(BaseModel):
    """A configuration key that is not the same in all runs."""

    path: str
    values: dict[str, list[Any]] = Field(
        description="Entry -> the different values of its runs; entries without the key are left out."
    )


class SameKey(BaseModel):
    """A configuration key with one value in all runs."""

    path: str
    value: Any


class ConfigDifference(BaseModel):
    """Configurations side by side, keys as dotted paths."""

    differing: list[DifferingKey]
    same: list[SameKey]


class SpeedupQuery(CompareQuery):
    """What to measure the speed-up by."""

    reference: str = Field(
        default="",
        max_length=1000,
        pattern=NO_NUL,
        description="The entry that sets the target; empty takes the first.",
    )
    metric: str = Field(
        default="eval/reverse_kl", max_length=128, pattern=NO_NUL, description="A scalar with a better direction."
    )
    share: float = Field(
        default=1.0, gt=0, le=1, description="Share of the reference's way from its first to its last value."
    )


class RatioOut(BaseModel):
    """The reference's cost over this entry's: above 1 is faster."""

    value: float
    low: float | None = Field(
        description="Lower end of the 95% interval over seeds (Student's, of log costs); null when both sides are one run, or "
        "when a member never got there."
    )
    high: float | None = Field(description="Upper end.")
    paired: bool = Field(description="Both sides have the same seeds, and runs of one seed were compared.")
    at_least: float | None = Field(
        description="The least that it can be, either side having reached the target between two evaluations; null when not known."
    )
    at_most: float | None = Field(
        description="The most that it can be; null with an at_least: this side may have been there at no cost, so there is no bound."
    )


class CellOut(BaseModel):
    """A cell of the meter's table, in words."""

    text: str = Field(description="The number, or a dash.")
    bracket: str = Field(
        description="What the grid of evaluations leaves open, as in '[16–32]'; empty where nothing is known."
    )
    more: str = Field(description="The seeds with their interval, or the search's part of a cost; may be empty.")
    verdict: Verdict = Field(
        description="Of a ratio: faster or slower with all of its interval over seeds and of its bracket; open where not; single: one "
        "run a side; noise: the target is less than two standard errors of an evaluation from the start; same: the reference's own."
    )


class CellsOut(BaseModel):
    """Cells by cost."""

    steps: CellOut
    tokens: CellOut
    seconds: CellOut
    gpu_seconds: CellOut


class RowWordsOut(BaseModel):
    """A row of the meter's table as the page, the report and the CSV show it."""

    rate: str
    standing: str = Field(description="How it stands to the target: reached, Held-out accuracy: never recorded, ...")
    against_best: CellsOut | None = Field(description="Null when there is one rate only.")
    ratios: CellsOut
    costs: CellsOut


class CostsOut(BaseModel):
    """Spent until the target was reached and held, in proportion between two evaluations; medians over the members."""

    steps: float | None
    tokens: float | None = Field(description="Generated for training and by the search.")
    search_tokens: float | None = Field(description="Part of the tokens that the search took.")
    seconds: float | None
    gpu_seconds: float | None = Field(description="Null where no GPU was used.")
    search_seconds: float | None = Field(description="Part of the seconds that the search took.")


class BracketsOut(BaseModel):
    """Spent at the last evaluation before the target was reached and at the one that had, medians; null when not known."""

    steps: tuple[float, float] | None
    tokens: tuple[float, float] | None
    seconds: tuple[float, float] | None
    gpu_seconds: tuple[float, float] | None


class RatiosOut(BaseModel):
    """Speed-ups by each cost; null when a side has not reached the target or its cost is not known."""

    steps: RatioOut | None
    tokens: RatioOut | None
    seconds: RatioOut | None
    gpu_seconds: RatioOut | None


class SpeedupRowOut(BaseModel):
    """One entry. A member that has not reached the target counts as infinitely dear, so most must reach it."""

    key: str
    name: str
    members: int
    standing: Standing = Field(
        description="never_recorded: no evaluation of this metric; never_finite: none that is a number; too_few: one only; no_target; "
        "reached by most; lost: came there and lost it again; not_reached; not_by_most: by some members."
    )
    evaluated: int = Field(description="How many of the members have the two evaluations that a comparison takes.")
    reached: int = Field(description="How many of the members reached the target and held it.")
    touched: int = Field(description="How many more came to it and lost it again.")
    spacing: float = Field(description="Steps between the evaluations used: those of the rarer side.")
    differs: list[
        Literal["cadence", "batch", "held_out", "temperature", "going", "failed", "not_evaluated", "never_evaluated"]
    ] = Field(
        description="What is not the same as of the reference (steps between evaluations, batch size, held-out size, temperature), and "
        "whether it has not ended or failed; not_evaluated (yet) or never_evaluated alone where nothing is compared."
    )
    untold: list[Literal["batch", "held_out", "temperature"]] = Field(
        description="What it or the reference does not tell, so that nobody knows whether it is the same."
    )
    method: str
    learning_rates: list[float]
    same_rate: bool | None = Field(
        description="At the same learning rate as the reference; null where a side does not tell."
    )
    costs: CostsOut
    brackets: BracketsOut
    ratios: RatiosOut
    against_best: RatiosOut | None = Field(
        description="Against the reference's method at its best rate among the entries; null when there is one rate only."
    )
    words: RowWordsOut

    @computed_field
    @property
    def method_name(self) -> str:
        """The method in words, as in 'GRPO + EffOPD'."""
        return method_name(self.method)


class NoiseOut(BaseModel):
    """How exact one evaluation is."""

    standard_error: float
    answers: int | None = Field(
        description="How many it was told from; null where it is told from how the reference's curve jitters."
    )


class SpeedupOut(BaseModel):
    """The speed-up meter."""

    metric: str
    reference: str
    start: float | None = Field(description="What the way to the target is measured from.")
    noise: NoiseOut | None = Field(description="Null when too little tells it.")
    within_noise: bool | None = Field(
        description="The target is less than two standard errors of an evaluation from the start; null when that is not known."
    )
    told: str = Field(description="What the target is, or why there is none.")
    method: str = Field(description="How it was measured, and what the brackets are.")
    notes: list[str] = Field(description="Why the rows may not be like with like, the most sobering first.")
    target: float | None = Field(description="Null when the reference has not got better.")
    smoothing: str = Field(description="Of the curves before targets are looked for.")
    slack: float = Field(description="Held: no more than this share of the way to the target is lost again.")
    fell_back: bool = Field(
        description="The reference ended worse than its own best by more than the slack: an easier target than it had reached."
    )
    best: str | None = Field(
        description="The entry of the reference's method whose learning rate takes the fewest steps."
    )
    rows: list[SpeedupRowOut]
