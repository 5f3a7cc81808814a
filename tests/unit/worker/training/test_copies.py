"""W_0 and the anchor, kept in host memory or in half the room."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from opdboard_worker.core.extrapolation import direction
from opdboard_worker.training.copies import Anchor, Copy

ROUNDING = 2.0**-8
EXACT = ("device", "cpu", "bf16")


def weights(seed=0, *, published_in_half=True):
    generator = torch.Generator().manual_seed(seed)
    tensors = {name: 0.05 * torch.randn(8, 16, generator=generator) for name in "qk"}
    return {name: value.bfloat16().float() for name, value in tensors.items()} if published_in_half else tensors


def later(tensors, size, seed):
    generator = torch.Generator().manual_seed(seed)
    return {name: value + size * torch.randn(value.shape, generator=generator) for name, value in tensors.items()}


def anchor_at(start, how):
    return Anchor({name: Copy(value, how) for name, value in start.items()}, how)


@pytest.mark.parametrize("how", EXACT)
@pytest.mark.parametrize("published_in_half", [True, False])
def test_a_copy_is_exact_and_does_not_follow_its_source(how, published_in_half):
    source = weights(published_in_half=published_in_half)["q"]
    before = source.clone()
    copy = Copy(source, how)
    source.add_(1.0)
    assert torch.equal(copy.get(), before) and copy.get().dtype == torch.float32
    assert copy.bytes == before.nbytes // (2 if how == "bf16" and published_in_half else 1)


@given(seed=st.integers(0, 99), size=st.sampled_from([1e-6, 1e-4, 1e-2]), published_in_half=st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_direction_from_a_halved_anchor_is_within_the_rounding_of_its_distance(seed, size, published_in_half):
    start = weights(seed, published_in_half=published_in_half)
    kept, now = later(start, size, seed + 1), later(start, 2 * size, seed + 2)
    anchor = anchor_at(start, "bf16")
    anchor.keep(kept)
    for name, exact in direction(now, kept).items():
        error = (direction(now, anchor)[name] - exact).abs()
        last_bits = torch.finfo(torch.float32).eps * (kept[name].abs() + start[name].abs() + now[name].abs())
        assert bool((error <= ROUNDING * (kept[name] - start[name]).abs() + last_bits).all())


@pytest.mark.parametrize("how", EXACT)
def test_an_anchor_that_never_moved_is_neither_written_nor_held_twice(how):
    start = weights()
    anchor = anchor_at(start, how)
    assert anchor.tensors() == {}
    anchor.restore({f"anchor|{name}": value for name, value in start.items()})  # of an earlier version
    assert anchor.tensors() == {}
    assert all(torch.equal(anchor[name], start[name]) for name in start)


def test_half_precision_of_the_weights_themselves_would_drown_the_direction():
    """Why the distance is kept: at the way of a run at a small rate the anchor itself, rounded, is back at W_0."""
    start = weights()
    kept, now = later(start, 1e-5, 1), later(start, 2e-5, 2)
    exact = direction(now, kept)
    plain = direction(now, {name: value.bfloat16().float() for name, value in kept.items()})
    assert all((plain[name] - exact[name]).norm() > 0.3 * exact[name].norm() for name in exact)
    anchor = anchor_at(start, "bf16")
    anchor.keep(kept)
    assert all((direction(now, anchor)[name] - exact[name]).norm() < 4e-3 * exact[name].norm() for name in exact)


@pytest.mark.parametrize("how", EXACT)
def test_the_anchor_is_w_0_until_something_is_kept_and_comes_back_bit_for_bit(how):
    start = weights(published_in_half=False)
    anchor = anchor_at(start, how)
    assert list(anchor) == list(start) and all(torch.equal(anchor[name], start[name]) for name in start)
    anchor.keep({"k": later(start, 1e-3, 1)["k"]})
    assert torch.equal(anchor["q"], start["q"]) and not torch.equal(anchor["k"], start["k"])
    again = anchor_at(start, how)
    again.restore(anchor.tensors() | {"jump|k": start["k"]})
    assert all(torch.equal(again[name], anchor[name]) for name in start)


@pytest.mark.parametrize("how", ["device", "cpu"])
def test_a_whole_anchor_does_not_follow_the_weights(how):
    start = weights()
    anchor, kept = anchor_at(start, how), later(start, 1e-3, 1)
    anchor.keep(kept)
    expected = kept["q"].clone()
    kept["q"].zero_()
    assert torch.equal(anchor["q"], expected)
