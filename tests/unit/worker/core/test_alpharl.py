"""The AlphaRL-style prediction on updates whose course is known."""

import numpy as np
import pytest
import torch
from sklearn.cross_decomposition import PLSRegression

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


@pytest.mark.parametrize("scaled", [True, False])
def test_the_prediction_is_that_of_scikit_learn(scaled: bool):
    """A line through the scores of PLSRegression, read off at 1, and inverse_transform; the third coordinate does not vary."""
    z_TM = torch.tensor(
        [[0.2, 1.0, 5.0, -3.0], [0.5, 1.5, 5.0, -2.0], [0.6, 3.0, 5.0, -2.5], [1.1, 2.5, 5.0, 1.0]]
    ).double()
    y_T = torch.tensor([0.1, 0.3, 0.35, 0.5]).double()
    theirs = PLSRegression(n_components=1, scale=scaled).fit(z_TM.numpy(), y_T.numpy())
    slope, intercept = np.polyfit(np.ravel(theirs.transform(z_TM.numpy())), y_T.numpy(), 1)
    expected = theirs.inverse_transform(np.array([[(1.0 - intercept) / slope]]))[0]
    torch.testing.assert_close(pls_solve(z_TM, y_T, 1.0, scaled=scaled), torch.from_numpy(expected))


def test_scores_that_do_not_vary_predict_nothing():
    z_TM = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="do not vary"):
        pls_solve(z_TM, torch.full((3,), 0.5), 1.0)
    with pytest.raises(ValueError, match="do not vary"):
        pls_solve(torch.ones(3, 4), torch.tensor([0.1, 0.2, 0.3]), 1.0)
