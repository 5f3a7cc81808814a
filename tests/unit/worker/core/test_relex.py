"""RELEX against trajectories whose continuation is known."""

import pytest
import torch

from opdboard_worker.core.relex import gram_over_time, mixture, predicted_update


def straight(steps, shape=(3, 5), offset=0.0):
    """Updates (offset + t) v along one unit direction."""
    direction = torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    direction /= direction.norm()
    return direction, [(offset + t) * direction for t in steps]


@pytest.mark.parametrize("offset", [0.0, 3.0, -10.0])
def test_a_straight_path_is_continued_exactly(offset):
    direction, updates = straight([2, 4, 6], offset=offset)
    assert torch.allclose(predicted_update(updates, [2, 4, 6], 12.0), (offset + 12.0) * direction, atol=1e-12)


def test_uneven_steps_count_by_their_distance():
    direction, updates = straight([1, 2, 8])
    assert torch.allclose(predicted_update(updates, [1, 2, 8], 20.0), 20.0 * direction, atol=1e-12)


def test_the_prediction_is_that_of_a_full_svd():
    generator = torch.Generator().manual_seed(0)
    steps, at = [3.0, 5.0, 9.0, 11.0], 30.0
    updates = [torch.randn(4, 6, generator=generator, dtype=torch.float64) for _ in steps]
    rows_TD = torch.stack([update.flatten() for update in updates])
    _, _, vh = torch.linalg.svd(rows_TD, full_matrices=False)
    coefficients_T = rows_TD @ vh[0]
    design = torch.stack([torch.ones(4, dtype=torch.float64), torch.tensor(steps, dtype=torch.float64)], 1)
    intercept, slope = torch.linalg.lstsq(design, coefficients_T[:, None]).solution.flatten()
    expected = ((intercept + slope * at) * vh[0]).reshape(4, 6)
    assert torch.allclose(predicted_update(updates, steps, at), expected, atol=1e-10)


def test_noise_off_the_direction_is_left_out():
    direction, updates = straight([2, 4, 6, 8])
    sideways = torch.zeros_like(direction)
    sideways[0, 0] = 1.0
    sideways -= (sideways * direction).sum() * direction
    noisy = [update + 1e-3 * sign * sideways for update, sign in zip(updates, (1, -1, -1, 1), strict=True)]
    predicted = predicted_update(noisy, [2, 4, 6, 8], 16.0)
    assert torch.allclose(predicted, 16.0 * direction, atol=1e-2)
    assert abs(float((predicted * sideways).sum())) < 1e-4


def test_what_has_not_moved_stays_and_what_is_not_finite_shows():
    still = [torch.zeros(2, 2) for _ in range(3)]
    assert torch.equal(predicted_update(still, [1, 2, 3], 6.0), torch.zeros(2, 2))
    broken = [torch.full((2, 2), float("nan")), torch.ones(2, 2)]
    assert not torch.isfinite(predicted_update(broken, [1, 2], 4.0)).any()


def test_the_gram_matrix_of_large_tensors_is_summed_in_pieces():
    generator = torch.Generator().manual_seed(0)
    updates = [torch.randn(1100, 1000, generator=generator) for _ in range(2)]
    rows = torch.stack([update.flatten().double() for update in updates])
    assert torch.allclose(gram_over_time(updates), rows @ rows.T, rtol=1e-12)


def test_a_line_needs_two_steps():
    with pytest.raises(ValueError, match="at least two"):
        mixture(torch.eye(2, dtype=torch.float64), [4, 4], 8.0)
