"""What the trainer measures of its weights, with LoRA: dW from the factors, and from weights that a jump has displaced."""

import pytest
import torch
from support.tiny_models import tiny_model

from opdboard.domain.monitoring import Monitoring
from opdboard.domain.optimizer import Lora
from opdboard.domain.run_config import RunConfig
from opdboard_worker.training.trained import LoraFactors, trained_part
from opdboard_worker.training.weights import WeightMonitor

RANK = 2


@pytest.fixture
def lora():
    trained = trained_part(tiny_model("Qwen2"), RunConfig(adapter=Lora(rank=RANK)))
    assert isinstance(trained, LoraFactors)
    return trained


def _ranks(lora: LoraFactors, folder, step: int = 1) -> set[float]:
    monitor = WeightMonitor(lora, Monitoring(spectral_every=1), folder)
    found = {(one.statistic, one.reference_step): one.values for one in monitor.measure(step)}
    return set(found["numerical_rank", None])


def _move_factors(lora: LoraFactors, size: float) -> None:
    with torch.no_grad():
        for name, factor in lora.parameters.items():
            if name.endswith("|B"):
                factor.copy_(size * torch.randn(factor.shape, generator=torch.Generator().manual_seed(1)))


@pytest.mark.parametrize("size", [1e-3, 1e-10])
def test_an_update_told_by_factors_has_their_rank_however_small(lora, tmp_path, size):
    _move_factors(lora, size)
    assert _ranks(lora, tmp_path) == {RANK}


def test_what_a_jump_was_rounded_by_adds_no_directions(lora, tmp_path):
    """The jump is of rank 1; the sum of base and jump, rounded to float32, differs from the base by full rank."""
    _move_factors(lora, 1e-5)
    with torch.no_grad(), lora.whole():
        for weight in lora.movable.values():
            u, v = (torch.randn(side, generator=torch.Generator().manual_seed(side)) for side in weight.shape)
            weight.add_(1e-7 * torch.outer(u, v))
    assert _ranks(lora, tmp_path) == {RANK + 1}


def test_norms_are_told_with_spectra_and_between_them(lora, tmp_path):
    _move_factors(lora, 1e-3)
    monitor = WeightMonitor(lora, Monitoring(spectral_every=4, modules_every=3), tmp_path)
    told = {step: {one.statistic for one in monitor.measure(step)} for step in (3, 4, 5)}
    norms = {"update_norm", "relative_update_norm", "norm_share"}
    assert told[3] == norms
    assert told[4] > norms | {"effective_rank"}
    assert told[5] == set()
    directly, again = ({v.statistic: v.values for v in monitor.measure(step)} for step in (3, 4))
    for name in norms:
        assert again[name] == pytest.approx(directly[name], rel=1e-12)
