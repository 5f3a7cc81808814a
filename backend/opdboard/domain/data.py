"""Prompts, their answers, and how an answer is judged. Part of RunConfig."""

import re
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from opdboard.domain.frozen import Frozen
from opdboard.domain.patterns import REPOSITORY, SPLIT, UPLOADED, or_empty


class ArithmeticData(Frozen):
    """Generated sums 'ddd+ddd=' whose answer is the reversed sum; the demo models know these characters only."""

    model_config = ConfigDict(title="Sums (demo)")
    kind: Literal["arithmetic"] = "arithmetic"
    digits: int = Field(default=3, ge=1, le=3, description="Digits of each summand.")


_COLUMN = "A column, or a path into one such as reward_model.ground_truth or messages.0.content"


def _with_one_group(value: str) -> str:
    try:
        groups = re.compile(value).groups if value else 1
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"this is no regular expression: {error}") from None
    if groups != 1:
        raise ValueError(f"it has {groups} groups, and exactly one must stand around the answer: #### (.+)")
    return value


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

    _one_group = field_validator("answer_pattern")(_with_one_group)


class RowData(Frozen):
    """How rows of a data set become prompts, and how an answer is judged; the same wherever they come from."""

    columns: Columns = Field(default=Columns(), description="Only for formats that are not recognised.")
    instruction: str = Field(
        default="Reason briefly, then give the final answer within \\boxed{}.",
        description="Added to every prompt; may be empty.",
    )
    instruction_place: Literal["after", "before", "system"] = Field(
        default="after",
        description="Where the instruction stands: behind the prompt, in front of it, or in the system prompt.",
    )
    verifier: Literal["math", "exact", "regex", "choice", "python"] = Field(
        default="math",
        description="How an answer is judged: mathematical equality (math-verify), exact text match, what verifier_pattern finds, "
        "the letter of a multiple choice, or what verifier_file says.",
    )
    verifier_pattern: str = Field(
        default="",
        max_length=300,
        description="For regex alone: an expression with one group, whose last match in the response must be the answer.",
    )

    verifier_file: str = Field(
        default="",
        max_length=4000,
        description="For python alone: a .py file of the worker with verify(response: str, answer: str) -> bool. Run only below "
        "OPDBOARD_CODE_ROOTS, which whoever keeps the worker sets.",
    )

    _one_group = field_validator("verifier_pattern")(_with_one_group)

    @model_validator(mode="after")
    def _verifier_has_what_it_needs(self) -> Self:
        if (self.verifier == "python") != bool(self.verifier_file):
            raise ValueError("data.verifier 'python' needs data.verifier_file, and no other verifier takes one")
        if (self.verifier == "regex") != bool(self.verifier_pattern):
            raise ValueError("data.verifier 'regex' needs data.verifier_pattern, and no other verifier takes one")
        return self


class _Files(Frozen):
    kind: Literal["file"] = "file"
    path: str = Field(
        min_length=1,
        description="On the worker: .jsonl, .json, .csv or .parquet, the text ones also .gz or .zst; several as folder/*.jsonl.",
        json_schema_extra={"x-control": "data_file"},
    )
    held_out: str = Field(
        default="",
        max_length=4000,
        description="A file of its own, or a pattern, whose rows are held out in place of some of the above; read like them.",
        json_schema_extra={"x-control": "data_file"},
    )


class _Upload(Frozen):
    kind: Literal["upload"] = "upload"
    file: str = Field(
        pattern=UPLOADED,
        description="Chosen in the browser and kept in the data folder, which web server and workers must share.",
        json_schema_extra={"x-control": "upload"},
    )
    held_out: str = Field(
        default="",
        pattern=or_empty(UPLOADED),
        description="A file of its own whose rows are held out in place of some of the above; read like them.",
        json_schema_extra={"x-control": "upload"},
    )


class _HubSet(Frozen):
    kind: Literal["hub"] = "hub"
    repo_id: str = Field(
        max_length=200,
        pattern=REPOSITORY,
        description="For example openai/gsm8k; a part of a name is looked for on the hub.",
        json_schema_extra={"x-control": "hub_dataset"},
    )
    configuration: str = Field(
        default="",
        max_length=200,
        description="Of those that the data set has; empty takes its only or default one.",
        json_schema_extra={"x-control": "hub_configuration", "x-first": True},
    )
    split: str = Field(
        default="train",
        max_length=200,
        pattern=SPLIT,
        description="Whose rows are trained on.",
        json_schema_extra={"x-control": "hub_split", "x-first": True},
    )
    held_out: str = Field(
        default="",
        max_length=200,
        pattern=or_empty(SPLIT),
        description="A split of its own whose rows are held out in place of some of the above; read like them.",
        json_schema_extra={"x-control": "hub_split"},
    )
    revision: str = Field(
        default="main",
        min_length=1,
        max_length=200,
        description="Branch, tag or commit; pin a commit to be repeatable.",
    )
    rows: int | None = Field(
        default=None,
        ge=1,
        description="The first so many rows of each split alone, streamed: of a large data set no more is fetched. Empty = all, "
        "fetched once and kept in the worker's cache.",
    )


# Fields come in the order of the bases, from the last to the first: where rows lie, then what is made of them.
class FileData(RowData, _Files):
    """Prompts from files: recognised are the formats of TRL, verl, GSM8K and MATH, and others by their columns."""

    model_config = ConfigDict(title="File on the worker")

    @property
    def label(self) -> str:
        """As logs and model cards name it: without the machine's folders."""
        return self.path.rpartition("/")[2]


class UploadData(RowData, _Upload):
    """Prompts from a file that was uploaded in the browser; recognised like other files."""

    model_config = ConfigDict(title="Uploaded file")

    @property
    def label(self) -> str:
        """As logs and model cards name it."""
        return self.file.partition("-")[2]


class HubData(RowData, _HubSet):
    """Prompts from a data set of the Hugging Face hub, read by the library datasets; recognised like files."""

    model_config = ConfigDict(title="Hugging Face hub")

    @property
    def label(self) -> str:
        """As logs and model cards name it."""
        return " ".join(filter(None, (self.repo_id, self.configuration, self.split)))


Data = Annotated[ArithmeticData | FileData | UploadData | HubData, Field(discriminator="kind")]
