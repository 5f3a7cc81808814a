"""Interventions on updates: closed forms, and what must hold at the ends of every range."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from opdboard_worker.core import interventions
from opdboard_worker.core.interventions import SingularBasis

SHAPES = {"q": (6, 6), "up": (9, 5), "down": (5, 9), "embed": (7, 4)}


def update(seed: int, scale: float = 1.0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {name: scale * torch.randn(shape, generator=generator) for name, shape in SHAPES.items()}


def check_same(got: dict[str, Tensor], wanted: dict[str, Tensor], rtol: float = 1e-5, atol: float = 1e-6) -> None:
    assert got.keys() == wanted.keys()
    for name in wanted:
        torch.testing.assert_close(got[name], wanted[name], rtol=rtol, atol=atol)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**20), factor=st.floats(0, 2))
def test_scaling_scales_the_norm_and_keeps_the_direction(seed: int, factor: float):
    whole = update(seed)
    scaled = interventions.scale_final(whole, factor)
    assert interventions.whole_norm(scaled) == pytest.approx(factor * interventions.whole_norm(whole), rel=1e-5)
    check_same(interventions.scale_final(whole, 1.0), whole)


def test_the_whole_norm_is_that_of_all_parameters_in_one_vector():
    whole = update(3)
    flat = torch.cat([delta.flatten() for delta in whole.values()])
    assert interventions.whole_norm(whole) == pytest.approx(float(flat.norm()), rel=1e-6)
    assert interventions.whole_norm({}) == 0.0


def test_embeddings_put_back_are_no_longer_in_the_update():
    whole = update(0)
    assert interventions.without(whole, {"embed"}).keys() == whole.keys() - {"embed"}


@pytest.mark.parametrize(("layers", "half_width"), [(1, 1), (6, 1), (16, 2), (27, 3), (28, 8), (48, 8)])
def test_windows_are_the_papers_or_an_eighth_of_the_depth(layers: int, half_width: int):
    assert interventions.half_width_for(layers) == half_width


@settings(max_examples=30)
@given(layers=st.integers(1, 12), centre=st.integers(0, 11), half_width=st.integers(0, 12))
def test_a_window_holds_its_layers_and_is_cut_at_the_ends(layers: int, centre: int, half_width: int):
    names = {f"mlp.{layer}": layer for layer in range(layers)}
    whole = {name: torch.full((1,), float(layer)) for name, layer in names.items()} | {"attn.0": torch.ones(1)}
    window = interventions.sliding_window(whole, names, centre, half_width)
    first, last = max(0, centre - half_width), min(layers - 1, centre + half_width)
    assert list(window) == [f"mlp.{layer}" for layer in range(first, last + 1)]


@settings(max_examples=20)
@given(seed=st.integers(0, 2**20))
def test_rescaling_gives_each_module_the_wanted_norm_in_its_own_direction(seed: int):
    early, final = update(seed, 0.1), update(seed + 1)
    wanted = interventions.norms(final)
    rescaled = interventions.rescaled(early, wanted)
    assert interventions.norms(rescaled) == pytest.approx(wanted, rel=1e-5)
    for name, delta in rescaled.items():
        cosine = torch.nn.functional.cosine_similarity(delta.flatten(), early[name].flatten(), dim=0)
        assert float(cosine) == pytest.approx(1.0, abs=1e-5)
    check_same(interventions.rescaled(final, wanted), final)


def test_the_beta_sweep_goes_from_the_early_update_through_the_final_norm_and_beyond():
    early, final = update(0, 0.1), update(1)
    wanted = interventions.norms(final)
    check_same(interventions.beta_rescaled(early, wanted, 0.0), early)
    check_same(interventions.beta_rescaled(early, wanted, 1.0), interventions.rescaled(early, wanted))
    have = interventions.norms(early)
    beyond = interventions.norms(interventions.beta_rescaled(early, wanted, 1.4))
    assert beyond == pytest.approx({name: have[name] + 1.4 * (wanted[name] - have[name]) for name in have}, rel=1e-4)


def test_a_module_that_has_not_moved_has_no_direction_to_rescale():
    early = {"still": torch.zeros(2, 2), "moved": torch.eye(2)}
    final = {"still": 3.0, "moved": 2.0}
    for changed in (interventions.rescaled(early, final), interventions.beta_rescaled(early, final, 0.7)):
        assert torch.equal(changed["still"], early["still"])
        assert bool(changed["moved"].isfinite().all())


@settings(max_examples=20)
@given(seed=st.integers(0, 2**20), share=st.sampled_from([0.0, 0.01, 0.2, 0.5, 0.8, 1.0]))
def test_components_are_those_of_the_svd(seed: int, share: float):
    whole = update(seed)
    basis = SingularBasis.of(whole)
    top, bottom = basis.top_k_rank(share), basis.bottom_k_rank(share)
    for name, delta in whole.items():
        u, s, vh = torch.linalg.svd(delta.double(), full_matrices=False)
        rank = len(s)
        kept = math.ceil(share * rank)
        leading = u[:, :kept] @ torch.diag(s[:kept]) @ vh[:kept]
        trailing = u[:, rank - kept :] @ torch.diag(s[rank - kept :]) @ vh[rank - kept :]
        wanted = leading * (s.norm() / s[:kept].norm()) if kept else leading
        torch.testing.assert_close(top[name].double(), wanted, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(bottom[name].double(), trailing, rtol=1e-4, atol=1e-4)


def test_what_is_no_matrix_or_no_share_is_refused():
    with pytest.raises(ValueError, match="singular components are those of a matrix"):
        SingularBasis.of({"norm": torch.ones(3)})
    with pytest.raises(ValueError, match="between 0 and 1"):
        SingularBasis.of(update(0)).top_k_rank(1.2)


def test_the_shift_of_an_embedding_is_the_angle_between_its_rows():
    base = torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    trained = torch.tensor([[1.0, 1.0], [0.0, 5.0], [1.0, 0.0]])
    shift = interventions.embedding_shift(base, trained, torch.tensor([1, 0, 2]))
    assert shift[:2].tolist() == pytest.approx([1.0, math.sqrt(0.5)])
    assert shift[2].isnan()
