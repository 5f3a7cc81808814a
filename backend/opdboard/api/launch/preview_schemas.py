"""What the preview of data asks and tells."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from opdboard.api.parameters import Parameters
from opdboard.domain.data import FileData, HubData, UploadData


class DataIn(Parameters):
    """The data of a configuration, and what its prompts are measured by."""

    data: Annotated[FileData | UploadData | HubData, Field(discriminator="kind")]
    route_by: str = Field(default="", max_length=200, description="As teacher.route_by.")
    tokenizer: str = Field(default="", max_length=4000, description="Folder with the student's tokenizer.json.")
    max_prompt_tokens: int | None = Field(default=None, ge=1, description="As budget.max_prompt_tokens.")


class CountOut(BaseModel):
    """Rows that were read as one format."""

    name: str
    rows: int


class FieldOut(BaseModel):
    """Where a field was found in how many rows; in none where `column` is empty."""

    field: str = Field(description="prompt, answer, solution or system.")
    column: str
    rows: int


class LengthsOut(BaseModel):
    """How long the prompts of the first rows are, without a template around them and without the instruction."""

    unit: Literal["tokens", "characters"]
    rows: int = Field(description="That were measured.")
    width: int = Field(description="Of a bin; the first begins at 0.")
    counts: list[int]
    longest: int
    limit: int | None = Field(description="max_prompt_tokens, where tokens are counted.")
    beyond: int | None = Field(description="Rows longer than the limit even so, which training leaves out.")


class TurnOut(BaseModel):
    """A turn of a conversation."""

    role: str
    content: str


class RowOut(BaseModel):
    """A row as it was understood; long texts are cut. A last turn of the assistant is a start to be continued."""

    where: str
    turns: list[TurnOut]
    answer: str | None
    solution: str | None


class DataPreview(BaseModel):
    """What was found in the rows that were read."""

    rows: int = Field(description="Read before the end, the first refused row, or when the look had taken long enough.")
    complete: bool = Field(description="Whether these are all rows.")
    problem: str | None = Field(description="Why a launch would be refused.")
    where: str | None = Field(description="The file, and the line or row, that the problem is about.")
    formats: list[CountOut]
    fields: list[FieldOut]
    duplicates: int = Field(description="Rows that ask what an earlier row asked.")
    lengths: LengthsOut | None
    first: list[RowOut]
