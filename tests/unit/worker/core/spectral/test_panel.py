"""The spectral panel against full SVDs: every estimator within the error that it states, on all kinds of updates."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.subspaces import affinity
from support.threads import torch_threads
from torch import Tensor

from opdboard_worker.core.spectral.gram import deflated, gram, wide
from opdboard_worker.core.spectral.lanczos import effective_rank_quadrature
from opdboard_worker.core.spectral.panel import EXACT, LIVE, Panel, spectral_panel
from opdboard_worker.core.spectral.reference import by_full_svd
from opdboard_worker.models.demo import load_demo

MEASURES = {
    "spectral_norm",
    "spectral_frobenius_ratio",
    "stable_rank",
    "effective_rank",
    "top1pct_norm_ratio",
    "update_norm",
}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with torch_threads(1):
        yield


def normal(rows: int, columns: int, seed: int = 0) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def with_spectrum(sigma: Tensor, rows: int, columns: int) -> Tensor:
    left, right = (torch.linalg.qr(normal(side, len(sigma), seed=side)).Q for side in (rows, columns))
    return ((left * sigma.double()) @ right.T).float()


def power_law(r: int, exponent: float) -> Tensor:
    return torch.arange(1, r + 1, dtype=torch.float64) ** -exponent


def leading_over_noise(rows: int, columns: int) -> Tensor:
    """What training leaves: a few strong directions, and noise with rows and columns of unequal size."""
    noise = normal(rows, columns) * (0.3 * normal(rows, 1)).exp() * (0.3 * normal(1, columns)).exp()
    return (with_spectrum(power_law(24, 0.5), rows, columns) + 0.8 * noise / noise.norm()).float()


LARGE = {  # short side over 256: estimators differ
    "random, square": lambda: normal(280, 280).float(),
    "random, wide": lambda: normal(280, 900).float(),
    "random, tall": lambda: normal(900, 280).float(),
    "leading over noise": lambda: leading_over_noise(280, 700),
    "leading over square noise": lambda: leading_over_noise(290, 290),
    "power law": lambda: with_spectrum(power_law(280, 0.6), 280, 300),
    "steep power law": lambda: with_spectrum(power_law(280, 1.5), 300, 280),
    "rank 16": lambda: with_spectrum(power_law(16, 0.5), 280, 400),
    "rank 64": lambda: with_spectrum(power_law(64, 0.5), 400, 280),
    "tiny entries": lambda: 1e-15 * leading_over_noise(280, 300),
}


def of_full_svd(update: Tensor) -> dict[str, float]:
    return {name: float(value) for name, value in by_full_svd(update[None].double(), 1)[0].items()}


def assert_within_bounds(panel: Panel, update: Tensor) -> None:
    expected = of_full_svd(update)
    assert panel.values.keys() == panel.error_bounds.keys() == panel.estimators.keys() == MEASURES
    for name, value in expected.items():
        error = abs(float(panel.values[name]) / value - 1.0)
        assert error <= float(panel.error_bounds[name]) + 1e-12, (name, panel.estimators[name], error)


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("tolerance", [EXACT, 1e-3, LIVE])
def test_every_measure_is_within_its_bound(name: str, tolerance: float):
    update = LARGE[name]()
    panel = spectral_panel(update[None], 20, tolerance=tolerance)
    assert_within_bounds(panel, update)
    if tolerance:
        assert float(panel.error_bounds["effective_rank"]) <= tolerance
    else:
        assert panel.estimators["effective_rank"] == "gram_float64"
        assert float(panel.error_bounds["effective_rank"]) < 1e-4


def test_estimators_are_named_and_get_cheaper_with_the_tolerance():
    update = LARGE["leading over noise"]()[None]
    named = [spectral_panel(update, 20, tolerance=t).estimators for t in (EXACT, 1e-3, LIVE)]
    assert [names["effective_rank"] for names in named] == ["gram_float64", "gram_float32", "lanczos_quadrature"]
    assert {names["update_norm"] for names in named} == {"sum_of_squares"}
    assert named[2]["spectral_norm"] == "block_krylov"


def test_what_is_too_small_for_float32_is_done_again_in_float64():
    panel = spectral_panel(LARGE["steep power law"]()[None], 20, tolerance=1e-4)
    assert panel.estimators["effective_rank"] == "gram_float64"


@pytest.mark.parametrize("name", ["leading over noise", "power law", "random, tall"])
def test_quadrature_errs_as_much_as_it_says(name: str):
    """Over many draws of the directions: within the stated error, three standard errors, which is not far too wide."""
    update = LARGE[name]()[None]
    whole = gram(wide(update))
    split = deflated(whole, torch.linalg.eigh(whole.matrix_Brr).eigenvectors[..., -20:])
    expected = of_full_svd(update[0])["effective_rank"]
    drawn = [effective_rank_quadrature(split, seed=seed) for seed in range(12)]
    shares = torch.tensor([abs(float(rank) / expected - 1.0) / float(error) for rank, error in drawn])
    assert float(shares.max()) <= 1.0
    assert float(shares.max()) >= 0.1


@pytest.mark.parametrize("k", [1, 20, 32])
@pytest.mark.parametrize("name", ["leading over noise", "random, tall", "rank 64"])
def test_subspaces_are_those_of_the_full_svd(name: str, k: int):
    update = LARGE[name]()
    _, expected = by_full_svd(update[None].double(), k)
    for tolerance in (EXACT, LIVE):
        subspace = spectral_panel(update[None], k, tolerance=tolerance).subspace
        assert subspace.u_BMk.shape == (1, update.shape[0], k)
        for ours, theirs in ((subspace.u_BMk, expected.u_BMk), (subspace.v_BNk, expected.v_BNk)):
            assert float(affinity(ours, theirs, k)) > 1.0 - 1e-3
        assert float(subspace.residual_B) < 2e-3


def test_real_updates():
    """Every attention and MLP matrix of the demo's teacher, which is the base trained on."""
    base, teacher = (load_demo(role).model.state_dict() for role in ("base", "teacher"))
    updates = [
        teacher[name].float() - base[name].float()
        for name in base
        if "layers." in name and base[name].ndim == 2 and min(base[name].shape) > 1
    ]
    assert len(updates) >= 42
    for update in updates[:14]:
        for tolerance in (EXACT, LIVE):
            assert_within_bounds(spectral_panel(update[None], 20, tolerance=tolerance), update)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**20),
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
    rank=st.integers(1, 40),
    exponent=st.floats(0.0, 2.0),
    scale=st.integers(-18, 18),
    k=st.integers(1, 32),
)
def test_any_small_update(seed: int, rows: int, columns: int, rank: int, exponent: float, scale: int, k: int):
    """Values within bounds, ranks within 1..r, and nothing changes under transposition or scale."""
    rank = min(rank, rows, columns)
    update = 10.0**scale * (normal(rows, rank, seed) * power_law(rank, exponent)) @ normal(rank, columns, seed + 1)
    panel, turned, scaled = (spectral_panel(x[None], k) for x in (update, update.T, 8.0 * update))
    assert_within_bounds(panel, update)
    assert 1.0 - 1e-9 <= float(panel.values["stable_rank"]) <= rank * (1 + 1e-9)
    assert 1.0 - 1e-9 <= float(panel.values["effective_rank"]) <= rank * (1 + 1e-4)
    for name in MEASURES - {"effective_rank"}:
        torch.testing.assert_close(turned.values[name], panel.values[name], rtol=1e-9, atol=0)
    for name in MEASURES - {"spectral_norm", "update_norm"}:
        torch.testing.assert_close(scaled.values[name], panel.values[name], rtol=1e-9, atol=0)
    assert panel.subspace.s_Bk.shape == (1, min(k, rows, columns))


@pytest.mark.parametrize("tolerance", [EXACT, 1e-3, LIVE])
@pytest.mark.parametrize("shape", [(30, 20), (280, 300)])
def test_broken_and_unmoved_updates_are_reported_and_spare_the_others(shape: tuple[int, int], tolerance: float):
    batch = torch.stack([normal(*shape).float(), normal(*shape).float(), torch.zeros(shape)])
    batch[0, 3, 4] = math.nan
    panel = spectral_panel(batch, 4, tolerance=tolerance)
    assert panel.finite_B.tolist() == [False, True, True]
    assert all(value[0].isnan() and panel.error_bounds[name][0].isnan() for name, value in panel.values.items())
    alone = spectral_panel(batch[1:2], 4, tolerance=tolerance)
    for name, value in alone.values.items():
        torch.testing.assert_close(panel.values[name][1:2], value, rtol=1e-6, atol=0)
        assert panel.error_bounds[name][1].isfinite()
    assert float(panel.values["update_norm"][2]) == float(panel.values["spectral_norm"][2]) == 0.0
    assert panel.values["effective_rank"][2].isnan()


@pytest.mark.parametrize("tolerance", [EXACT, LIVE])
def test_batches_and_bfloat16(tolerance: float):
    batch = torch.stack([LARGE["leading over noise"](), normal(280, 700, seed=9).float()]).bfloat16()
    together = spectral_panel(batch, 8, tolerance=tolerance)
    assert together.subspace.u_BMk.dtype == torch.float32
    for place, update in enumerate(batch):
        expected = of_full_svd(update.float())
        for name, value in expected.items():
            error = abs(float(together.values[name][place]) / value - 1.0)
            assert error <= float(together.error_bounds[name][place]) + 1e-12, name


def test_shape_and_k_are_checked():
    with pytest.raises(ValueError, match=r"\(B, M, N\)"):
        spectral_panel(torch.ones(3, 4))
    with pytest.raises(ValueError, match="k must be at least 1"):
        spectral_panel(torch.ones(1, 3, 4), 0)
