"""Names of measures as they travel over HTTP."""

from pydantic import BaseModel, Field

from opdboard.domain.measure import Better


class MeasureOut(BaseModel):
    """What a measure is called, by its key."""

    name: str = Field(description="The key that queries, series and rules ask for.")
    title: str = Field(description="In full.")
    brief: str = Field(description="Where there is little room: columns, legends, tiles.")
    symbol: str = Field(description="As formulas write it; empty where they have none.")
    unit: str = Field(description="Empty where it has none; 'share' lies in 0..1.")
    better: Better = Field(description="Which direction is better; null where neither is in itself.")


class Measures(BaseModel):
    """The one table of names: scalars (any other key is possible too), statistics of single modules, and scores of weights."""

    scalar: list[MeasureOut]
    module: list[MeasureOut]
    score: list[MeasureOut]
