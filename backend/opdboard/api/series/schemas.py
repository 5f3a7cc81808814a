"""Scalars, modules and per-module statistics as they travel over HTTP."""

from pydantic import BaseModel, Field

from opdboard.api.arrays import TypedArray
from opdboard.api.parameters import Count, Parameters


class SeriesQuery(Parameters):
    """Which points to read."""

    keys: str = Field(
        default="", max_length=5000, description="Comma-separated scalar names; empty reads all the run has."
    )
    after: Count = Field(default=0, description="Only points written after this sequence number.")
    first: Count = Field(default=0, description="Only points from this step on.")
    last: Count | None = Field(default=None, description="Only points up to this step.")
    max_points: int = Field(
        default=2000,
        ge=2,
        le=10_000_000,
        description="Beyond this a key is thinned to the extremes per power-of-two bin of steps.",
    )


class ScalarOut(BaseModel):
    """One key's points in step order; values may be NaN or infinite."""

    steps: TypedArray
    values: TypedArray
    times: TypedArray = Field(description="When each point was measured, s since the epoch.")
    total: int = Field(description="Points there are.")
    shown: int = Field(description="Points sent; fewer than total means thinned by minimum and maximum per bin.")


class SeriesOut(BaseModel):
    """Points of several keys, with the sequence number to ask from next time."""

    seq: int
    rewound_seq: int
    series: dict[str, ScalarOut]


class CurveCard(BaseModel):
    """Scalars of one unit and one meaning, which share a picture."""

    title: str
    keys: list[str]


class CurveGroup(BaseModel):
    """Pictures that belong together."""

    name: str
    title: str
    cards: list[CurveCard]


class CurveGroups(BaseModel):
    """Every scalar that the run has, or all that there are while it has none yet."""

    groups: list[CurveGroup]
    overview: list[CurveCard] = Field(description="The few that say how the run goes.")


class ModuleOut(BaseModel):
    """One attention or MLP matrix."""

    name: str
    layer: int
    kind: str
    shape: tuple[int, int]
    label: str
    group: str


class ModuleList(BaseModel):
    """All modules, in the order of every statistics vector."""

    modules: list[ModuleOut]


class StatisticQuery(Parameters):
    """Which vectors to read."""

    after: Count = Field(default=0, description="Only vectors written after this sequence number.")
    step: Count | None = Field(default=None, description="Only this step.")
    first: Count = Field(default=0, description="Only steps from this one on.")
    last: Count | None = Field(default=None, description="Only steps up to this one.")
    reference_step: Count | None = Field(default=None, description="Alignments: only against this snapshot.")


class StatisticOut(BaseModel):
    """One statistic: a row per step, a column per module (or per position bin)."""

    seq: int
    steps: list[int]
    reference_steps: list[int | None]
    values: TypedArray
