"""What a change of the floating-point type makes of a difference, told from what training makes."""

import math

import pytest
import torch

from opdboard_worker.core.rounding import rounding_between

BF16, FP16, FP32 = torch.bfloat16, torch.float16, torch.float32


def weights(seed: int = 0, size: float = 0.02) -> torch.Tensor:
    return size * torch.randn(300, 200, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("wide", [False, True], ids=["in its own type", "in float32"])
@pytest.mark.parametrize(
    ("base", "copy"), [(FP32, BF16), (BF16, FP32), (FP32, FP16), (FP16, FP32), (BF16, FP16), (FP16, BF16)]
)
def test_copies_of_one_model_differ_by_roundings_alone(base, copy, wide):
    first, second = weights().to(base), weights().to(copy)
    if wide:
        first, second = first.float(), second.float()
    found = rounding_between(second, first)
    assert found is not None and found.beyond == 0
    assert math.sqrt(found.square) == pytest.approx(float((second.double() - first.double()).norm()), rel=0.05)


def test_a_copy_of_the_base_is_told_even_where_few_values_round():
    base = weights(size=1e-5).to(BF16)
    copy = base.to(FP16)
    found = rounding_between(copy, base)
    assert found is not None and found.beyond == 0
    assert math.sqrt(found.square) == pytest.approx(float((copy.double() - base.double()).norm()))


def test_training_goes_beyond_a_rounding():
    base, trained = weights().to(BF16), weights() + weights(1, size=1e-3)
    found = rounding_between(trained, base)
    assert found is not None and found.beyond > 0.5 * base.numel()


def test_a_small_update_in_float32_is_less_than_rounding_gives():
    base = weights().to(BF16)
    trained = base.float() + 1e-7
    found = rounding_between(trained, base)
    assert found is not None
    assert float((trained - base.float()).norm()) < 0.1 * math.sqrt(found.square)


@pytest.mark.parametrize("dtype", [BF16, FP32])
def test_there_is_none_between_values_of_one_type(dtype):
    assert rounding_between(weights(1).to(dtype), weights().to(dtype)) is None
    assert rounding_between(weights().to(BF16).float(), weights().to(BF16)) is None
    assert rounding_between(torch.zeros(3, 3), torch.zeros(3, 3, dtype=FP16)) is None
