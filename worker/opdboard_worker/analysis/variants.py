"""Which sets of weights each intervention scores, and how each is made; base and trained weights come first in all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from opdboard.domain.interventions import (
    NormVsScore,
    Rank,
    RescaleEarly,
    ResetEmbeddings,
    ScaleFinal,
    SlidingWindow,
)
from opdboard_worker.analysis.bench import Bench
from opdboard_worker.analysis.subject import Updates
from opdboard_worker.core import interventions
from opdboard_worker.core.interventions import SingularBasis, Update
from opdboard_worker.models.matrices import put_together, taken_apart

BASE, FINAL = "base", "final"


@dataclass(frozen=True)
class Variant:
    """W_0 + update(), and where it stands in the analysis; see domain.records.VariantRecord."""

    family: str
    x: float | None
    label: str
    update: Callable[[], Update]


def _references(
    updates: Updates, step: int, base_x: float | None = None, final_x: float | None = None
) -> list[Variant]:
    return [
        Variant(BASE, base_x, "base weights", dict),
        Variant(FINAL, final_x, f"trained weights, step {step}", lambda: updates.at(step)),
    ]


def scale_final(asked: ScaleFinal, _bench: Bench, updates: Updates) -> list[Variant]:
    """W_0 + a dW."""
    step = _step(asked.step)
    return _references(updates, step, 0.0, 1.0) + [
        Variant("scaled", a, f"{a:g} dW", lambda a=a: interventions.scale_final(updates.at(step), a))
        for a in asked.factors
    ]


def norm_vs_score(asked: NormVsScore, _bench: Bench, updates: Updates) -> list[Variant]:
    """Every checkpoint as it is; the last one is the trained weights."""
    *earlier, last = sorted(asked.steps)
    return _references(updates, last, 0.0, last) + [
        Variant("checkpoint", step, f"checkpoint of step {step}", lambda step=step: updates.at(step))
        for step in earlier
    ]


def reset_embeddings(asked: ResetEmbeddings, bench: Bench, updates: Updates) -> list[Variant]:
    """The trained weights with the embeddings of the base: those put in, those read out, both; one where they are tied."""
    step = _step(asked.step)
    found = bench.embeddings()
    sets = {place: {name} for place, name in found.items()}
    if len(found) > 1:
        sets["both"] = set(found.values())
    words = {"input": "input embeddings reset", "output": "output embeddings reset", "both": "both reset"}
    return _references(updates, step) + [
        Variant("reset", place, words[name], lambda names=names: interventions.without(updates.at(step), names))
        for place, (name, names) in enumerate(sets.items())
    ]


def sliding_window(asked: SlidingWindow, bench: Bench, updates: Updates) -> list[Variant]:
    """For MLP and for attention, the update of the layers around each l alone."""
    step = _step(asked.step)
    modules = {name: matrices[0][0] for name, matrices in bench.held.items()}  # those of a tensor are of one block
    layers = 1 + max(module.layer for module in modules.values())
    half = interventions.half_width_for(layers) if asked.half_width is None else asked.half_width
    variants = _references(updates, step)
    for group in ("mlp", "attention"):
        layer_of = {name: module.layer for name, module in modules.items() if module.group == group}
        for centre in range(0, layers, asked.every):

            def window(layer_of: Mapping[str, int] = layer_of, centre: int = centre) -> Update:
                return interventions.sliding_window(updates.at(step), layer_of, centre, half)

            inside = f"{max(0, centre - half)} to {min(layers - 1, centre + half)}"
            variants.append(Variant(group, centre, f"{group} of layers {inside}", window))
    return variants


def rank(asked: Rank, bench: Bench, updates: Updates) -> list[Variant]:
    """The leading and the trailing share of every matrix' singular components; all other parameters at the base."""
    step = _step(asked.step)

    @cache
    def basis() -> SingularBasis:
        whole = updates.at(step)
        return SingularBasis.of(taken_apart({name: whole[name] for name in bench.held}, bench.held))

    def whole(parts: Update) -> Update:
        return put_together(parts, bench.held, bench.base)

    variants = _references(updates, step)
    for percent in asked.percents:
        share = percent / 100
        variants += [
            Variant("top", percent, f"top {percent:g}%", lambda share=share: whole(basis().top_k_rank(share))),
            Variant("bottom", percent, f"bottom {percent:g}%", lambda share=share: whole(basis().bottom_k_rank(share))),
        ]
    return variants


def rescale_early(asked: RescaleEarly, bench: Bench, updates: Updates) -> list[Variant]:
    """The early update with the norms of the final one (beta = 1), with its own (0), and between and beyond."""
    step, early = _step(asked.step), _step(asked.early_step)

    def rescaled(beta: float) -> Update:
        final = updates.norms_at(step)
        parts = interventions.beta_rescaled(taken_apart(updates.at(early), bench.held), final, beta)
        return put_together(parts, bench.held, bench.base)

    return _references(updates, step) + [
        Variant("beta", beta, f"step {early}, beta {beta:g}", lambda beta=beta: rescaled(beta)) for beta in asked.betas
    ]


Planner = Callable[[Any, Bench, Updates], list[Variant]]
PLANNERS: Mapping[str, Planner] = {
    "scale_final": scale_final,
    "norm_vs_score": norm_vs_score,
    "reset_embeddings": reset_embeddings,
    "sliding_window": sliding_window,
    "rank": rank,
    "rescale_early": rescale_early,
}


def _step(step: int | None) -> int:
    assert step is not None, "the service names the checkpoint when the analysis is queued"
    return step
