"""Interventions as jobs: variant after variant is scored and stored with its intervals; one that is stored is not done again."""

import logging
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from opdboard.domain.records import Batch, Estimate, ScoreRecord, VariantRecord
from opdboard_worker.analysis.bench import Bench, Scored
from opdboard_worker.analysis.variants import BASE, FINAL, Variant
from opdboard_worker.core import bootstrap

log = logging.getLogger(__name__)

_UNKNOWN = Estimate(float("nan"), float("nan"), float("nan"))

_Scores = dict[str, Tensor]
"""Score of each prompt by measure."""


def scored_steps(
    variants: Sequence[Variant], bench: Bench, stored: Sequence[VariantRecord]
) -> Callable[[int], Iterator[Batch]]:
    """What a job does: a step per variant, from 1. stored: those of earlier attempts, to compare with."""
    references: dict[str, _Scores] = {
        record.family: {one.measure: torch.tensor(one.per_prompt, dtype=torch.float64) for one in record.scores}
        for record in stored
        if record.family in (BASE, FINAL)
    }

    def steps(after: int) -> Iterator[Batch]:
        for index, variant in enumerate(variants, 1):
            if index <= after:
                continue
            scored = bench.score(variant.update())
            if variant.family in (BASE, FINAL):
                references[variant.family] = dict(scored.per_prompt)
            record = _record(index, variant, scored, references)
            told = "  ".join(f"{one.measure} {one.score.value:.4f}" for one in record.scores)
            log.info("%d/%d  %s  norm %.4g  %s", index, len(variants), variant.label, scored.norm, told)
            yield Batch(step=index, at=0.0, variants=[record])

    return steps


def _record(index: int, variant: Variant, scored: Scored, references: dict[str, _Scores]) -> VariantRecord:
    base, final = references[BASE], references.get(FINAL)

    def over(measure: str, reference: _Scores) -> Estimate:
        gain = bootstrap.difference(scored.per_prompt[measure], reference[measure], shares=measure == "accuracy")
        return Estimate(**vars(gain))

    return VariantRecord(
        index=index,
        family=variant.family,
        x=variant.x,
        label=variant.label,
        norm=scored.norm,
        scores=[
            ScoreRecord(
                measure=measure,
                score=Estimate(**vars(bootstrap.mean(score_N, shares=measure == "accuracy"))),
                over_base=over(measure, base),
                over_final=over(measure, final) if final else _UNKNOWN,
                recovery=Estimate(**vars(bootstrap.recovery(score_N, base[measure], final[measure])))
                if final
                else _UNKNOWN,
                per_prompt=score_N.tolist(),
            )
            for measure, score_N in scored.per_prompt.items()
        ],
    )
