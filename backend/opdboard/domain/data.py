"""Prompts, their answers, and how an answer is judged. Part of RunConfig."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from opdboard.domain.frozen import Frozen


class ArithmeticData(Frozen):
    """Generated sums 'ddd+ddd=' whose answer is the reversed sum; the demo models know these characters only."""

    model_config = ConfigDict(title="Generated arithmetic (demo)")
    kind: Literal["arithmetic"] = "arithmetic"
    digits: int = Field(default=3, ge=1, le=3, description="Digits of each summand.")


class FileData(Frozen):
    """Prompts from a JSONL or Parquet file."""

    model_config = ConfigDict(title="JSONL or Parquet file")
    kind: Literal["file"] = "file"
    path: str = Field(
        min_length=1,
        description="A .jsonl or .parquet file on the worker; each row has prompt (or problem) and answer.",
    )
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
