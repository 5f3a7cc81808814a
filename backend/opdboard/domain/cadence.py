"""Evaluation sets that are scored while a run trains. Part of RunConfig."""

from pydantic import Field

from opdboard.domain.evaluation import EvaluationSet, EvaluationSets
from opdboard.domain.frozen import Frozen


class Cadence(Frozen):
    """Which sets are scored, and how often. Their seconds and tokens do not count as training."""

    sets: EvaluationSets = Field(
        default=(),
        description="Benchmarks beside the held-out prompts, each with prompts and settings of its own.",
        json_schema_extra={"x-first": True},
    )
    every: int = Field(
        default=16,
        ge=1,
        description="Steps between scorings of all sets (also at step 0 and after the last step).",
        json_schema_extra={"x-first": True},
    )

    def named(self, name: str) -> EvaluationSet | None:
        """The set of that name."""
        return next((one for one in self.sets if one.name == name), None)
