"""The best approximation by thin factors, against a full SVD, and where it has no more to say."""

import pytest
import torch

from opdboard_worker.core.low_rank import low_rank


@pytest.mark.parametrize("shape", [(12, 30), (30, 12), (7, 7), (1, 5), (5, 1)])
@pytest.mark.parametrize("rank", [1, 3])
def test_it_is_what_a_full_svd_cuts_off(shape, rank):
    update_MN = torch.randn(shape, generator=torch.Generator().manual_seed(3)) * 1e-4
    found = low_rank(update_MN, rank)
    u, s, vh = torch.linalg.svd(update_MN.double(), full_matrices=False)
    wanted_MN = (u[:, :rank] * s[:rank]) @ vh[:rank]
    assert (found.b_Mk.shape, found.a_kN.shape) == ((shape[0], rank), (rank, shape[1]))
    torch.testing.assert_close((found.b_Mk @ found.a_kN).double(), wanted_MN, rtol=0, atol=1e-10)
    torch.testing.assert_close(found.squares_k[: len(s)], s[:rank].square(), rtol=1e-6, atol=0)
    torch.testing.assert_close(found.b_Mk.norm(dim=0), found.a_kN.norm(dim=1), rtol=1e-5, atol=0)


@pytest.mark.parametrize("true_rank", [0, 1, 2])
def test_components_that_a_matrix_does_not_have_are_zero(true_rank):
    generator = torch.Generator().manual_seed(4)
    left, right = (torch.randn(side, true_rank, generator=generator, dtype=torch.float64) for side in (6, 9))
    update_MN = left @ right.mT
    found = low_rank(update_MN, 5)
    assert torch.isfinite(found.b_Mk).all() and torch.isfinite(found.a_kN).all()
    torch.testing.assert_close(found.b_Mk @ found.a_kN, update_MN)
    assert int((found.a_kN.norm(dim=1) > 1e-9).sum()) == true_rank


def test_a_rank_beyond_the_matrix_is_filled_with_zeros():
    update_MN = torch.randn(3, 8, generator=torch.Generator().manual_seed(5))
    found = low_rank(update_MN, 6)
    torch.testing.assert_close(found.b_Mk @ found.a_kN, update_MN)
    assert found.b_Mk.shape == (3, 6) and not found.b_Mk[:, 3:].any() and not found.squares_k[3:].any()


def test_what_is_no_matrix_or_no_rank_is_refused():
    with pytest.raises(ValueError, match="a matrix"):
        low_rank(torch.zeros(2, 3, 4), 1)
    with pytest.raises(ValueError, match="at least 1"):
        low_rank(torch.zeros(2, 3), 0)
