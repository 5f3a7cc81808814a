"""Alignment measures: closed forms, invariances, and agreement with the plain formulas."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from opdboard_worker.core.spectral.krylov import leading_subspace
from opdboard_worker.core.spectral.subspace import (
    alignments,
    direction_cosine,
    direction_cosine_low_rank,
    lock_in_step,
    paired_cosine,
    pooled_cosine,
    principal_angles,
    subspace_affinity,
)


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
    assert paired_cosine(a, b, 2).item() == pytest.approx(float(expected.cos().mean()))
    assert subspace_affinity(a, b, 2).item() == pytest.approx(float(expected.cos().square().mean()))
    torch.testing.assert_close(principal_angles(a, b, 2)[0], expected)
    assert paired_cosine(a, b, 1).item() == pytest.approx(math.cos(0.2))


def test_small_and_right_angles_keep_their_digits():
    """acos alone would give 0 for 1e-9, asin alone would lose the other end."""
    a, b = plane_turned_by(1e-9, math.pi / 2 - 1e-9)
    small, right = principal_angles(a, b, 2)[0].tolist()
    assert small == pytest.approx(1e-9, rel=1e-6)
    assert math.pi / 2 - right == pytest.approx(1e-9, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**20), k=st.integers(1, 6), extra=st.integers(0, 10))
def test_affinity_does_not_see_a_change_of_basis(seed: int, k: int, extra: int):
    a, b = orthonormal(seed, k + extra, k), orthonormal(seed + 1, k + extra, k)
    turn = orthonormal(seed + 2, k, k)
    affinity = subspace_affinity(a, b, k)
    torch.testing.assert_close(subspace_affinity(a @ turn, b, k), affinity)
    torch.testing.assert_close(subspace_affinity(b, a, k), affinity)
    torch.testing.assert_close(principal_angles(a @ turn, b, k), principal_angles(a, b, k), rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(subspace_affinity(a, a, k), torch.ones(1, dtype=torch.float64))
    assert 0.0 <= affinity.item() <= 1.0 + 1e-12
    torch.testing.assert_close(principal_angles(a, b, k).cos().square().mean(-1), affinity)


def test_paired_cosine_sees_order_but_not_sign():
    a = orthonormal(0, 9, 3)
    assert paired_cosine(a, -a, 3).item() == pytest.approx(1.0)
    assert paired_cosine(a, a[..., [1, 0, 2]], 3).item() == pytest.approx(1 / 3)
    assert subspace_affinity(a, a[..., [1, 0, 2]], 3).item() == pytest.approx(1.0)


def test_half_precision_columns_lose_no_more_than_their_rounding():
    a, b = orthonormal(0, 200, 8), orthonormal(1, 200, 8)
    half = subspace_affinity(a.half(), b.half(), 8)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half.double(), subspace_affinity(a, b, 8), rtol=1e-3, atol=1e-5)
    assert subspace_affinity(a.half(), a.half(), 8).item() == pytest.approx(1.0, abs=1e-4)
    assert paired_cosine(a.half(), a.half(), 8).item() == pytest.approx(1.0, abs=1e-6)


def test_batches_broadcast_and_k_is_cut_to_the_columns():
    many, one = orthonormal(0, 12, 4, batch=3), orthonormal(9, 12, 6)
    for measure in (paired_cosine, subspace_affinity, principal_angles):
        together = measure(many, one, 4)
        torch.testing.assert_close(together, torch.cat([measure(u[None], one, 4) for u in many]))
        torch.testing.assert_close(measure(many, one, 20), together)
    with pytest.raises(ValueError, match="k must"):
        subspace_affinity(many, one, 0)


def test_nan_subspaces_give_nan():
    a = orthonormal(0, 8, 3, batch=2)
    broken = a.clone()
    broken[1] = math.nan
    for measure in (paired_cosine, subspace_affinity, principal_angles):
        values = measure(a, broken, 3)
        assert values[0].isfinite().all()
        assert values[1].isnan().all()


def test_direction_cosine_against_the_flat_formula():
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(3, 20, 30, generator=generator)
    b = a + torch.randn(3, 20, 30, generator=generator)
    expected = torch.nn.functional.cosine_similarity(a.flatten(1).double(), b.flatten(1).double())
    torch.testing.assert_close(direction_cosine(a, b), expected)
    torch.testing.assert_close(direction_cosine(a, -2.0 * a), -torch.ones(3, dtype=torch.float64))
    assert direction_cosine(a, torch.zeros_like(a)).isnan().all()
    with pytest.raises(ValueError, match="shapes differ"):
        direction_cosine(a, b[:1])


def test_low_rank_direction_cosine_is_that_of_the_truncation_by_the_whole_norm():
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 15, 25, generator=generator), torch.randn(2, 15, 25, generator=generator)
    norm_B = torch.linalg.matrix_norm(a)
    for k in (3, 15):
        subspace = leading_subspace(a, k)
        truncated = (subspace.u_BMk * subspace.s_Bk[:, None]) @ subspace.v_BNk.mT
        expected = direction_cosine(truncated, b) * torch.linalg.matrix_norm(truncated) / norm_B
        torch.testing.assert_close(
            direction_cosine_low_rank(subspace, norm_B, b), expected.double(), rtol=1e-5, atol=1e-7
        )
    whole = direction_cosine_low_rank(leading_subspace(a, 15), norm_B, b)
    torch.testing.assert_close(whole, direction_cosine(a, b), rtol=1e-5, atol=1e-7)


def test_pooled_cosine_is_that_of_all_modules_as_one_vector():
    a, b = torch.randn(4, 10, generator=torch.Generator().manual_seed(0)), torch.randn(4, 10)
    a[3] = 0.0  # a module that has not moved
    per_module = direction_cosine(a[:, None], b[:, None])
    pooled = pooled_cosine(per_module, a.norm(dim=1), b.norm(dim=1))
    assert pooled == pytest.approx(float(direction_cosine(a.view(1, 1, -1), b.view(1, 1, -1))), abs=1e-6)
    assert math.isnan(pooled_cosine(per_module, torch.zeros(4), b.norm(dim=1)))


def test_lock_in_is_the_start_of_the_last_run_above_the_threshold():
    steps = [1, 2, 4, 8, 16]
    assert lock_in_step(steps, [0.1, 0.5, 0.8, 0.9, 0.95]) == 4
    assert lock_in_step(steps, [0.9, 0.5, 0.9, 0.7, 0.95]) == 16
    assert lock_in_step(steps, [0.9, 0.9, 0.9, 0.9, 0.9]) == 1
    assert lock_in_step(steps, [0.9, 0.9, 0.9, 0.9, 0.79]) is None
    assert lock_in_step(steps, [0.1, 0.5, 0.8, 0.9, 0.95], threshold=0.9) == 8


def test_lock_in_of_odd_input():
    assert lock_in_step([], []) is None
    assert lock_in_step([8, 2, 4], [0.9, 0.1, 0.9]) == 4
    assert lock_in_step([1, 2, 3], [0.9, math.nan, 0.9]) == 3
    with pytest.raises(ValueError):
        lock_in_step([1, 2], [0.9])


def test_alignments_at_all_depths_are_those_at_each():
    generator = torch.Generator().manual_seed(0)
    a, b = (leading_subspace(torch.randn(3, 30, 40, generator=generator), k) for k in (8, 6))
    half = replace(a, u_BMk=a.u_BMk.half())
    at = alignments(half, b, (1, 5, 20))
    assert list(at) == [1, 5]
    for k, (affinity, cosine) in at.items():
        torch.testing.assert_close(affinity, subspace_affinity(half.u_BMk, b.u_BMk, k))
        torch.testing.assert_close(cosine, paired_cosine(half.u_BMk, b.u_BMk, k))
