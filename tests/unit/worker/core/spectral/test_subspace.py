"""Alignment measures: closed forms, invariances, and agreement with the plain formulas."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support import subspaces
from torch import Tensor

from opdboard_worker.core.spectral.krylov import Subspace, leading_subspace
from opdboard_worker.core.spectral.subspace import alignments, direction_cosine_low_rank


def agreement(u_a: Tensor, u_b: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """(affinity, paired cosine) of columns all of whose directions are there."""
    a, b = (Subspace(u, torch.ones_like(u[..., 0, :].float()), u, torch.zeros(len(u)), "gram") for u in (u_a, u_b))
    return alignments(a, b, (k,))[k]


def orthonormal(seed: int, rows: int, k: int, batch: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(batch, rows, k, generator=generator, dtype=torch.float64)).Q


def plane_turned_by(*angles: float) -> tuple[Tensor, Tensor]:
    """Two subspaces of R^2k whose principal angles are these: e_i, and e_i turned towards e_{k + i}."""
    k = len(angles)
    a = torch.eye(2 * k, k, dtype=torch.float64)
    angle = torch.tensor(angles, dtype=torch.float64)
    b = torch.cat([torch.diag(angle.cos()), torch.diag(angle.sin())])
    return a[None], b[None]


def test_closed_forms_of_a_turned_plane():
    a, b = plane_turned_by(0.2, 0.9)
    expected = torch.tensor([0.2, 0.9], dtype=torch.float64)
    affinity, paired = agreement(a, b, 2)
    assert paired.item() == pytest.approx(float(expected.cos().mean()))
    assert affinity.item() == pytest.approx(float(expected.cos().square().mean()))
    assert agreement(a, b, 1)[1].item() == pytest.approx(math.cos(0.2))


@settings(max_examples=25)
@given(seed=st.integers(0, 2**20), k=st.integers(1, 6), extra=st.integers(0, 10))
def test_affinity_does_not_see_a_change_of_basis(seed: int, k: int, extra: int):
    a, b = orthonormal(seed, k + extra, k), orthonormal(seed + 1, k + extra, k)
    turn = orthonormal(seed + 2, k, k)
    affinity, _ = agreement(a, b, k)
    torch.testing.assert_close(agreement(a @ turn, b, k)[0], affinity)
    torch.testing.assert_close(agreement(b, a, k)[0], affinity)
    torch.testing.assert_close(agreement(a, a, k)[0], torch.ones(1, dtype=torch.float64))
    assert 0.0 <= affinity.item() <= 1.0 + 1e-12


def test_paired_cosine_sees_order_but_not_sign():
    a = orthonormal(0, 9, 3)
    assert agreement(a, -a, 3)[1].item() == pytest.approx(1.0)
    affinity, paired = agreement(a, a[..., [1, 0, 2]], 3)
    assert (affinity.item(), paired.item()) == (pytest.approx(1.0), pytest.approx(1 / 3))


def test_half_precision_columns_lose_no_more_than_their_rounding():
    a, b = orthonormal(0, 200, 8), orthonormal(1, 200, 8)
    half, _ = agreement(a.half(), b.half(), 8)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half.double(), agreement(a, b, 8)[0], rtol=1e-3, atol=1e-5)
    affinity, paired = agreement(a.half(), a.half(), 8)
    assert affinity.item() == pytest.approx(1.0, abs=1e-4)
    assert paired.item() == pytest.approx(1.0, abs=1e-6)


def test_batches_broadcast_and_depths_beyond_the_columns_are_left_out():
    many, one = orthonormal(0, 12, 4, batch=3), orthonormal(9, 12, 6)
    for together, alone in zip(
        agreement(many, one, 4), zip(*(agreement(u[None], one, 4) for u in many), strict=True), strict=True
    ):
        torch.testing.assert_close(together, torch.cat(list(alone)))
    a, b = (leading_subspace(torch.randn(1, 8, 9), k) for k in (4, 6))
    assert list(alignments(a, b, (1, 4, 5))) == [1, 4]


def test_nan_subspaces_give_nan():
    a = orthonormal(0, 8, 3, batch=2)
    broken = a.clone()
    broken[1] = math.nan
    for values in agreement(a, broken, 3):
        assert values[0].isfinite().all()
        assert values[1].isnan().all()


def test_low_rank_direction_cosine_is_that_of_the_truncation_by_the_whole_norm():
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 15, 25, generator=generator), torch.randn(2, 15, 25, generator=generator)
    norm_B = torch.linalg.matrix_norm(a)
    for k in (3, 15):
        subspace = leading_subspace(a, k)
        truncated = (subspace.u_BMk * subspace.s_Bk[:, None]) @ subspace.v_BNk.mT
        expected = subspaces.cosine(truncated, b) * torch.linalg.matrix_norm(truncated) / norm_B
        torch.testing.assert_close(
            direction_cosine_low_rank(subspace, norm_B, b), expected.double(), rtol=1e-5, atol=1e-7
        )
    whole = direction_cosine_low_rank(leading_subspace(a, 15), norm_B, b)
    torch.testing.assert_close(whole, subspaces.cosine(a, b), rtol=1e-5, atol=1e-7)
    assert direction_cosine_low_rank(leading_subspace(a, 15), norm_B, torch.zeros_like(b)).isnan().all()
