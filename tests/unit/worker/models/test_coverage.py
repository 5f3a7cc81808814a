"""How much of a model its matrices are."""

import pytest
from support.tiny_models import tiny_model

from opdboard.domain.module_names import place_of
from opdboard_worker.models.coverage import coverage
from opdboard_worker.models.matrices import matrices_of


@pytest.mark.parametrize("family", ["Llama", "Phi3", "GPT2", "Qwen3Moe"])
def test_shares_are_those_of_a_count_by_hand(family):
    model = tiny_model(family)
    shapes = {name: tuple(one.shape) for name, one in model.named_parameters()}
    found = coverage(shapes, matrices_of(model))
    small = {name: one.numel() for name, one in model.named_parameters() if one.dim() < 2 or ".gate." in name}
    blocks = {name: one.numel() for name, one in model.named_parameters() if place_of(name)}
    everything = sum(one.numel() for one in model.parameters())
    covered = sum(blocks.values()) - sum(count for name, count in small.items() if name in blocks)
    assert found.of_blocks == pytest.approx(covered / sum(blocks.values()))
    assert found.of_all == pytest.approx(covered / everything)
    assert found.of_blocks > 0.95


def test_what_is_not_seen_is_named():
    shapes = {
        "model.layers.0.odd.weight": (30, 10),
        "model.layers.1.odd.weight": (30, 10),
        "model.embed.weight": (50, 10),
    }
    nothing = coverage(shapes, {})
    assert (nothing.of_all, nothing.of_blocks, nothing.left_out) == (0.0, 0.0, ("model.layers.*.odd.weight",))
    assert "model.layers.*.odd.weight" in str(nothing)
