"""Paths of leading directions: lines, circles and signs."""

import math

import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from opdboard_worker.core.trajectory import aligned_signs, rank_one_trajectory


def turning(angles: list[float], rows: int = 6) -> torch.Tensor:
    """A unit vector that turns in a plane by these angles, (T, M)."""
    u = torch.zeros(len(angles), rows, dtype=torch.float64)
    u[:, 0] = torch.tensor([math.cos(angle) for angle in angles])
    u[:, 1] = torch.tensor([math.sin(angle) for angle in angles])
    return u


def test_a_vector_that_turns_in_a_plane_needs_two_components_and_no_more():
    found = rank_one_trajectory(turning([0.0, 0.3, 0.7, 1.2, 1.5])[None])
    assert found.evr_B.tolist() == pytest.approx([1.0])


def test_distances_between_checkpoints_are_kept_in_the_plane():
    u = turning([0.0, 0.4, 1.0, 1.1])
    points = rank_one_trajectory(u[None]).points_BT2[0]
    torch.testing.assert_close(torch.cdist(points, points), torch.cdist(u, u))
    torch.testing.assert_close(points.mean(0), torch.zeros(2, dtype=torch.float64))
    assert bool((points[-1] >= 0).all())


def test_the_variance_outside_of_two_components_is_missing_from_the_ratio():
    """Four orthonormal vectors: three equal eigenvalues once centred, of which two are shown."""
    found = rank_one_trajectory(torch.eye(4, dtype=torch.float64)[None])
    assert found.evr_B.tolist() == pytest.approx([2 / 3])


def test_flipped_signs_change_nothing():
    u = turning([0.0, 0.2, 0.5, 0.9])
    flipped = u * torch.tensor([1.0, -1.0, -1.0, 1.0])[:, None]
    torch.testing.assert_close(aligned_signs(flipped[None]), aligned_signs(u[None]))
    torch.testing.assert_close(rank_one_trajectory(flipped[None]).points_BT2, rank_one_trajectory(u[None]).points_BT2)


def test_what_stands_still_or_is_not_a_number_has_no_ratio():
    still = turning([0.3, 0.3, 0.3])
    broken = still.clone()
    broken[1, 0] = math.nan
    found = rank_one_trajectory(torch.stack([still, broken, turning([0.0, 1.0, 2.0])]))
    assert found.evr_B.isnan().tolist() == [True, True, False]
    assert found.points_BT2[0].abs().max() < 1e-7
    assert bool(found.points_BT2[1].isnan().all())


def test_one_checkpoint_is_no_path():
    with pytest.raises(ValueError, match="at least 2 checkpoints"):
        rank_one_trajectory(torch.ones(1, 1, 3))


def test_standardised_coordinates_are_those_of_scikit_learns_recipe():
    """StandardScaler, then PCA: the authors' code does so."""
    u_BTM = torch.nn.functional.normalize(
        torch.randn(2, 6, 9, generator=torch.Generator().manual_seed(3), dtype=torch.float64), dim=-1
    )
    found = rank_one_trajectory(u_BTM, standardised=True)
    for module, path in enumerate(aligned_signs(u_BTM).numpy()):
        share = PCA(2).fit(StandardScaler().fit_transform(path)).explained_variance_ratio_
        assert float(found.evr_B[module]) == pytest.approx(share.sum(), rel=1e-9)
    assert not torch.allclose(found.evr_B, rank_one_trajectory(u_BTM).evr_B, atol=1e-3)


def test_a_coordinate_that_never_moves_is_left_out_when_standardised():
    u_BTM = torch.tensor([[[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 1.0, 0.0]]])
    found = rank_one_trajectory(u_BTM, standardised=True)
    assert bool(found.points_BT2.isfinite().all())
    assert float(found.evr_B) == pytest.approx(1.0)
