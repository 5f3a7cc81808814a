"""Decisions, checkpoints, samples, logs and workers on both engines."""

import math
from dataclasses import replace

import numpy as np
import pytest
from support.stored_runs import candidate, decision, filled, record, start

from opdboard.db import evidence, logs, runs, workers
from opdboard.db.database import Database
from opdboard.domain.errors import NotFound
from opdboard.domain.records import CheckpointRecord, SampleRecord


def test_a_decision_keeps_its_candidates_in_order_and_what_is_not_finite(database: Database):
    run_id, attempt = start(database)
    odd = replace(candidate(6, math.nan, accepted=False), kl_to_start=math.inf, score=-math.inf, accuracy=None)
    tried = [candidate(0, 0.0, accepted=True), candidate(2, 0.25, accepted=True), odd]
    record(database, run_id, attempt, 2, decisions=[replace(decision(2, 2.0, tried), direction_norm=math.nan)])
    with database.read() as session:
        (row,) = evidence.decisions_of(session, run_id)
    assert [one.factor for one in row.candidates] == [0, 2, 6]
    assert math.isnan(row.direction_norm)
    last = row.candidates[2]
    assert math.isnan(last.gain)
    assert (last.kl_to_start, last.score, last.accuracy) == (math.inf, -math.inf, None)
    assert row.candidates[1].gain == 0.25


def test_a_veto_marks_the_jump_and_moves_its_sequence(database: Database):
    run_id, attempt = start(database)
    before = record(database, run_id, attempt, 2, decisions=[decision(2, 4.0, [candidate(4, 0.1, accepted=True)])])
    record(database, run_id, attempt, 4, decisions=[decision(4, 0.0, [candidate(2, -0.1, accepted=False)])])
    vetoed = record(database, run_id, attempt, 5, vetoed_decision_step=2)
    with database.read() as session:
        first, second = evidence.decisions_of(session, run_id)
        assert (first.vetoed, first.seq, second.vetoed) == (True, vetoed, False)
        assert [row.step for row in evidence.decisions_of(session, run_id, after=before)] == [2, 4]


def test_a_checkpoint_is_found_by_step_or_as_the_latest(database: Database):
    run_id, attempt = start(database)
    for step in (4, 8, 12):
        record(database, run_id, attempt, step, checkpoints=[CheckpointRecord(step, f"p/{step}", 2**40, "schedule")])
    record(database, run_id, attempt, 13, removed_checkpoint_steps=[4])
    record(database, run_id, attempt, 14, checkpoints=[CheckpointRecord(12, "p/again", 1, "order")])
    with database.read() as session:
        assert [(row.step, row.removed) for row in evidence.checkpoints_of(session, run_id)] == [
            (4, True),
            (8, False),
            (12, False),
        ]
        assert evidence.checkpoint_at(session, run_id, None).path == "p/again"
        assert evidence.checkpoint_at(session, run_id, 8).bytes == 2**40
        latest = evidence.latest_checkpoint(session, run_id)
        assert latest is not None
        assert latest.step == 12
        with pytest.raises(NotFound, match="present: 8, 12"):
            evidence.checkpoint_at(session, run_id, 4)


def test_samples_keep_their_tokens_and_lose_only_what_no_database_stores(database: Database):
    run_id, attempt = start(database)
    sample = SampleRecord(3, 0, "p\x00", "a", "r\ud800", ["r", "\x00"], [0.5, math.nan], [math.inf, -1.0], None, True)
    record(database, run_id, attempt, 3, samples=[sample, replace(sample, index=1)])
    with database.read() as session:
        rows = evidence.samples_at(session, run_id)
        assert [row.index for row in rows] == [0, 1]
        assert (rows[0].prompt, rows[0].response, rows[0].tokens) == ("p\ufffd", "r\ufffd", ["r", "\ufffd"])
        np.testing.assert_array_equal(np.frombuffer(rows[0].token_kl, "<f4"), [0.5, math.nan])
        assert evidence.samples_at(session, run_id, 2) == []
        assert evidence.sample_steps(session, run_id) == [3]


def test_logs_are_read_from_the_end_and_followed(database: Database):
    run_id, attempt = filled(database)
    with database.write() as session:
        logs.append(session, run_id, attempt, ["four\x00", "half \ud83d of a pair"])
        logs.append(session, "nobody", 1, ["lost"])
    with database.read() as session:
        lines = logs.read(session, run_id, limit=3)
        assert [line.text for line in lines] == ["three", "four\ufffd", "half \ufffd of a pair"]
        assert [line.text for line in logs.read(session, run_id, after=lines[1].id)] == ["half \ufffd of a pair"]
        assert logs.count(session, run_id) == 5
        assert runs.get(session, run_id).topics["logs"] == runs.get(session, run_id).seq


def test_workers_come_beat_and_go(database: Database):
    for worker in ("one", "two"):
        with database.write() as session:
            workers.beat(
                session, worker, host="h", pid=1, started_at=5.0, queues=["any"], run_id=None, load={"cpu": 0.5}
            )
    with database.write() as session:
        workers.beat(session, "one", host="h", pid=1, started_at=5.0, queues=["any"], run_id="r", load={})
    with database.read() as session:
        assert {worker.id for worker in workers.on_host(session, "h")} == {"one", "two"}
        newest = workers.all_workers(session)[0]
        assert (newest.id, newest.run_id) == ("one", "r")
    with database.write() as session:
        workers.forget(session, "one")
        workers.forget(session, "never seen")
    with database.read() as session:
        assert [worker.id for worker in workers.all_workers(session)] == ["two"]
