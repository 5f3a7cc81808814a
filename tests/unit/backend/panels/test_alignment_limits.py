"""Chance levels against simulations, and what the pictures say of directions that are not there or not kept."""

import numpy as np
import pytest

from opdboard.domain.modules import Module
from opdboard.panels import alignment, lock_in
from opdboard.panels.alignment_limits import chance_level
from opdboard.panels.locking import LockIn
from opdboard.panels.series import RunSeries, Vectors

ROWS, COLUMNS = 24, 40
MODULES = [Module(f"model.layers.{layer}.mlp.up_proj.weight", layer, "up", (ROWS, COLUMNS)) for layer in range(2)]


def _columns(generator: np.random.Generator, k: int) -> np.ndarray:
    return np.linalg.qr(generator.normal(size=(ROWS, k)))[0]


@pytest.mark.parametrize("k", [1, 5, 20])
def test_chance_is_what_directions_at_random_have(k):
    rows = _rows([1, 2], [[0.5, 0.5]] * 2, 4)
    run = _run(numerical_rank=_rows([1, 2, 4], [[20, 20]] * 3))
    generator = np.random.default_rng(0)
    affinities, cosines = [], []
    for _ in range(400):
        inner = _columns(generator, k).T @ _columns(generator, k)
        affinities.append((inner**2).sum() / k)
        cosines.append(np.abs(np.diag(inner)).mean())
    assert chance_level(run, rows, "subspace_affinity", k) == pytest.approx(np.mean(affinities), rel=0.1)
    assert chance_level(run, rows, "paired_cosine", k) == pytest.approx(np.mean(cosines), rel=0.1)
    assert chance_level(run, rows, "direction_cosine", k) == 0.0


def _rows(steps: list[int], values: list[list[float]], reference: int = -1) -> Vectors:
    count = len(steps)
    return Vectors(
        np.array(steps, np.int64),
        np.full(count, reference),
        np.array(values, np.float32),
        np.arange(count, dtype=np.int64),
    )


def _run(**vectors: Vectors) -> RunSeries:
    return RunSeries("r", "Run", 0, modules=MODULES, vectors=vectors)


def test_chance_is_that_of_the_directions_there_are():
    rows = _rows([1, 2], [[0.5, 0.5]] * 2, 4)
    run = _run(numerical_rank=_rows([1, 2, 4], [[8, 8], [8, 12], [8, 12]]))
    assert chance_level(run, rows, "subspace_affinity", 20) == pytest.approx(8 / ROWS)


def test_a_cut_of_k_is_told():
    run = _run(
        **{"subspace_affinity@20": _rows([1, 2], [[0.9, np.nan], [1.0, np.nan]], 4)},
        numerical_rank=_rows([1, 2, 4], [[8, 0], [8, 0], [8, 0]]),
        captured_norm_ratio=_rows([1, 2, 4], [[1.0, np.nan]] * 3),
    )
    note = alignment.figure([run], alignment.AlignmentParams()).layout.meta["note"]
    assert "k is cut to the 0 to 8 directions that there are in 2 of 2 matrices" in note
    assert "no update to compare" in str(lock_in.figure([run], lock_in.LockInParams()).to_json())
    assert lock_in.lock_ins(run, lock_in.LockInParams())[0] == LockIn(1, confirmed=True)


def test_how_far_the_direction_cosine_may_be_off_is_told():
    run = _run(
        direction_cosine=_rows([1, 2], [[0.3, 0.6], [0.5, 0.6]], 4),
        numerical_rank=_rows([1, 2, 4], [[20, 20]] * 3),
        captured_norm_ratio=_rows([1, 2, 4], [[0.6, 0.6]] * 3),
    )
    note = alignment.figure([run], alignment.AlignmentParams(measure="direction_cosine")).layout.meta["note"]
    assert f"within {0.8 * np.sqrt(0.75):.2g} of it" in note


def test_runs_from_before_these_were_measured_are_drawn_without():
    none = Vectors(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 2), np.float32), np.empty(0, np.int64))
    run = _run(
        **{"subspace_affinity@20": _rows([1, 2], [[0.9, 0.9], [1.0, 1.0]], 4)},
        numerical_rank=none,
        captured_norm_ratio=none,
    )
    assert "cut" not in alignment.figure([run], alignment.AlignmentParams()).layout.meta["note"]
