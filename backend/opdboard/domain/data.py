"""Prompts, their answers, and how an answer is judged. Part of RunConfig."""

import re
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator

from opdboard.domain.frozen import Frozen


class ArithmeticData(Frozen):
    """Generated sums 'ddd+ddd=' whose answer is the reversed sum; the demo models know these characters only."""

    model_config = ConfigDict(title="Generated arithmetic (demo)")
    kind: Literal["arithmetic"] = "arithmetic"
    digits: int = Field(default=3, ge=1, le=3, description="Digits of each summand.")


_COLUMN = "A column, or a path into one such as reward_model.ground_truth or messages.0.content"


class Columns(Frozen):
    """Where a row's fields stand in a format that is not recognised; what is empty is looked for."""

    model_config = ConfigDict(title="Columns")
    prompt: str = Field(
        default="", max_length=200, description=f"{_COLUMN}: a text, or a list of turns with role and content."
    )
    answer: str = Field(
        default="", max_length=200, description=f"{_COLUMN}: what responses are judged by; may be null."
    )
    answer_pattern: str = Field(
        default="",
        max_length=300,
        description="A regular expression with one group, which is the answer; where it finds nothing the row is refused. "
        "Empty = all of the text is.",
    )
    solution: str = Field(default="", max_length=200, description=f"{_COLUMN}: the worked answer; may be null.")
    system: str = Field(default="", max_length=200, description=f"{_COLUMN}: a system prompt of the row's own.")

    @field_validator("answer_pattern")
    @classmethod
    def _one_group(cls, value: str) -> str:
        try:
            groups = re.compile(value).groups if value else 1
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"this is no regular expression: {error}") from None
        if groups != 1:
            raise ValueError(f"it has {groups} groups, and exactly one must stand around the answer: #### (.+)")
        return value


class FileData(Frozen):
    """Prompts from files: recognised are the formats of TRL, verl, GSM8K and MATH, and others by their columns."""

    model_config = ConfigDict(title="File (JSONL, JSON, CSV or Parquet)")
    kind: Literal["file"] = "file"
    path: str = Field(
        min_length=1,
        description="On the worker: .jsonl, .json, .csv or .parquet, the text ones also .gz or .zst; several as folder/*.jsonl.",
    )
    held_out: str = Field(
        default="",
        max_length=4000,
        description="A file of its own, or a pattern, whose rows are held out in place of some of the above; read like them.",
    )
    columns: Columns = Field(default=Columns(), description="Only for formats that are not recognised.")
    instruction: str = Field(
        default="Reason briefly, then give the final answer within \\boxed{}.",
        description="Added to every prompt; may be empty.",
    )
    instruction_place: Literal["after", "before", "system"] = Field(
        default="after",
        description="Where the instruction stands: behind the prompt, in front of it, or in the system prompt.",
    )
    verifier: Literal["math", "exact"] = Field(
        default="math", description="How an answer is judged: mathematical equality (math-verify) or exact text match."
    )


Data = Annotated[ArithmeticData | FileData, Field(discriminator="kind")]
