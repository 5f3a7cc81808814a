"""Series on both engines: what goes in comes out, once, in order, by cursor and through a rewind."""

import math
import threading

import numpy as np
import pytest
from sqlalchemy import select
from support.stored_runs import begin, claim, fill_step, move, record, record_steps, start

from opdboard.db import evidence, runs, series
from opdboard.db.database import Database
from opdboard.db.tables import ScalarChunk
from opdboard.domain.records import CheckpointRecord, ModuleVector
from opdboard.domain.run_state import RunState


def read(database: Database, run_id: str, *keys: str, after: int = 0) -> dict[str, series.ScalarSeries]:
    with database.read() as session:
        return series.read_scalars(session, run_id, keys, after=after)


def test_points_beyond_one_chunk_come_back_in_order(database: Database):
    run_id, attempt = start(database)
    record_steps(database, run_id, attempt, range(259))
    record(database, run_id, attempt, 259, {"loss": 0.5, "accuracy": 0.25})
    points = read(database, run_id, "loss", "accuracy")
    assert points["loss"].steps.tolist() == list(range(260))
    assert points["loss"].values.tolist() == [*map(float, range(259)), 0.5]
    assert points["loss"].times.tolist() == [1000.0 + step for step in range(260)]
    assert points["accuracy"].steps.tolist() == [259]
    with database.read() as session:
        assert series.scalar_keys(session, [run_id]) == ["accuracy", "loss"]
        assert series.latest(session, run_id) == {"loss": 0.5, "accuracy": 0.25}
        chunks = session.scalars(
            select(ScalarChunk.count).where(ScalarChunk.key == "loss").order_by(ScalarChunk.id)
        ).all()
    assert chunks == [256, 4]


def test_a_cursor_returns_each_point_exactly_once(database: Database):
    run_id, attempt = start(database)
    seen: list[int] = []
    cursor = 0
    for start_step in range(0, 300, 23):
        record_steps(database, run_id, attempt, range(start_step, min(start_step + 23, 300)))
        if start_step % 2 == 0 or start_step > 270:
            with database.snapshot() as session:
                run = runs.get(session, run_id)
                new = series.read_scalars(session, run_id, ["loss"], after=cursor)
            seen += new["loss"].steps.tolist()
            cursor = run.seq
    assert seen == list(range(300))
    assert read(database, run_id, "loss", after=cursor) == {}


def test_a_range_reads_only_what_overlaps_it_and_its_neighbours(database: Database):
    run_id, attempt = start(database)
    record_steps(database, run_id, attempt, range(600))
    ranges: list[tuple[tuple[float | None, float | None], tuple[int, int]]] = [
        ((300, 400), (256, 511)),
        ((256, 511), (0, 599)),
        ((None, 3), (0, 255)),
        ((9e9, None), (512, 599)),
        ((-2, -1), (0, 255)),
    ]
    for within, (first, last) in ranges:
        with database.read() as session:
            steps = series.read_scalars(session, run_id, ["loss"], within=within)["loss"].steps.tolist()
        assert steps[0] >= first and steps[-1] <= last, within
        low, high = within[0] or 0, 599 if within[1] is None else within[1]
        inside = [step for step in range(600) if low <= step <= high]
        around = {min(inside, default=0) - 1, *inside, max(inside, default=0) + 1} & set(range(600))
        assert around <= set(steps) or not inside, within


def test_what_is_not_finite_survives(database: Database):
    run_id, attempt = start(database)
    odd = [math.nan, math.inf, -math.inf, 5e-324, -0.0]
    for step, value in enumerate(odd):
        record(
            database, run_id, attempt, step, {"loss": value}, vectors=[ModuleVector("update_norm", step, [value, 1.0])]
        )
    np.testing.assert_array_equal(read(database, run_id, "loss")["loss"].values, odd)
    with database.read() as session:
        vectors = series.read_vectors(session, run_id, "update_norm")
        assert runs.get(session, run_id).latest == {"loss": -0.0}
    np.testing.assert_array_equal(vectors.values[:, 0], np.array(odd, np.float32))


def test_vectors_are_read_by_step_reference_and_cursor(database: Database):
    run_id, attempt = start(database)
    seqs = []
    for step in (1, 2, 4):
        aligned = [
            ModuleVector("subspace_affinity@5", earlier, [earlier / step], step) for earlier in (1, 2) if earlier < step
        ]
        seqs.append(
            record(database, run_id, attempt, step, vectors=[ModuleVector("update_norm", step, [step]), *aligned])
        )
    with database.read() as session:
        plain = series.read_vectors(session, run_id, "update_norm")
        assert (plain.steps.tolist(), plain.reference_steps.tolist(), plain.seqs.tolist()) == (
            [1, 2, 4],
            [-1] * 3,
            seqs,
        )
        assert plain.values.tolist() == [[1.0], [2.0], [4.0]]
        assert series.read_vectors(session, run_id, "update_norm", step=2).values.tolist() == [[2.0]]
        assert series.read_vectors(session, run_id, "update_norm", after=seqs[1]).steps.tolist() == [4]
        assert series.read_vectors(session, run_id, "subspace_affinity@5", reference_step=4).values.tolist() == [
            [0.25],
            [0.5],
        ]
        assert series.reference_steps(session, run_id, "subspace_affinity@5") == [2, 4]
        empty = series.read_vectors(session, run_id, "grad_norm")
    assert empty.values.shape == (0, 0)


@pytest.mark.parametrize("checkpoint", [0, 3, 8, 9, 29])
def test_a_resumed_attempt_leaves_neither_gap_nor_double_point(
    database: Database, checkpoint: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(series, "CHUNK_POINTS", 8)
    run_id, first = start(database)
    record_steps(database, run_id, first, range(30))
    move(database, run_id, RunState.QUEUED)
    second = claim(database, run_id)
    begin(database, run_id, second, step=checkpoint)
    with database.read() as session:
        run = runs.get(session, run_id)
        assert run.step == checkpoint
        assert (
            run.rewound_seq == run.topics["scalars"] == run.topics["alignment"] == run.seq - 1
        )  # then it became RUNNING
        assert run.latest == ({"loss": float(checkpoint)} if checkpoint else {})
    record_steps(database, run_id, second, range(checkpoint + 1 if checkpoint else 0, 40))
    assert read(database, run_id, "loss")["loss"].steps.tolist() == list(range(40))
    with database.read() as session:
        assert series.read_vectors(session, run_id, "update_norm").steps.tolist() == list(range(40))


def test_a_rewind_takes_back_evidence_and_alignments_beyond_the_step(database: Database):
    run_id, first = start(database)
    for step in range(9):
        fill_step(database, run_id, first, step)
    move(database, run_id, RunState.QUEUED)
    second = claim(database, run_id)
    begin(database, run_id, second, step=3)
    with database.read() as session:
        assert [row.step for row in evidence.decisions_of(session, run_id)] == [2]
        assert evidence.sample_steps(session, run_id) == [0]
        assert evidence.checkpoints_of(session, run_id) == []
        assert series.reference_steps(session, run_id, "subspace_affinity@20") == [2]


def test_a_trainer_that_begins_again_at_step_0_keeps_a_checkpoint_there(database: Database):
    run_id, first = start(database)
    record(database, run_id, first, 0, {"loss": 1.0}, checkpoints=[CheckpointRecord(0, "runs/x/0", 1, "stop")])
    move(database, run_id, RunState.QUEUED)
    begin(database, run_id, claim(database, run_id), step=0)
    assert read(database, run_id, "loss") == {}
    with database.read() as session:
        assert [row.step for row in evidence.checkpoints_of(session, run_id)] == [0]


def test_writers_side_by_side_lose_nothing(database: Database):
    runs_and_attempts = [start(database) for _ in range(4)]
    failed: list[BaseException] = []

    def write(run_id: str, attempt: int) -> None:
        try:
            for step in range(20):
                record(database, run_id, attempt, step, {"loss": float(step)})
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=each) for each in runs_and_attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    for run_id, _ in runs_and_attempts:
        points = read(database, run_id, "loss")["loss"]
        assert points.steps.tolist() == list(range(20))
        assert np.all(np.diff(points.seqs) > 0)


def test_a_snapshot_does_not_see_what_is_committed_while_it_is_open(database: Database):
    run_id, attempt = start(database)
    record(database, run_id, attempt, 1, {"loss": 1.0})
    with database.snapshot() as session:
        seq = runs.get(session, run_id).seq
        record(database, run_id, attempt, 2, {"loss": 2.0})
        points = series.read_scalars(session, run_id, ["loss"])["loss"]
    assert points.steps.tolist() == [1]
    assert points.seqs.max() <= seq
