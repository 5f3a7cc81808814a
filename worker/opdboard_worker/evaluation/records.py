"""What a set of weights scored on a set, as it is stored: a variant whose scores are compared with the base's, prompt by prompt."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from opdboard.domain.records import Estimate, ScoreRecord, VariantRecord
from opdboard_worker.core import bootstrap
from opdboard_worker.evaluation.scoring import SHARES, SetScores

_UNKNOWN = Estimate(float("nan"), float("nan"), float("nan"))

PerPrompt = Mapping[str, Sequence[float]]
"""Score of each prompt by measure, as in SetScores.per_prompt."""


def variant(
    index: int, family: str, x: float | None, label: str, scores: SetScores, base: PerPrompt | None = None
) -> VariantRecord:
    """base: what the base weights scored on the same prompts; None where that is not known, and of the base itself."""
    ready = scores.ready
    asked = ready.asked
    return VariantRecord(
        index=index,
        family=family,
        x=x,
        label=label,
        norm=None,
        scores=[
            _score(measure, score_N, (base or {}).get(measure)) for measure, score_N in scores.per_prompt().items()
        ],
        details={
            "set": asked.name,
            "forgetting": asked.forgetting,
            "samples": asked.samples,
            "temperature": asked.temperature,
            "max_response_tokens": asked.max_response_tokens,
            "fingerprint": ready.fingerprint,
            "prompts": len(scores.prompts),
            "judged": sum(one.right is not None for one in scores.prompts),
            "trained_on": ready.trained_on,
            "too_long": ready.too_long,
        },
    )


def _score(measure: str, score_N: Tensor, base: Sequence[float] | None) -> ScoreRecord:
    shares = measure.startswith(SHARES)
    mean = bootstrap.mean(score_N, shares=shares)
    gain = _UNKNOWN
    if base is not None:
        found = bootstrap.difference(score_N, torch.tensor(base, dtype=torch.float64), shares=shares)
        gain = Estimate(**vars(found))
    return ScoreRecord(measure, Estimate(**vars(mean)), gain, _UNKNOWN, _UNKNOWN, score_N.tolist())
