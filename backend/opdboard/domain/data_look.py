"""What a look into data finds before anything is trained: by the web server, or by a worker as part of a check."""

from typing import Literal

from pydantic import Field

from opdboard.domain.frozen import Frozen


class Format(Frozen):
    """Rows that were read as one format."""

    name: str
    rows: int


class FoundField(Frozen):
    """Where a field was found in how many rows; in none where `column` is empty."""

    field: str = Field(description="prompt, answer, solution or system.")
    column: str
    rows: int


class Lengths(Frozen):
    """How long the prompts of the first rows are."""

    unit: Literal["tokens", "characters"]
    as_read: bool = Field(description="Whether with template and instruction, as the student reads them.")
    rows: int = Field(description="That were measured.")
    width: int = Field(description="Of a bin; the first begins at 0.")
    counts: list[int]
    longest: int
    limit: int | None = Field(description="max_prompt_tokens, where tokens are counted.")
    beyond: int | None = Field(
        description="Rows longer than the limit, which training leaves out; more where not as read."
    )


class ShownTurn(Frozen):
    """A turn of a conversation."""

    role: str
    content: str


class ShownRow(Frozen):
    """A row as it was understood; long texts are cut. A last turn of the assistant is a start to be continued."""

    where: str
    turns: list[ShownTurn]
    answer: str | None
    solution: str | None


class HeldOutLook(Frozen):
    """What was found in a held-out file or split."""

    rows: int = Field(description="Read before the end, the first refused row, or when the look had taken long enough.")
    complete: bool = Field(description="Whether these are all rows.")
    problem: str | None = Field(description="Why a launch would be refused.")
    where: str | None = Field(description="The file, and the line or row, that the problem is about.")
    without_answer: int
    shared: int = Field(description="Training rows that ask what one of these asks; they are never trained on.")


class DataLook(Frozen):
    """What was found in the rows that were read."""

    rows: int = Field(description="Read before the end, the first refused row, or when the look had taken long enough.")
    complete: bool = Field(description="Whether these are all rows.")
    problem: str | None = Field(description="Why a launch would be refused.")
    where: str | None = Field(description="The file, and the line or row, that the problem is about.")
    formats: list[Format]
    fields: list[FoundField]
    duplicates: int = Field(description="Rows that ask what an earlier row asked.")
    lengths: Lengths | None
    first: list[ShownRow]
    held_out: HeldOutLook | None = Field(description="Null without a held-out file or split.")
