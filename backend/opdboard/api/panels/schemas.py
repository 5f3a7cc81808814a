"""Panels as they travel over HTTP."""

from typing import Any

from pydantic import BaseModel, Field

from opdboard.api.arrays import TypedArray
from opdboard.domain.events import Topic


class PanelOut(BaseModel):
    """One picture that can be asked for."""

    name: str
    title: str
    description: str
    params_schema: dict[str, Any] = Field(
        description="JSON schema of the parameters; each is a query parameter and draws a control."
    )
    min_runs: int
    max_runs: int
    topics: list[Topic] = Field(description="What must move for the picture to change.")


class TableColumn(BaseModel):
    """Numbers or texts."""

    heading: str = Field(description="Title and unit.")
    numeric: bool


class PanelTable(BaseModel):
    """A picture's numbers, as they were measured: none is left out because the picture is thinned."""

    columns: list[TableColumn]
    rows: list[list[str | int | float | None]] = Field(
        description="Null where there is nothing; NaN, Infinity and -Infinity are texts."
    )
    count: int = Field(description="Rows that there are; the first of them are sent, the CSV has all.")


class Opened(BaseModel):
    """A part of a picture that is shown instead of the whole."""

    parameter: str = Field(description="Empty, it shows the whole again.")
    title: str
    back: str = Field(description="What the whole is called.")


class PanelMeta(BaseModel):
    """What belongs beside the figure rather than in it."""

    title: str = Field(default="", description="What is drawn, for where the figure stands alone.")
    about: str = Field(default="", description="Of which runs, until which step, in the markup of figures.")
    step: int | None = Field(default=None, description="The step shown, where the figure shows one.")
    steps: list[int] = Field(default=[], description="Steps that can be asked for.")
    note: str | None = Field(
        default=None, description="One line below the figure, for example 'showing 2,000 of 10,000 points'."
    )
    choices: dict[str, list[Any]] = Field(default={}, description="Parameter name -> values that exist for these runs.")
    unused: list[str] = Field(default=[], description="Parameters that change nothing in this picture of these runs.")
    opened: Opened | None = None
    empty: bool = Field(default=False, description="There is nothing to draw yet.")


class Figure(BaseModel):
    """A Plotly figure; numeric arrays are base64."""

    data: list[dict[str, Any]]
    layout: dict[str, Any]


class PanelFigure(BaseModel):
    """A whole figure, and the sequence per run to ask its extension from."""

    figure: Figure
    cursors: dict[str, int]
    meta: PanelMeta


class NewPoints(BaseModel):
    """Points to put at the end of a trace."""

    x: TypedArray
    y: TypedArray


class PanelExtension(BaseModel):
    """What turns the figure at the given cursors into the present one."""

    cursors: dict[str, int]
    reset: bool = Field(description="Ask for the whole figure again; everything else is empty.")
    append: dict[str, NewPoints] = Field(description="uid of a trace -> points to append.")
    traces: list[dict[str, Any]] = Field(description="Whole traces to replace, or add, by uid.")
    layout: dict[str, Any] = Field(description="Layout keys to set; a nested object is merged, an array replaced.")
    meta: PanelMeta | None = Field(description="The present figure's; null when nothing changed, or with reset.")
