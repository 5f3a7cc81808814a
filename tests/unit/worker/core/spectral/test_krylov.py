"""Leading subspaces against full SVDs: exact path, iteration, and both from one Gram matrix."""

import math

import pytest
import torch
from support import spectra
from support.spectra import normal, power_law
from torch import Tensor

from opdboard_worker.core.spectral import krylov
from opdboard_worker.core.spectral.gram import gram, wide
from opdboard_worker.core.spectral.krylov import Subspace, leading_subspace, subspace_from_gram


def with_spectrum(sigma: Tensor, rows: int, columns: int, seed: int = 0) -> Tensor:
    return spectra.with_spectrum(sigma, rows, columns, seed).float()


def padded(*sigma: float, r: int) -> Tensor:
    return torch.tensor([*sigma] + [0.0] * (r - len(sigma)), dtype=torch.float64)


SMALL = {  # short side up to 256: exact
    "random": lambda: normal(40, 40).float(),
    "heavy tailed": lambda: with_spectrum(power_law(60, 0.7), 60, 90),
    "wide": lambda: with_spectrum(power_law(12, 0.5), 12, 700),
    "tall": lambda: with_spectrum(power_law(12, 0.5), 700, 12),
    "short of k": lambda: with_spectrum(power_law(5, 0.5), 5, 30),
}
LARGE = {  # beyond it: by iteration
    "heavy tailed": lambda: with_spectrum(power_law(300, 0.6), 300, 420),
    "tall": lambda: with_spectrum(power_law(300, 0.6), 420, 300),
    "slowly decaying": lambda: with_spectrum(power_law(300, 0.15), 300, 320),
    "low rank with noise": lambda: with_spectrum(padded(5, 4, 3, 2.5, 2, 1.5, 1.2, 1, r=300) + 1e-3, 300, 320),
    "wide range": lambda: with_spectrum(torch.logspace(0, -5, 300, dtype=torch.float64), 300, 320),
}


def by_gram(matrix_BMN: Tensor, k: int) -> Subspace:
    return subspace_from_gram(matrix_BMN, gram(wide(matrix_BMN)), k).subspace


def assert_leading(subspace: Subspace, matrix: Tensor, k: int, tolerance: float) -> None:
    """Singular values, orthonormal columns, and both subspaces those of the full SVD."""
    left, sigma, right = torch.linalg.svd(matrix.double(), full_matrices=False)
    u, s, v = (part[0].double() for part in (subspace.u_BMk, subspace.s_Bk, subspace.v_BNk))
    torch.testing.assert_close(s, sigma[:k], rtol=1e-4, atol=1e-6 * float(sigma[0]))
    for found, expected in ((u, left[:, :k]), (v, right[:k].T)):
        torch.testing.assert_close(found.T @ found, torch.eye(k, dtype=torch.float64), rtol=0, atol=1e-5)
        assert 1 - float((found.T @ expected).square().sum()) / k < tolerance
    assert subspace.residual_B.item() <= 1e-3


@pytest.mark.parametrize("name", SMALL)
def test_short_matrices_are_exact(name: str):
    matrix = SMALL[name]()
    subspace = leading_subspace(matrix[None], 8)
    assert subspace.estimator == "gram"
    assert subspace.residual_B.item() < 1e-5
    assert_leading(subspace, matrix, min(8, *matrix.shape), tolerance=1e-6)


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("from_gram", [False, True])
def test_iteration_finds_the_leading_subspace(name: str, from_gram: bool):
    matrix = LARGE[name]()
    subspace = by_gram(matrix[None], 8) if from_gram else leading_subspace(matrix[None], 8)
    assert subspace.estimator == "block_krylov"
    assert_leading(subspace, matrix, 8, tolerance=1e-4)


def test_directions_too_small_for_a_float32_gram_matrix():
    """sigma_8 = 2e-5 sigma_1: squared it is lost in float32, so the iteration has to go on with the matrix itself."""
    matrix = with_spectrum(padded(1, 0.5, 0.2, 1e-2, 1e-3, 1e-4, 5e-5, 2e-5, r=300), 300, 320)
    assert_leading(by_gram(matrix[None], 8), matrix, 8, tolerance=1e-4)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_entries_whose_squares_float32_does_not_hold(size: float):
    matrix = with_spectrum(power_law(300, 1.0), 300, 340)
    for subspace in (leading_subspace(size * matrix[None], 8), by_gram(size * matrix[None], 8)):
        assert_leading(subspace, size * matrix, 8, tolerance=2e-3)


def test_a_short_gram_matrix_gives_all_singular_values():
    small, large = SMALL["heavy tailed"]()[None], LARGE["heavy tailed"]()[None]
    all_of_it = subspace_from_gram(small, gram(wide(small)), 4).all_Br
    assert all_of_it is not None
    torch.testing.assert_close(all_of_it, gram(wide(small)).singular_values(), rtol=1e-9, atol=0)
    assert subspace_from_gram(large, gram(wide(large)), 4).all_Br is None


@pytest.mark.parametrize("name", LARGE)
def test_the_invariant_space_is_mapped_into_itself(name: str):
    """Up to 3e-3 of its smallest eigenvalue, and the k columns that were asked for are there in any case."""
    matrix = LARGE[name]()[None]
    whole = gram(wide(matrix))
    u = subspace_from_gram(matrix, whole, 8).invariant_Brd[0].double()
    assert u.shape[1] >= 8
    torch.testing.assert_close(u.T @ u, torch.eye(u.shape[1], dtype=torch.float64), rtol=0, atol=1e-5)
    image = whole.matrix_Brr[0] @ u
    outside = torch.linalg.vector_norm(image - u @ (u.T @ image), dim=0)
    eigenvalues = (u * image).sum(0)
    assert bool((outside[8:] <= 3e-3 * eigenvalues[8:]).all())


def test_k_close_to_the_rank_is_exact():
    matrix = LARGE["heavy tailed"]()
    subspace = leading_subspace(matrix[None], 40)
    assert subspace.estimator == "gram"
    assert_leading(subspace, matrix, 40, tolerance=1e-6)


@pytest.mark.parametrize("shape", [(20, 30), (300, 310)])
def test_zero_matrix(shape: tuple[int, int]):
    for subspace in (leading_subspace(torch.zeros(1, *shape), 4), by_gram(torch.zeros(1, *shape), 4)):
        assert subspace.s_Bk.tolist() == [[0.0] * 4]
        assert subspace.residual_B.tolist() == [0.0]
        assert subspace.u_BMk.isfinite().all()
        assert subspace.v_BNk.isfinite().all()


def test_rank_below_k():
    matrix = with_spectrum(padded(3, 2, r=300), 300, 310)
    subspace = leading_subspace(matrix[None], 5)
    torch.testing.assert_close(subspace.s_Bk[0], torch.tensor([3.0, 2.0, 0, 0, 0]), rtol=1e-5, atol=1e-5)
    u = subspace.u_BMk[0]
    torch.testing.assert_close(u.T @ u, torch.eye(5), rtol=0, atol=1e-5)
    assert subspace.residual_B.item() < 1e-5


def test_more_iterations_bring_the_residual_down_and_fewer_tell_that_they_did_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(krylov, "_TOLERANCE", 0.0)
    matrix = LARGE["slowly decaying"]()[None]
    residuals = []
    for count in (1, 2, 3):
        monkeypatch.setattr(krylov, "_ITERATIONS", count)
        residuals.append(leading_subspace(matrix, 8).residual_B.item())
    assert residuals[0] > 3 * residuals[1] > 9 * residuals[2]
    assert residuals[0] > 1e-4


def test_matrix_that_is_not_finite_gives_nan_and_spares_the_others():
    for shape in ((2, 20, 30), (2, 300, 310)):
        batch = normal(*shape).float()
        batch[0, 3, 4] = math.inf
        for subspace in (leading_subspace(batch, 3), by_gram(batch, 3)):
            for part in (subspace.u_BMk, subspace.s_Bk, subspace.v_BNk, subspace.residual_B):
                assert part[0].isnan().all()
                assert part[1].isfinite().all()


def test_same_input_same_output_with_fixed_signs():
    subspace, again = (leading_subspace(LARGE["tall"]()[None], 6) for _ in range(2))
    assert torch.equal(subspace.u_BMk, again.u_BMk)
    u = subspace.u_BMk[0]
    assert (u.gather(0, u.abs().argmax(0, keepdim=True)) > 0).all()
    product = (subspace.u_BMk * subspace.s_Bk[:, None]) @ subspace.v_BNk.mT
    left, sigma, right = torch.linalg.svd(LARGE["tall"](), full_matrices=False)
    torch.testing.assert_close(product[0], (left[:, :6] * sigma[:6]) @ right[:6], rtol=0, atol=1e-3)


def test_batch_equals_one_by_one():
    batch = torch.stack([LARGE["heavy tailed"](), with_spectrum(power_law(300, 0.8), 300, 420, seed=3)])
    together = leading_subspace(batch, 5)
    for index, matrix in enumerate(batch):
        alone = leading_subspace(matrix[None], 5)
        torch.testing.assert_close(together.s_Bk[index], alone.s_Bk[0], rtol=1e-5, atol=0)
        torch.testing.assert_close(together.u_BMk[index], alone.u_BMk[0], rtol=0, atol=1e-2)


def test_precision_follows_the_input():
    matrix = torch.randn(1, 10, 12)
    assert leading_subspace(matrix.bfloat16(), 2).u_BMk.dtype == torch.float32
    assert leading_subspace(matrix.double(), 2).u_BMk.dtype == torch.float64


def test_no_columns_are_refused():
    with pytest.raises(ValueError, match="k must be at least 1"):
        leading_subspace(torch.ones(1, 3, 3), 0)
