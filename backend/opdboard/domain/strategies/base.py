"""What every strategy's settings tell: its name, when it looks, what that costs, what it needs and keeps."""

from abc import abstractmethod
from typing import Any, ClassVar, Literal

from opdboard.domain.frozen import Frozen
from opdboard.domain.model_shape import ModelShape

Moving = Literal["matrices", "authors_filter", "all"]
OptimizerAfterJump = Literal["keep", "reset_moments", "halve_learning_rate"]
Anchor = Literal["accepted_weights", "weights_before_jump", "initial_weights"]
ScoreChoice = Literal["accuracy", "negative_reverse_kl"]

MOVING = (
    "What moves: attention and MLP matrices; the authors' name filter (also q/k norms, biases, post-attention norm; on models "
    "with other names, whatever lies in the same parts of a block); all parameters."
)
VALIDATION_SIZE = "Training examples in the fixed validation set D_v."
FOR_THE_RECORD = (
    "Examples on which W_t and the candidate are scored for the record; only a score that is not finite refuses."
)
AFTER_JUMP = "Optimizer state after a jump."


class StrategySettings(Frozen):
    """A strategy's settings, each with the sentence a user reads beside it, and every fact about the strategy.

    The title of model_config is what the launch form calls it, the docstring what it says of it. Settings that several have go
    by one name (`parameters`, `anchor`, `optimizer_after_jump`, `validation_size`); properties tell what holds without them.
    """

    name: ClassVar[str]
    """In names of runs and methods."""
    looks_ahead: ClassVar[bool] = True
    """Whether it ever does by itself."""
    without_teacher: ClassVar[str] = ""
    """What to choose for it to need no teacher, as a refusal says it; empty where it always needs one."""

    kind: Any  # a Literal of its own in each

    @abstractmethod
    def looks_at(self, step: int) -> bool:
        """Whether it looks ahead after this optimizer step (counted from 1) by its own schedule."""

    @property
    def most_candidates(self) -> int:
        """Candidates tried at one look, at most, W_t not among them."""
        return 1

    @property
    def needs_teacher(self) -> bool:
        """Whether candidates are scored by their KL to the teacher."""
        return True

    @property
    def needs_answers(self) -> bool:
        """Whether candidates or checkpoints are scored by the data's answers."""
        return getattr(self, "score", "negative_reverse_kl") != "negative_reverse_kl"

    @property
    def moves(self) -> Moving:
        """What an extrapolation moves."""
        return getattr(self, "parameters", "matrices")

    @property
    def next_anchor(self) -> Anchor:
        """Where the next direction begins, once it has looked; W_0 is kept anyway."""
        return getattr(self, "anchor", "accepted_weights")

    @property
    def after_jump(self) -> OptimizerAfterJump:
        """What becomes of the optimizer's state after a jump."""
        return getattr(self, "optimizer_after_jump", "keep")

    @property
    def examples(self) -> int:
        """Training examples in D_v, without its own for commands."""
        return getattr(self, "validation_size", 50)

    def history(self, moved: int, student: ModelShape) -> int:
        """Numbers of earlier checkpoints that it keeps; moved: those in one copy of what moves."""
        return 0

    def teacher_answers(self, looks: int) -> int:
        """How often the teacher answers D_v itself during so many looks."""
        return 0


def is_power_of_two(step: int) -> bool:
    """1, 2, 4, 8, ..."""
    return step >= 1 and step & (step - 1) == 0
