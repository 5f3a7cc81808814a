"""The spectral panel against full SVDs in float64: every estimator within the error that it states, on all kinds of updates."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support import spectra
from support.spectra import normal, power_law
from support.subspaces import affinity
from torch import Tensor

from opdboard_worker.core.spectral.gram import deflated, gram, wide
from opdboard_worker.core.spectral.lanczos import effective_rank_quadrature
from opdboard_worker.core.spectral.panel import EXACT, LIVE, Panel, spectral_panel
from opdboard_worker.core.spectral.reference import by_full_svd
from opdboard_worker.models.demo import load_demo

ROWS, COLUMNS = 288, 460
"""Beyond the side up to which matrices are decomposed whole, and long enough for the quick estimators."""
MEASURES = {
    "spectral_norm",
    "spectral_frobenius_ratio",
    "stable_rank",
    "effective_rank",
    "top1pct_norm_ratio",
    "update_norm",
}
modes = pytest.mark.parametrize("tolerance", [EXACT, 1e-3, LIVE])


def with_spectrum(sigma: Tensor, rows: int = ROWS, columns: int = COLUMNS) -> Tensor:
    return spectra.with_spectrum(sigma, rows, columns)


def leading_over_noise(rows: int, columns: int) -> Tensor:
    """What training leaves: a few strong directions, and noise with rows and columns of unequal size."""
    noise = normal(rows, columns) * (0.3 * normal(rows, 1)).exp() * (0.3 * normal(1, columns)).exp()
    return with_spectrum(power_law(24, 0.5), rows, columns) + 0.8 * noise / noise.norm()


def lora(rank: int, seed: int) -> Tensor:
    return normal(ROWS, rank, seed=seed) @ normal(rank, COLUMNS, seed=seed + 100)


def at(row: int, column: int) -> Tensor:
    return torch.zeros(ROWS, COLUMNS).index_put((torch.tensor(row), torch.tensor(column)), torch.tensor(2.0))


PLACES = torch.arange(ROWS, dtype=torch.float64)
USUAL: dict[str, Callable[[], Tensor]] = {
    "random, square": lambda: normal(280, 280),
    "random, wide": lambda: normal(280, 900),
    "random, tall": lambda: normal(900, 280),
    "leading over noise": lambda: leading_over_noise(280, 700),
    "leading over square noise": lambda: leading_over_noise(290, 290),
    "power law": lambda: with_spectrum(power_law(280, 0.6), 280, 300),
    "steep power law": lambda: with_spectrum(power_law(280, 1.5), 300, 280),
    "rank 16": lambda: with_spectrum(power_law(16, 0.5), 280, 400),
    "rank 64": lambda: with_spectrum(power_law(64, 0.5), 400, 280),
    "tiny entries": lambda: 1e-15 * leading_over_noise(280, 300),
}
"""Of which every mode finds an effective rank with a bound within its tolerance."""
UPDATES = USUAL | {
    "all entries equal": lambda: torch.ones(ROWS, COLUMNS),
    "all entries of one size": lambda: normal(ROWS, COLUMNS).sign(),
    "one row that is not 0": lambda: torch.zeros(ROWS, COLUMNS).index_fill(0, torch.tensor([3]), 0.5),
    "one entry that is not 0": lambda: at(7, 9),
    "few entries that are not 0": lambda: normal(ROWS, COLUMNS) * (normal(ROWS, COLUMNS, seed=1) > 3.0),
    "all singular values equal": lambda: with_spectrum(torch.ones(ROWS)),
    **{f"geometric, {q}": lambda q=q: with_spectrum(q**PLACES) for q in (0.1, 0.5, 0.9, 0.99)},
    **{f"power {e}": lambda e=e: with_spectrum((PLACES + 1) ** -e) for e in (0.5, 2.0, 4.0, 8.0)},
    "heavy tail": lambda: with_spectrum((normal(ROWS, 1)[:, 0].abs() + 1e-3) ** -2.0),
    "clusters": lambda: with_spectrum(torch.tensor([1.0] * 10 + [1e-3] * 50 + [1e-6] * (ROWS - 60))),
    "a direction over a floor": lambda: with_spectrum(torch.tensor([1.0] + [1e-7] * (ROWS - 1))),
    **{f"LoRA, rank {r}, {s}": lambda r=r, s=s: lora(r, s) for r in (1, 2, 4, 8, 16, 32) for s in (0, 1, 2)},
    "noise": lambda: normal(ROWS, COLUMNS),
    "one row": lambda: normal(1, 300),
    "one column": lambda: normal(300, 1),
    "one entry": lambda: torch.full((1, 1), -3.0),
    "square": lambda: normal(300, 300),
    "tall low rank": lambda: lora(3, 0).T,
}


def assert_right(panel: Panel, update: Tensor, place: int = 0) -> None:
    """Every value within its bound; the effective rank within 0.1% too, or the live mode's tolerance where it is by chance."""
    assert panel.values.keys() == panel.error_bounds.keys() == panel.estimators.keys() == MEASURES
    for name, (value,) in by_full_svd(update[None].double(), 1)[0].items():
        error = abs(float(panel.values[name][place]) / float(value) - 1.0)
        assert error <= float(panel.error_bounds[name][place]) + 1e-9, (name, panel.estimators[name], error)
        if name == "effective_rank":
            drawn = panel.estimators[name] == "lanczos_quadrature"
            assert error < (LIVE if drawn else 1e-3), (panel.estimators[name], error)


@modes
@pytest.mark.parametrize("name", UPDATES)
def test_every_measure_is_within_its_bound_whatever_the_spectrum(name: str, tolerance: float):
    update = UPDATES[name]().float()
    panel = spectral_panel(update[None], 20, tolerance=tolerance)
    assert_right(panel, update)
    if name in USUAL and tolerance:
        assert float(panel.error_bounds["effective_rank"]) <= tolerance
    elif name in USUAL:
        assert panel.estimators["effective_rank"] == "gram_float64"
        assert float(panel.error_bounds["effective_rank"]) < 1e-4


@pytest.mark.parametrize("tolerance", [EXACT, LIVE])
@pytest.mark.parametrize("size", [1e-30, 1e-20, 1e20, 1e30])
@pytest.mark.parametrize("name", ["noise", "LoRA, rank 1, 2", "power 4.0", "all entries equal"])
def test_the_size_of_the_entries_does_not_matter(name: str, size: float, tolerance: float):
    update = UPDATES[name]()
    update = (update / update.abs().max() * size).float()
    assert_right(spectral_panel(update[None], tolerance=tolerance), update)


def test_estimators_are_named_and_get_cheaper_with_the_tolerance():
    update = UPDATES["leading over noise"]()[None].float()
    named = [spectral_panel(update, 20, tolerance=t).estimators for t in (EXACT, 1e-3, LIVE)]
    assert [names["effective_rank"] for names in named] == ["gram_float64", "gram_float32", "lanczos_quadrature"]
    assert {names["update_norm"] for names in named} == {"sum_of_squares"}
    assert named[2]["spectral_norm"] == "block_krylov"


def test_what_is_too_small_for_float32_is_done_again_in_float64():
    panel = spectral_panel(UPDATES["steep power law"]()[None].float(), 20, tolerance=1e-4)
    assert panel.estimators["effective_rank"] == "gram_float64"


@pytest.mark.parametrize("name", ["leading over noise", "power law", "random, tall"])
def test_quadrature_errs_as_much_as_it_says(name: str):
    """Over many draws of the directions: within the stated error, three standard errors, which is not far too wide."""
    update = UPDATES[name]()[None].float()
    whole = gram(wide(update))
    split = deflated(whole, torch.linalg.eigh(whole.matrix_Brr).eigenvectors[..., -20:])
    expected = float(by_full_svd(update.double(), 1)[0]["effective_rank"])
    drawn = [effective_rank_quadrature(split, seed=seed) for seed in range(12)]
    shares = torch.tensor([abs(float(rank) / expected - 1.0) / float(error) for rank, error in drawn])
    assert 0.1 <= float(shares.max()) <= 1.0


@pytest.mark.parametrize("k", [1, 20, 32])
@pytest.mark.parametrize("name", ["leading over noise", "random, tall", "rank 64"])
def test_subspaces_are_those_of_the_full_svd(name: str, k: int):
    update = UPDATES[name]().float()
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
            assert_right(spectral_panel(update[None], 20, tolerance=tolerance), update)


@settings(max_examples=30)
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
    left, right = normal(rows, rank, seed=seed), normal(rank, columns, seed=seed + 1)
    update = 10.0**scale * (left * power_law(rank, exponent)) @ right
    panel, turned, scaled = (spectral_panel(x[None], k) for x in (update, update.T, 8.0 * update))
    assert_right(panel, update)
    assert 1.0 - 1e-9 <= float(panel.values["stable_rank"]) <= rank * (1 + 1e-9)
    assert 1.0 - 1e-9 <= float(panel.values["effective_rank"]) <= rank * (1 + 1e-4)
    for name in MEASURES - {"effective_rank"}:
        torch.testing.assert_close(turned.values[name], panel.values[name], rtol=1e-9, atol=0)
    for name in MEASURES - {"spectral_norm", "update_norm"}:
        torch.testing.assert_close(scaled.values[name], panel.values[name], rtol=1e-9, atol=0)
    assert panel.subspace.s_Bk.shape == (1, min(k, rows, columns))


@modes
@pytest.mark.parametrize("shape", [(30, 20), (280, 300), (ROWS, COLUMNS)])
def test_broken_and_unmoved_updates_are_reported_and_spare_the_others(shape: tuple[int, int], tolerance: float):
    infinite, damaged = normal(*shape), normal(*shape)
    infinite[3, 4], damaged[5, 6] = -math.inf, math.nan
    one_direction = normal(shape[0], 1, seed=2) @ normal(1, shape[1], seed=102)
    batch = torch.stack(
        [infinite, torch.zeros(shape), one_direction, damaged, torch.ones(shape), normal(*shape)]
    ).float()
    panel = spectral_panel(batch, 4, tolerance=tolerance)
    assert panel.finite_B.tolist() == [False, True, True, False, True, True]
    for broken in (0, 3):
        assert all(x[broken].isnan() for x in (*panel.values.values(), *panel.error_bounds.values()))
    assert float(panel.values["update_norm"][1]) == float(panel.values["spectral_norm"][1]) == 0.0
    assert panel.values["effective_rank"][1].isnan()
    for place in (2, 4, 5):
        assert_right(panel, batch[place], place)


@pytest.mark.parametrize("tolerance", [EXACT, LIVE])
def test_batches_and_bfloat16(tolerance: float):
    batch = torch.stack([UPDATES["leading over noise"](), normal(280, 700, seed=9)]).bfloat16()
    panel = spectral_panel(batch, 8, tolerance=tolerance)
    assert panel.subspace.u_BMk.dtype == torch.float32
    for place, update in enumerate(batch):
        assert_right(panel, update, place)


def test_shape_and_k_are_checked():
    with pytest.raises(ValueError, match=r"\(B, M, N\)"):
        spectral_panel(torch.ones(3, 4))
    with pytest.raises(ValueError, match="k must be at least 1"):
        spectral_panel(torch.ones(1, 3, 4), 0)
