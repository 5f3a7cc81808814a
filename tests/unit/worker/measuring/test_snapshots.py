"""Kept subspaces: what is written comes back, and many are compared at once as each is alone."""

import math

import pytest
import torch
from safetensors.torch import load_file, save_file
from support.subspaces import affinity as subspace_affinity
from support.subspaces import cosine, paired_cosine
from torch import Tensor

from opdboard.panels.alignment_limits import direction_cosine_bound
from opdboard_worker.core.spectral.krylov import leading_subspace, without_rounding
from opdboard_worker.core.spectral.subspace import direction_cosine_low_rank
from opdboard_worker.measuring import snapshots
from opdboard_worker.measuring.snapshots import Kept, Snapshots, alignment, kept


def _updates(seed: int) -> torch.Tensor:
    return torch.randn(3, 12, 40, generator=torch.Generator().manual_seed(seed))


def _kept(update_BMN: Tensor, k: int) -> Kept:
    return kept(leading_subspace(update_BMN, k), torch.linalg.matrix_norm(update_BMN))


def test_a_snapshot_comes_back_as_it_was_kept(tmp_path):
    snapshots = Snapshots(tmp_path / "kept")
    tall, wide = _kept(_updates(0).mT, 5), _kept(_updates(1), 20)
    snapshots.write(8, [(["a", "b", "c"], tall), (["d", "e", "f"], wide)])
    assert snapshots.steps() == [8]
    for names, part in ((["a", "b", "c"], tall), (["d", "e", "f"], wide)):
        back = snapshots.read(8, names)
        assert all(
            torch.equal(getattr(back, kind), getattr(part, kind))
            and getattr(back, kind).dtype == getattr(part, kind).dtype
            for kind in ("u_BMk", "s_Bk", "v_BNk", "norm_B")
        )
    assert torch.equal(snapshots.read(8, ["b"]).u_BMk, tall.u_BMk[1:2])


@pytest.mark.parametrize("at_once", [1, 3000, 1 << 20])
def test_many_snapshots_are_compared_as_each_alone(monkeypatch, at_once):
    monkeypatch.setattr(snapshots, "_AT_ONCE", at_once)
    update = _updates(9)
    latest, earlier = leading_subspace(update, 10), [_kept(_updates(seed), 10) for seed in range(4)]
    values = alignment(iter(earlier), latest, update)
    assert set(values) == {"direction_cosine"} | {
        f"{name}@{depth}" for name in ("subspace_affinity", "paired_cosine") for depth in (1, 5, 10)
    }
    for place, one in enumerate(earlier):
        for depth in (1, 5, 10):
            affinity = subspace_affinity(one.u_BMk, latest.u_BMk, depth)
            torch.testing.assert_close(values[f"subspace_affinity@{depth}"][place], affinity)
            paired = paired_cosine(one.u_BMk, latest.u_BMk, depth)
            torch.testing.assert_close(values[f"paired_cosine@{depth}"][place], paired)
        torch.testing.assert_close(
            values["direction_cosine"][place], direction_cosine_low_rank(one, one.norm_B, update)
        )
    assert alignment([], latest, update) == {}


def _low_rank(rank: int, seed: int, columns: Tensor | None = None) -> Tensor:
    """B A of LoRA, (1, 64, 96), with given columns of B."""
    generator = torch.Generator().manual_seed(seed)
    b_MR = torch.randn(64, rank, generator=generator) if columns is None else columns
    return (b_MR @ torch.randn(rank, 96, generator=generator))[None]


@pytest.mark.parametrize("rank", [1, 4, 8, 16])
def test_directions_that_are_not_there_are_not_compared(rank):
    """Of LoRA with an unchanged column space all the directions there are agree, at whatever depth."""
    columns = torch.randn(64, rank, generator=torch.Generator().manual_seed(7))
    first, last = _low_rank(rank, 1, columns), _low_rank(rank, 2, columns)
    values = alignment([_kept(first, 20)], leading_subspace(last, 20), last)
    whole = torch.linalg.svd(first.double()).U[..., :rank], torch.linalg.svd(last.double()).U[..., :rank]
    for depth in (1, 5, 10, 20):
        used = min(depth, rank)
        affinity = float(values[f"subspace_affinity@{depth}"])
        assert affinity == pytest.approx(subspace_affinity(*whole, used).item(), abs=2e-3)
        assert affinity == pytest.approx(1.0, abs=2e-3) or used < rank
        paired = float(values[f"paired_cosine@{depth}"])
        assert paired == pytest.approx(paired_cosine(*whole, used).item(), abs=2e-3)


def test_k_is_cut_at_the_smaller_rank_of_the_two():
    narrow, broad = _low_rank(3, 1), _low_rank(12, 2)
    u_a, u_b = (torch.linalg.svd(one.double()).U for one in (narrow, broad))
    for one, other in ((narrow, broad), (broad, narrow)):
        values = alignment([_kept(one, 20)], leading_subspace(other, 20), other)
        assert float(values["subspace_affinity@20"]) == pytest.approx(subspace_affinity(u_a, u_b, 3).item(), abs=2e-3)


@pytest.mark.parametrize("size", [1e-30, 1e-9, 1.0, 1e20])
def test_the_rank_of_an_update_does_not_depend_on_its_size(size):
    subspace = leading_subspace(_low_rank(5, 1) * size, 20)
    assert subspace.numerical_rank_B.tolist() == [5]


def test_an_update_of_zero_is_aligned_with_nothing():
    """A frozen matrix beside a trained one: its arbitrary columns are the same at every step."""
    moving = _low_rank(4, 1)
    update = torch.cat([torch.zeros_like(moving), moving])
    values = alignment([_kept(update, 20)], leading_subspace(update, 20), update)
    for name, value in values.items():
        assert value.isnan().tolist() == [[True, False]], name
        assert float(value[0, 1]) == pytest.approx(1.0, abs=1e-3)
    still = torch.cat([moving, torch.zeros_like(moving)])
    values = alignment([_kept(still, 20)], leading_subspace(update, 20), update)
    assert all(value.isnan().all() for value in values.values())


@pytest.mark.parametrize("k", [1, 5, 20])
def test_the_cosine_of_the_kept_directions_tells_how_far_off_it_may_be(k):
    common = torch.randn(1, 64, 96, generator=torch.Generator().manual_seed(3))
    for seed in range(6):
        noise = torch.randn(1, 64, 96, generator=torch.Generator().manual_seed(seed))
        first, last = common + noise, common - 0.5 * noise + _low_rank(2, seed)
        one = _kept(first, k)
        estimate = alignment([one], leading_subspace(last, k), last)["direction_cosine"][0]
        captured = torch.linalg.vector_norm(one.s_Bk.double(), dim=-1) / one.norm_B
        error = (estimate - cosine(first, last)).abs()
        assert (error.numpy() <= direction_cosine_bound(estimate.numpy(), captured.numpy()) + 1e-3).all()
    alone = alignment([_kept(common, k)], leading_subspace(common, k), common)["direction_cosine"]
    assert float(alone) <= 1.0 + 1e-6
    exact = _low_rank(min(k, 2), 5)
    assert float(alignment([_kept(exact, k)], leading_subspace(exact, k), exact)["direction_cosine"]) == pytest.approx(
        1.0, abs=1e-3
    )


def test_a_snapshot_from_before_norms_were_kept_is_read_without_one(tmp_path):
    snapshots = Snapshots(tmp_path)
    snapshots.write(4, [(["a"], _kept(_low_rank(4, 1), 5))])
    (file,) = tmp_path.iterdir()
    save_file({name: one for name, one in load_file(file).items() if not name.endswith("|norm")}, file)
    back = snapshots.read(4, ["a"])
    assert math.isnan(float(back.norm_B))
    values = alignment([back], leading_subspace(_low_rank(4, 1), 5), _low_rank(4, 1))
    assert float(values["subspace_affinity@5"]) == pytest.approx(1.0, abs=1e-3)
    assert math.isnan(float(values["direction_cosine"]))


@pytest.mark.parametrize("size", [1e-3, 1e-2, 1.0])
def test_directions_that_rounding_adds_to_merged_weights_are_not_counted(size):
    base = 0.02 * torch.randn(1, 96, 128, generator=torch.Generator().manual_seed(5))
    generator = torch.Generator().manual_seed(6)
    change = torch.randn(1, 96, 8, generator=generator) @ torch.randn(1, 8, 128, generator=generator)
    change = change / torch.linalg.matrix_norm(change, 2) * size
    merged = (base + change) - base
    found = without_rounding(leading_subspace(merged, 20), torch.linalg.matrix_norm(base))
    assert found.numerical_rank_B.tolist() == [8]
    assert leading_subspace(merged, 20).s_Bk[0, 8] > 0
