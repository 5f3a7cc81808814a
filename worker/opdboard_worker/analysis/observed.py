"""Analyses that only look: the shift of embeddings that responses use, and the path of each leading direction."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from opdboard.domain.errors import BadInput
from opdboard.domain.modules import Module
from opdboard.domain.records import Batch, VariantRecord
from opdboard_worker.analysis.bench import Bench
from opdboard_worker.analysis.subject import Updates
from opdboard_worker.core.interventions import embedding_shift
from opdboard_worker.core.trajectory import Trajectory, rank_one_trajectory
from opdboard_worker.core.tsne import tsne
from opdboard_worker.measuring.snapshots import Snapshots

log = logging.getLogger(__name__)

MOST_TOKENS = 1000
"""Tokens shown, the most frequent ones; and as many that no response used, to compare with."""

_PATHS = 64
"""Modules whose t-SNE is computed together."""


def shift_steps(bench: Bench, updates: Updates, step: int) -> Callable[[int], Iterator[Batch]]:
    """A step per embedding matrix: the tokens of the trained model's responses, how often each occurs, and its cosine."""

    def steps(after: int) -> Iterator[Batch]:
        used: Counter[int] = Counter()
        update = updates.at(step)
        for index, (place, name) in enumerate(bench.embeddings().items(), 1):
            if index <= after:
                continue
            used = used or _used_tokens(bench, updates.at(step))
            tokens = slice(bench.scorer.student.vocabulary.size)  # rows beyond are padding, which no response can use
            base_VH = bench.base[name][tokens]
            record = _shift(bench, used, base_VH, base_VH + update[name][tokens])
            yield Batch(
                step=index,
                at=0.0,
                variants=[VariantRecord(index, place, None, f"{place} embeddings", None, details=record)],
            )

    return steps


def _used_tokens(bench: Bench, update: dict[str, Tensor]) -> Counter[int]:
    with bench.standing_at(update):
        answers = bench.answers()
    return Counter(token for one in answers for token in one.rollout.responses.token_N.tolist())


def _shift(bench: Bench, used: Counter[int], base_VH: Tensor, trained_VH: Tensor) -> dict:
    shown = used.most_common(MOST_TOKENS)
    token_n = torch.tensor([token for token, _ in shown])
    generator = torch.Generator().manual_seed(0)
    some = torch.randperm(base_VH.shape[0], generator=generator)[: MOST_TOKENS + len(used)].tolist()
    unused_n = torch.tensor([token for token in some if token not in used][:MOST_TOKENS], dtype=torch.long)
    return {
        "tokens": [_storable(token) for token in bench.scorer.prompts.decode_tokens(token_n.tolist())],
        "counts": [count for _, count in shown],
        "one_minus_cosine": _finite(1.0 - embedding_shift(base_VH, trained_VH, token_n)),
        "unused_one_minus_cosine": _finite(1.0 - embedding_shift(base_VH, trained_VH, unused_n)),
        "distinct": len(used),
        "vocabulary": base_VH.shape[0],
    }


def trajectory_steps(
    snapshots: Snapshots, modules: list[Module], where: str
) -> tuple[Callable[[int], Iterator[Batch]], int]:
    """A step per module, from the subspaces that monitoring stored; and how many. BadInput with less than two snapshots."""
    damaged = snapshots.damaged()
    if damaged:
        log.warning("left out, as their snapshots are damaged: steps %s", ", ".join(map(str, damaged)))
    taken = [step for step in snapshots.steps() if step not in damaged]
    if len(taken) < 2:
        raise BadInput(
            f"a path needs two snapshots of the update's subspaces, and run {where} has {len(taken)}", where="run_id"
        )

    def path(module: Module) -> tuple[Trajectory, Trajectory]:
        kept = [snapshots.read(step, [module.name]) for step in taken]
        # An update of zero has no leading direction.
        u_BTM = torch.stack(
            [one.u_BMk[:, :, 0].float().masked_fill(one.numerical_rank_B[:, None] == 0, torch.nan) for one in kept], 1
        )
        return rank_one_trajectory(u_BTM), rank_one_trajectory(u_BTM, standardised=True)

    def steps(after: int) -> Iterator[Batch]:
        for start in range(max(after, 0), len(modules), _PATHS):
            some = modules[start : start + _PATHS]
            paths = [path(module) for module in some]
            neighbours_BT2 = tsne(
                torch.cat([one.squares_BTT for one, _ in paths]), torch.cat([one.points_BT2 for one, _ in paths])
            )
            for index, (module, (found, standardised), neighbours_T2) in enumerate(
                zip(some, paths, neighbours_BT2, strict=True), start + 1
            ):
                details = {
                    "steps": taken,
                    "x": _finite(found.points_BT2[0, :, 0]),
                    "y": _finite(found.points_BT2[0, :, 1]),
                    "tsne_x": _finite(neighbours_T2[:, 0]),
                    "tsne_y": _finite(neighbours_T2[:, 1]),
                    "evr": _finite(found.evr_B)[0],
                    "standardised_x": _finite(standardised.points_BT2[0, :, 0]),
                    "standardised_y": _finite(standardised.points_BT2[0, :, 1]),
                    "standardised_evr": _finite(standardised.evr_B)[0],
                    "kind": module.kind,
                    "layer": module.layer,
                }
                variant = VariantRecord(index, "module", module.layer, module.name, None, details=details)
                yield Batch(step=index, at=0.0, variants=[variant])

    return steps, len(modules)


def _storable(token: str) -> str:
    """Without NUL and half characters, which no database holds."""
    return token.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _finite(values: Tensor) -> list[float | None]:
    """JSON has no word for what is not finite."""
    return [value if value == value and abs(value) != float("inf") else None for value in values.tolist()]
