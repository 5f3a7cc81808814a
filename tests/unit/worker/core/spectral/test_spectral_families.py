"""The effective rank of every family of spectra, in every mode, against full SVDs in float64: never without a number."""

import math
from collections.abc import Callable

import pytest
import torch
from support.threads import torch_threads
from torch import Tensor

from opdboard_worker.core.spectral.panel import EXACT, LIVE, Panel, spectral_panel
from opdboard_worker.core.spectral.reference import by_full_svd

ROWS, COLUMNS = 288, 460
"""Beyond the side up to which matrices are decomposed whole, and long enough for the quick estimators."""


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with torch_threads(1):
        yield


def normal(rows: int, columns: int, seed: int = 0) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def with_spectrum(sigma: Tensor) -> Tensor:
    left, right = (torch.linalg.qr(normal(side, len(sigma), seed=side)).Q for side in (ROWS, COLUMNS))
    return (left * sigma.double()) @ right.T


def lora(rank: int, seed: int) -> Tensor:
    return normal(ROWS, rank, seed) @ normal(rank, COLUMNS, seed + 100)


def at(row: int, column: int) -> Tensor:
    return torch.zeros(ROWS, COLUMNS).index_put((torch.tensor(row), torch.tensor(column)), torch.tensor(2.0))


PLACES = torch.arange(ROWS, dtype=torch.float64)
FAMILIES: dict[str, Callable[[], Tensor]] = {
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
}
SIZES = {
    "one row": lambda: normal(1, 300),
    "one column": lambda: normal(300, 1),
    "one entry": lambda: torch.full((1, 1), -3.0),
    "square": lambda: normal(300, 300),
    "tall": lambda: lora(3, 0).T,
}


def assert_right(panel: Panel, place: int, update: Tensor, what: str) -> None:
    """Every value within its bound; the effective rank within 0.1% too, or the live mode's tolerance where it is by chance."""
    for name, (value,) in by_full_svd(update[None].double(), 1)[0].items():
        error = abs(float(panel.values[name][place]) / float(value) - 1.0)
        assert error <= float(panel.error_bounds[name][place]) + 1e-9, (what, name, panel.estimators[name], error)
        if name == "effective_rank":
            drawn = panel.estimators[name] == "lanczos_quadrature"
            assert error < (LIVE if drawn else 1e-3), (what, panel.estimators[name], error)


@pytest.mark.parametrize("tolerance", [EXACT, 1e-3, LIVE])
@pytest.mark.parametrize("name", [*FAMILIES, *SIZES])
def test_the_effective_rank_is_right_whatever_the_spectrum(name: str, tolerance: float):
    update = (FAMILIES | SIZES)[name]().float()
    assert_right(spectral_panel(update[None], tolerance=tolerance), 0, update, name)


@pytest.mark.parametrize("tolerance", [EXACT, LIVE])
@pytest.mark.parametrize("size", [1e-30, 1e-20, 1e20, 1e30])
@pytest.mark.parametrize("name", ["noise", "LoRA, rank 1, 2", "power 4.0", "all entries equal"])
def test_the_size_of_the_entries_does_not_matter(name: str, size: float, tolerance: float):
    update = FAMILIES[name]()
    update = (update / update.abs().max() * size).float()
    assert_right(spectral_panel(update[None], tolerance=tolerance), 0, update, f"{name} times {size}")


@pytest.mark.parametrize("tolerance", [EXACT, 1e-3, LIVE])
def test_only_what_is_zero_or_not_finite_has_none(tolerance: float):
    """And it takes nothing from those that are measured with it."""
    infinite, damaged = normal(ROWS, COLUMNS), normal(ROWS, COLUMNS)
    infinite[3, 4], damaged[5, 6] = -math.inf, math.nan
    batch = [infinite, torch.zeros(ROWS, COLUMNS), lora(1, 2), damaged, FAMILIES["all entries equal"]()]
    panel = spectral_panel(torch.stack([one.float() for one in batch]), tolerance=tolerance)
    assert panel.finite_B.tolist() == [False, True, True, False, True]
    assert panel.values["effective_rank"].isnan().tolist() == [True, True, False, True, False]
    for place in (2, 4):
        assert_right(panel, place, batch[place].float(), f"place {place}")
