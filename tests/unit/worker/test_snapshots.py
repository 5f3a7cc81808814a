"""Kept subspaces: what is written comes back, and many are compared at once as each is alone."""

import pytest
import torch

from opdboard_worker import snapshots
from opdboard_worker.core.krylov import leading_subspace
from opdboard_worker.core.subspace import direction_cosine_low_rank, paired_cosine, subspace_affinity
from opdboard_worker.snapshots import Snapshots, alignment, half


def _updates(seed: int) -> torch.Tensor:
    return torch.randn(3, 12, 40, generator=torch.Generator().manual_seed(seed))


def test_a_snapshot_comes_back_as_it_was_kept(tmp_path):
    kept = Snapshots(tmp_path / "kept")
    tall, wide = half(leading_subspace(_updates(0).mT, 5)), half(leading_subspace(_updates(1), 20))
    kept.write(8, [(["a", "b", "c"], tall), (["d", "e", "f"], wide)])
    assert kept.steps() == [8]
    for names, part in ((["a", "b", "c"], tall), (["d", "e", "f"], wide)):
        back = kept.read(8, names)
        assert all(
            torch.equal(getattr(back, kind), getattr(part, kind))
            and getattr(back, kind).dtype == getattr(part, kind).dtype
            for kind in ("u_BMk", "s_Bk", "v_BNk")
        )
    assert torch.equal(kept.read(8, ["b"]).u_BMk, tall.u_BMk[1:2])


@pytest.mark.parametrize("at_once", [1, 3000, 1 << 20])
def test_many_snapshots_are_compared_as_each_alone(monkeypatch, at_once):
    monkeypatch.setattr(snapshots, "_AT_ONCE", at_once)
    update = _updates(9)
    latest, earlier = leading_subspace(update, 10), [half(leading_subspace(_updates(seed), 10)) for seed in range(4)]
    values = alignment(iter(earlier), latest, update)
    assert set(values) == {"direction_cosine"} | {
        f"{name}@{depth}" for name in ("subspace_affinity", "paired_cosine") for depth in (1, 5, 10)
    }
    for place, one in enumerate(earlier):
        for depth in (1, 5, 10):
            affinity = subspace_affinity(one.u_BMk, latest.u_BMk, depth)
            torch.testing.assert_close(values[f"subspace_affinity@{depth}"][place], affinity)
            cosine = paired_cosine(one.u_BMk, latest.u_BMk, depth)
            torch.testing.assert_close(values[f"paired_cosine@{depth}"][place], cosine)
        torch.testing.assert_close(values["direction_cosine"][place], direction_cosine_low_rank(one, update))
    assert alignment([], latest, update) == {}
