"""Named sets of prompts on which weights are scored: of a training run as it goes, and of the analysis `evaluate`."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from opdboard.domain.data import ArithmeticData, Data
from opdboard.domain.frozen import Frozen
from opdboard.domain.patterns import SET_NAME

MOST_SETS = 16


class EvaluationSet(Frozen):
    """Prompts under a name, and how they are answered.

    Of data with a held-out file the prompts are that file's. Two sets of weights answer one set with the same random numbers.
    """

    model_config = ConfigDict(title="Evaluation set")

    name: str = Field(
        min_length=1,
        max_length=40,
        pattern=SET_NAME,
        description="Lower-case letters, digits, - and _; of its own among the sets of a run.",
    )
    data: Data = Field(default=ArithmeticData(), description="The prompts, and how an answer is judged.")
    prompts: int = Field(
        default=256,
        ge=1,
        le=100_000,
        description="At most so many are answered: the first of a fixed order, without those that the run trains on.",
    )
    samples: int = Field(
        default=4,
        ge=1,
        le=1024,
        description="Answers per prompt: the n of avg@n and maj@n, and the largest k of pass@k.",
    )
    temperature: float = Field(default=1.0, gt=0, description="Answers are drawn from softmax(logits / temperature).")
    max_response_tokens: int = Field(
        default=256,
        ge=1,
        description="Answers are cut here. One that is cut is judged by what was written, and counted.",
    )
    forgetting: bool = Field(
        default=False,
        description="A set that training is not about: shown apart, and told when it is answered worse than by the base.",
    )

    @property
    def ks(self) -> tuple[int, ...]:
        """The k of which pass@k is told: 1, 2, 4, ... below n, and n."""
        return (*(2**power for power in range((self.samples - 1).bit_length())), self.samples)


def _unique_names(sets: Sequence[EvaluationSet]) -> Sequence[EvaluationSet]:
    names = [one.name for one in sets]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two sets are called {twice[0]!r}; give each a name of its own")
    return sets


EvaluationSets = Annotated[tuple[EvaluationSet, ...], Field(max_length=MOST_SETS), AfterValidator(_unique_names)]
"""At most 16, of different names."""


class Evaluate(Frozen):
    """Base, teacher and checkpoints answer named sets of prompts: avg@n, pass@k and the majority's verdict, in one table."""

    model_config = ConfigDict(title="Evaluate on named sets")
    sets: EvaluationSets = Field(default=(), description="What is answered; none takes the run's own sets.")
    steps: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(),
        max_length=200,
        description="Checkpoints; none takes the latest.",
        json_schema_extra={"x-placeholder": "latest"},
    )
    all_checkpoints: bool = Field(
        default=False, description="Every checkpoint that is on disk, whatever is named above."
    )
    base: bool = Field(default=True, description="Also the weights that training began from: gains are over them.")
    teacher: bool = Field(default=False, description="Also the teacher, where it is loaded by the worker itself.")
    seed: int = Field(
        default=0,
        ge=0,
        lt=2**31,
        description="Of the sampling; evaluations with equal seeds and sets can be compared prompt by prompt.",
    )
