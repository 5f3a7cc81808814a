"""LoRA factors on every architecture's weights: none is left out, and their best choice is what a full SVD cuts off."""

import pytest
import torch
from support.tiny_models import FAMILIES, moved, tiny_model
from torch import Tensor

from opdboard.domain.optimizer import Lora
from opdboard_worker.models.matrices import matrices_of
from opdboard_worker.training.lora import approximate, wrapped

RANK = 4


def by_svd(change: Tensor, rank: int) -> Tensor:
    """The best approximation of a matrix, or of each of several, and the squares of all singular values."""
    u, s, vh = torch.linalg.svd(change.double(), full_matrices=False)
    return u[..., :rank] * s[..., None, :rank] @ vh[..., :rank, :]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_matrix_is_held_as_its_best_approximation(family):
    """Qwen3Moe has layers of experts and a dense one, whose names peft takes for experts of an older version."""
    changed = dict(moved(tiny_model(family), seed=1).named_parameters())
    model = tiny_model(family)
    weights = {name: model.get_parameter(name) for name in matrices_of(model)}
    changes = {name: (changed[name] - weight).detach() for name, weight in weights.items()}
    layers = wrapped(model, list(weights), Lora(rank=RANK, alpha=2 * RANK))
    for name in weights:
        squares_k = approximate(layers[name], changes[name])
        wanted = by_svd(changes[name], RANK)
        torch.testing.assert_close(layers[name].get_delta_weight("default").double(), wanted, rtol=0, atol=1e-6)
        left = float((changes[name].double() - wanted).square().sum())
        assert float(changes[name].double().square().sum() - squares_k.sum()) == pytest.approx(left, rel=1e-4)
