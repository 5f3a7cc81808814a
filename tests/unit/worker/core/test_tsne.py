"""t-SNE: neighbours stay neighbours, the perplexity is met, and the objective has been descended."""

import math

import pytest
import torch
from torch import Tensor

from opdboard_worker.core.tsne import FEWEST, tsne


def squares_of(points: Tensor) -> Tensor:
    return torch.cdist(points, points).square()


def started(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def groups(sizes: list[int], apart: float, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    corners = apart * torch.eye(len(sizes), 8, dtype=torch.float64)
    points = [
        corner + torch.randn(size, 8, generator=generator, dtype=torch.float64)
        for size, corner in zip(sizes, corners, strict=True)
    ]
    return torch.cat(points)


def divergence(squares: Tensor, y: Tensor) -> float:
    """KL(P || Q) by definition, point after point, with widths by bisection."""
    count, perplexity = len(squares), min(30.0, (len(squares) - 1) / 3)
    p = torch.zeros(count, count, dtype=torch.float64)
    for i in range(count):
        others = [j for j in range(count) if j != i]
        low, high = 1e-12, 1e12
        share = torch.empty(0)
        for _ in range(200):
            precision = math.sqrt(low * high)
            share = torch.softmax(-precision * squares[i, others], 0)
            wide = float(torch.special.entr(share).sum()) > math.log(perplexity)
            low, high = (precision, high) if wide else (low, precision)
        p[i, others] = share
    p = (p + p.T) / (2 * count)
    near = 1 / (1 + squares_of(y))
    near.fill_diagonal_(0.0)
    q = near / near.sum()
    some = p > 0
    return float((p[some] * (p[some] / q[some]).log()).sum())


def test_groups_that_are_apart_stay_together_and_apart():
    squares = squares_of(groups([10, 14, 8], apart=20.0))
    y = tsne(squares[None], started(1, 32))[0]
    group = torch.tensor([0] * 10 + [1] * 14 + [2] * 8)
    away = torch.cdist(y, y) + 1e9 * torch.eye(32)
    assert torch.equal(group[away.argmin(-1)], group)
    torch.testing.assert_close(y.mean(0), torch.zeros(2, dtype=torch.float64))
    torch.testing.assert_close(y.T @ y, torch.diag(y.square().sum(0)))
    assert y[:, 0].std() > y[:, 1].std() and bool((y[-1] > 0).all())


@pytest.mark.parametrize("sizes", [[12], [4, 5], pytest.param([20, 20], marks=pytest.mark.slow)])
def test_the_objective_is_at_a_minimum(sizes: list[int]):
    squares = squares_of(groups(sizes, apart=6.0))
    y = tsne(squares[None], started(1, len(squares)))[0]
    found = divergence(squares, y)
    for seed in range(20):
        step = started(len(squares), seed=seed)
        assert divergence(squares, y + 1e-2 * y.std() * step) > found
    assert found < 0.6 * divergence(squares, started(len(squares)))


def test_neighbours_on_a_path_are_neighbours_in_the_plane():
    angle = torch.linspace(0, 1.4, 12, dtype=torch.float64)
    arc = torch.stack([angle.cos(), angle.sin()], -1)
    y = tsne(squares_of(arc)[None], (arc - arc.mean(0))[None])[0]
    nearest = (torch.cdist(y, y) + 1e9 * torch.eye(12)).argmin(-1)
    assert bool(((nearest - torch.arange(12)).abs() == 1).all())


def test_sets_do_not_know_each_other_and_broken_ones_have_no_coordinates():
    one, other = (squares_of(groups([6, 6], apart=9.0, seed=seed)) for seed in range(2))
    start = started(4, 12)
    broken = one.clone()
    broken[0, 3] = math.nan
    y = tsne(torch.stack([one, broken, 0 * one, other]), start)
    torch.testing.assert_close(y[:1], tsne(one[None], start[:1]))
    torch.testing.assert_close(y[3:], tsne(other[None], start[3:]))
    assert y.isnan().flatten(1).all(1).tolist() == [False, True, True, False]


def test_too_few_points_have_no_neighbours_to_choose_among():
    points = groups([FEWEST - 1], apart=1.0)
    assert bool(tsne(squares_of(points)[None], started(1, FEWEST - 1)).isnan().all())
    points = groups([FEWEST], apart=1.0)
    assert bool(tsne(squares_of(points)[None], started(1, FEWEST)).isfinite().all())
