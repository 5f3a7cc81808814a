"""Tasks of the LM Evaluation Harness as an analysis: scored by its own library, which is an extra of the worker."""

from typing import Annotated

from pydantic import ConfigDict, Field, field_validator

from opdboard.domain.frozen import Frozen

INSTALL = 'pip install "opdboard[lm-eval]"'


class LmEval(Frozen):
    """Tasks of the LM Evaluation Harness, scored by its own library on the base weights and on checkpoints."""

    model_config = ConfigDict(title="Benchmarks by lm-eval")
    tasks: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(
        default=(),
        max_length=50,
        validate_default=True,
        description="Names of its tasks, groups or tags: arc_easy, gsm8k.",
    )
    folder: str = Field(
        default="",
        max_length=1000,
        description="Task files of your own, on the worker, in place of those that come with it; it must lie below OPDBOARD_CODE_ROOTS, since functions that a "
        "task file names are run.",
    )
    steps: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(), max_length=200, description="Checkpoints; none takes all that are on disk."
    )
    limit: int | None = Field(
        default=None, ge=1, description="Examples of each task at most, its first ones; empty takes all."
    )
    num_fewshot: int | None = Field(
        default=None, ge=0, le=100, description="Worked examples in front of each; empty leaves it to the task."
    )
    chat_template: bool = Field(default=False, description="Whether prompts go through the student's chat template.")
    batch_size: int = Field(default=8, ge=1, le=4096, description="Sequences per forward pass.")

    @field_validator("tasks")
    @classmethod
    def _some(cls, tasks: tuple[str, ...]) -> tuple[str, ...]:
        if not tasks:
            raise ValueError("name at least one task")
        return tasks
