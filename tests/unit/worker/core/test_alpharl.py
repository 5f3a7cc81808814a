"""The AlphaRL-style prediction on updates whose course is known."""

import pytest
import torch

from opdboard_worker.core.alpharl import Leading, aligned, leading_part, pls_solve, predicted_update


def vectors():
    generator = torch.Generator().manual_seed(3)
    u, v = (torch.randn(n, generator=generator, dtype=torch.float64) for n in (6, 4))
    return u / u.norm(), v / v.norm()


def test_the_leading_part_is_the_best_rank_one_approximation():
    generator = torch.Generator().manual_seed(0)
    update = torch.randn(6, 4, generator=generator, dtype=torch.float64)
    u, s, vh = torch.linalg.svd(update)
    part = leading_part(update)
    assert torch.allclose(torch.outer(part.z_M, part.v_N), s[0] * torch.outer(u[:, 0], vh[0]), atol=1e-8)


def test_signs_are_aligned_and_the_product_is_kept():
    part = Leading(torch.tensor([1.0, 2.0]), torch.tensor([0.6, -0.8]))
    flipped = aligned(part, Leading(part.z_M, -part.v_N))
    assert torch.equal(flipped.v_N, -part.v_N) and torch.equal(flipped.z_M, -part.z_M)
    assert aligned(part, part) is part


def test_growth_in_proportion_to_the_score_is_continued_to_the_wanted_score():
    """dW_i = y_i sigma u v^T: at y* = 1 the update is sigma u v^T, whatever signs the singular vectors came with."""
    u, v = vectors()
    scores = torch.tensor([0.1, 0.2, 0.4], dtype=torch.float64)
    parts = [leading_part(float(y) * 5.0 * torch.outer(u, v)) for y in scores]
    parts[1] = Leading(-parts[1].z_M, -parts[1].v_N)
    assert torch.allclose(predicted_update(parts, scores, 1.0).double(), 5.0 * torch.outer(u, v), atol=1e-6)


def test_the_prediction_does_not_depend_on_the_unit_of_the_score():
    generator = torch.Generator().manual_seed(1)
    z_TM = torch.randn(4, 5, generator=generator, dtype=torch.float64)
    y_T = torch.tensor([0.1, 0.3, 0.35, 0.5], dtype=torch.float64)
    assert torch.allclose(pls_solve(z_TM, y_T, 1.0), pls_solve(z_TM, 7.0 * y_T - 3.0, 4.0), atol=1e-10)


def test_one_component_regression_reads_the_wanted_score_off_its_own_line():
    """Scores of the prediction, by the definition of PLS, are the wanted one."""
    generator = torch.Generator().manual_seed(2)
    z_TM = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    y_T = torch.linspace(0.0, 0.4, 5, dtype=torch.float64)
    centred, y = z_TM - z_TM.mean(0), y_T - y_T.mean()
    weight = centred.T @ y / (centred.T @ y).norm()
    score = centred @ weight
    slope = (y @ score) / (score @ score)
    loading = centred.T @ score / (score @ score)
    expected = z_TM.mean(0) + (1.0 - y_T.mean()) / slope * loading
    assert torch.allclose(pls_solve(z_TM, y_T, 1.0, scaled=False), expected, atol=1e-10)


@pytest.mark.parametrize(
    ("scaled", "expected"),
    [
        (True, [2.18277418, 4.99285161, 5.0, 5.24533784]),
        (False, [2.26241151, 4.3775424, 5.0, 6.29052952]),
    ],
)
def test_the_prediction_is_that_of_scikit_learn(scaled: bool, expected: list[float]):
    """PLSRegression(n_components=1, scale=scaled), a line through its scores, read off at 1, and inverse_transform.

    Computed with scikit-learn 1.9; the third coordinate does not vary.
    """
    z_TM = torch.tensor([[0.2, 1.0, 5.0, -3.0], [0.5, 1.5, 5.0, -2.0], [0.6, 3.0, 5.0, -2.5], [1.1, 2.5, 5.0, 1.0]])
    y_T = torch.tensor([0.1, 0.3, 0.35, 0.5])
    found = pls_solve(z_TM.double(), y_T.double(), 1.0, scaled=scaled)
    assert torch.allclose(found, torch.tensor(expected, dtype=torch.float64), atol=1e-6)


def test_scores_that_do_not_vary_predict_nothing():
    z_TM = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="do not vary"):
        pls_solve(z_TM, torch.full((3,), 0.5), 1.0)
    with pytest.raises(ValueError, match="do not vary"):
        pls_solve(torch.ones(3, 4), torch.tensor([0.1, 0.2, 0.3]), 1.0)
