"""What can be asked of a run's weights: evaluations, interventions on the update (03, Interventions), and exports.

The form of each is drawn from its schema. With an intervention base and trained weights are always scored, on the same
prompts and the same random numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from opdboard.domain.evaluation import Evaluate
from opdboard.domain.exports import ExportAdapter, ExportGguf, ExportModel
from opdboard.domain.frozen import Frozen
from opdboard.domain.lm_eval import LmEval

Step = Annotated[int, Field(ge=0)]
_UPDATE_OF = "Checkpoint whose update is changed; empty takes the latest."


class Evaluation(Frozen):
    """How each set of weights is scored: the same prompts and the same random numbers for all."""

    model_config = ConfigDict(title="Scoring")

    prompts: int = Field(
        default=256, ge=2, le=100_000, description="Held-out prompts answered; at most those that the run holds out."
    )
    samples: int = Field(default=1, ge=1, le=64, description="Answers per prompt: more make intervals narrower.")
    seed: int = Field(
        default=0,
        ge=0,
        lt=2**31,
        description="Of the sampling; analyses with equal seeds and prompts can be compared prompt by prompt.",
    )


class ScaleFinal(Frozen):
    """W_0 + a dW: is it the norm that buys the score, or the direction? Compare two runs at equal norm."""

    model_config = ConfigDict(title="Scale the final update")
    step: Step | None = Field(default=None, description=_UPDATE_OF)
    factors: tuple[Annotated[float, Field(ge=0, le=1)], ...] = Field(
        default=(0.2, 0.4, 0.6, 0.8), min_length=1, max_length=50, description="Values of a between 0 (base) and 1."
    )
    evaluation: Evaluation = Evaluation()


class NormVsScore(Frozen):
    """The score of every checkpoint against the norm of its update."""

    model_config = ConfigDict(title="Norm and score of every checkpoint")
    steps: tuple[Step, ...] = Field(
        default=(), max_length=200, description="Checkpoints; none takes all that are on disk."
    )
    evaluation: Evaluation = Evaluation()


class ResetEmbeddings(Frozen):
    """The base embeddings are put back: what of the gain do the trained ones carry?"""

    model_config = ConfigDict(title="Put the embeddings back")
    step: Step | None = Field(default=None, description=_UPDATE_OF)
    evaluation: Evaluation = Evaluation()


class SlidingWindow(Frozen):
    """Only the update of the MLPs, or only that of attention, in the layers around l; all else stays at the base."""

    model_config = ConfigDict(title="Inject a window of layers")
    step: Step | None = Field(default=None, description=_UPDATE_OF)
    half_width: int | None = Field(
        default=None,
        ge=0,
        le=1000,
        description="Layers to each side of l. Empty: 8 as in the paper, in models of less than 28 layers an eighth of the "
        "depth, at least 1.",
    )
    every: int = Field(default=1, ge=1, le=1000, description="Score the windows around every so many layers.")
    evaluation: Evaluation = Evaluation()


class Rank(Frozen):
    """The leading singular components of every matrix, rescaled to its full norm; and the trailing ones, as they are.

    What is not an attention or MLP matrix stays at the base: 100% is the update of the matrices alone.
    """

    model_config = ConfigDict(title="Keep a share of the rank")
    step: Step | None = Field(default=None, description=_UPDATE_OF)
    percents: tuple[Annotated[float, Field(gt=0, le=100)], ...] = Field(
        default=(2, 5, 10, 25, 50, 100), min_length=1, max_length=50, description="Shares of the rank, in percent."
    )
    evaluation: Evaluation = Evaluation()


class RescaleEarly(Frozen):
    """An early update, every module brought towards the norm it ends with: dW (1 + beta (n_final - n) / n)."""

    model_config = ConfigDict(title="Rescale an early update")
    step: Step | None = Field(default=None, description="Checkpoint with the final norms; empty takes the latest.")
    early_step: Step | None = Field(
        default=None, description="Checkpoint with the direction; empty takes the one nearest to 10% of the way."
    )
    betas: tuple[Annotated[float, Field(ge=0, le=10)], ...] = Field(
        default=(0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4),
        min_length=1,
        max_length=50,
        description="0 is the early checkpoint itself, 1 has the final norms, more overshoots them.",
    )
    evaluation: Evaluation = Evaluation()


class EmbeddingShift(Frozen):
    """How far the embeddings of the tokens that occur in sampled responses have turned from the base's."""

    model_config = ConfigDict(title="Shift of the embeddings")
    step: Step | None = Field(default=None, description=_UPDATE_OF)
    evaluation: Evaluation = Evaluation()


class RankOneTrajectory(Frozen):
    """The path of each matrix' leading direction over all snapshots, projected onto a plane by PCA and by t-SNE."""

    model_config = ConfigDict(title="Path of the leading direction")


Purpose = Literal["evaluation", "intervention", "export"]
"""How good are the weights, what if they were changed, or how do others load them?"""


@dataclass(frozen=True)
class Intervention:
    """One kind of analysis: what it asks for, and the picture that shows its result, where it is one."""

    kind: str
    parameters: type[Frozen]
    panel: str | None
    purpose: Purpose = "intervention"

    @property
    def title(self) -> str:
        """What the interface calls it."""
        return str(self.parameters.model_config.get("title"))

    @property
    def description(self) -> str:
        """What it does, in a sentence or two."""
        return " ".join((self.parameters.__doc__ or "").split())

    def read(self, parameters: Mapping[str, Any]) -> Any:
        """The parameters, checked; pydantic's ValidationError names what is wrong."""
        return self.parameters.model_validate(parameters)


INTERVENTIONS = {
    one.kind: one
    for one in (
        Intervention("evaluate", Evaluate, "evaluate", "evaluation"),
        Intervention("lm_eval", LmEval, "lm_eval", "evaluation"),
        Intervention("scale_final", ScaleFinal, "scale_final"),
        Intervention("norm_vs_score", NormVsScore, "scale_final"),
        Intervention("rescale_early", RescaleEarly, "rescale_early"),
        Intervention("rank", Rank, "rank"),
        Intervention("sliding_window", SlidingWindow, "sliding_window"),
        Intervention("reset_embeddings", ResetEmbeddings, "reset_embeddings"),
        Intervention("embedding_shift", EmbeddingShift, "embedding_shift"),
        Intervention("rank_one_trajectory", RankOneTrajectory, "rank_one_trajectory"),
        Intervention("export_model", ExportModel, None, "export"),
        Intervention("export_gguf", ExportGguf, None, "export"),
        Intervention("export_adapter", ExportAdapter, "export_adapter", "export"),
    )
}
