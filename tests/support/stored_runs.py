"""Runs in a database, written through the repositories as a trainer would."""

import math
from typing import Any

import numpy as np
from sqlalchemy import select

from opdboard.db import logs, runs, series
from opdboard.db.database import Database
from opdboard.db.tables import ModuleVectorRow
from opdboard.domain.measures import (
    ESTIMATOR_STATISTIC,
    ESTIMATORS,
    MODULE_STATISTICS,
    POSITION_BINS,
    POSITION_STATISTIC,
)
from opdboard.domain.modules import Module
from opdboard.domain.records import (
    Batch,
    CandidateRecord,
    CheckpointRecord,
    DecisionRecord,
    ModuleVector,
    SampleRecord,
)
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import births, claims, recording, transitions
from opdboard.lifecycle.births import NewRun

KINDS = {"q": "self_attn.q_proj", "o": "self_attn.o_proj", "up": "mlp.up_proj", "down": "mlp.down_proj"}


def stored_vectors(database: Database, run_id: str) -> dict[str, series.VectorSeries]:
    """All per-module statistics of a run, by name."""
    with database.read() as session:
        names = session.scalars(select(ModuleVectorRow.statistic).where(ModuleVectorRow.run_id == run_id).distinct())
        return {name: series.read_vectors(session, run_id, name) for name in sorted(names)}


def some_modules(layers: int = 3) -> list[Module]:
    """q, o, up and down of each layer."""
    return [
        Module(f"model.layers.{layer}.{path}.weight", layer, kind, (8, 8))
        for layer in range(layers)
        for kind, path in KINDS.items()
    ]


def create(database: Database, **config: Any) -> str:
    """A queued run."""
    with database.write() as session:
        return births.add(session, NewRun(RunConfig.model_validate({"budget": {"steps": 100}} | config))).id


def claim(database: Database, run_id: str, worker: str = "host:1:0") -> int:
    """The next attempt at a queued run."""
    with database.write() as session:
        attempt = claims.claim(session, run_id, worker)
    assert attempt is not None
    return attempt


def begin(database: Database, run_id: str, attempt: int, step: int = 0, layers: int = 3) -> None:
    """The attempt's trainer is ready at a step."""
    with database.write() as session:
        run = recording.begin(session, run_id, attempt, step=step, modules=some_modules(layers), device="cpu")
        transitions.transition(session, run, RunState.RUNNING)


def start(database: Database, **config: Any) -> tuple[str, int]:
    """A running run and its attempt."""
    run_id = create(database, **config)
    attempt = claim(database, run_id)
    begin(database, run_id, attempt)
    return run_id, attempt


def record(
    database: Database, run_id: str, attempt: int, step: int, scalars: dict[str, float] | None = None, **more: Any
) -> int:
    """Write one batch; its sequence number."""
    batch = Batch(step=step, at=1000.0 + step, scalars=scalars or {}, **more)
    with database.write() as session:
        return recording.record(session, run_id, attempt, batch)


def record_steps(database: Database, run_id: str, attempt: int, steps: range) -> None:
    """loss = step, and one vector, at each step; all in one transaction."""
    with database.write() as session:
        for step in steps:
            vectors = [ModuleVector("update_norm", step, [step])]
            batch = Batch(step=step, at=1000.0 + step, scalars={"loss": float(step)}, vectors=vectors)
            recording.record(session, run_id, attempt, batch)


def move(database: Database, run_id: str, to: RunState) -> None:
    """Change the run's state."""
    with database.write() as session:
        transitions.transition(session, runs.get(session, run_id, lock=True), to)


def candidate(factor: float, gain: float, *, accepted: bool, score: float = 0.5) -> CandidateRecord:
    """A tried factor whose interval is 0.1 wide."""
    return CandidateRecord(
        factor=factor,
        score=score + gain,
        accuracy=None,
        reverse_kl=0.4,
        gain=gain,
        gain_low=gain - 0.05,
        gain_high=gain + 0.05,
        kl_to_start=0.01 * factor,
        accepted=accepted,
        reason="at least as good" if accepted else "worse",
        tokens=100,
        seconds=0.5,
    )


def decision(step: int, accepted_factor: float, candidates: list[CandidateRecord]) -> DecisionRecord:
    """A trigger of EffOPD."""
    return DecisionRecord(
        step=step,
        strategy="effopd",
        trigger="power of two",
        anchor_step=0,
        direction_norm=1.5,
        validation_size=50,
        score_name="accuracy",
        accepted_factor=accepted_factor,
        outcome=f"jumped by {accepted_factor:g}" if accepted_factor else "stayed",
        tokens=300,
        seconds=1.5,
        candidates=candidates,
    )


def vectors_at(step: int, modules: int, steps_before: list[int]) -> list[ModuleVector]:
    """All statistics of a step; alignments of the earlier snapshots to it; KL by position."""
    ramp = np.arange(1, modules + 1)
    made = [
        ModuleVector(name, step, (ramp * (step + 1) * (number + 1) * 1e-3).tolist())
        for number, name in enumerate(MODULE_STATISTICS)
    ]
    made.append(ModuleVector(ESTIMATOR_STATISTIC, step, (ramp % len(ESTIMATORS)).tolist()))
    for earlier in steps_before:
        affinity = np.clip(np.full(modules, (earlier + 1) / (step + 1)) + ramp * 1e-3, 0, 1)
        made += [
            ModuleVector(name, earlier, affinity.tolist(), reference_step=step)
            for name in ("subspace_affinity@20", "paired_cosine@1")
        ]
    by_position = [0.5 / (bin_ + 1) if bin_ < 6 else math.nan for bin_ in range(POSITION_BINS)]
    made.append(ModuleVector(POSITION_STATISTIC, step, by_position))
    return made


def fill_step(
    database: Database, run_id: str, attempt: int, step: int, snapshots: tuple[int, ...] = (1, 2, 4, 8)
) -> int:
    """Everything that a trainer reports at a step; a jump at step 2 (taken), and a try at step 4 (refused)."""
    scalars = {
        "reverse_kl": 1.0 / (step + 1),
        "overlap_ratio": 0.7 + step / 100,
        "loss": math.nan if step == 3 else 0.5 / (step + 1),
        "tokens": 64.0 * step,
        "seconds": 0.5 * step,
        "search_seconds": 0.1 * step,
        "search_tokens": 5.0 * step,
    }
    if step % 2 == 0:
        scalars |= {"eval/reverse_kl": 1.0 - step / 20, "eval/accuracy": step / 20}
    with database.read() as session:
        count = len(runs.get(session, run_id).modules)
    decisions = {
        2: [decision(2, 4.0, [candidate(0, 0.0, accepted=True), candidate(2, 0.1, accepted=True), candidate(4, 0.2, accepted=True), candidate(6, -0.1, accepted=False)])],
        4: [decision(4, 0.0, [candidate(0, 0.0, accepted=True), candidate(2, -0.2, accepted=False)])],
    }.get(step, [])  # fmt: skip
    sample = SampleRecord(step, 0, "1+1=", "2", "2", ["2", "\x00end"], [0.1, math.nan], [-0.1, 0.2], True, False)
    return record(
        database,
        run_id,
        attempt,
        step,
        scalars,
        vectors=vectors_at(step, count, [one for one in snapshots if one < step]) if step in snapshots else [],
        decisions=decisions,
        samples=[sample] if step % 4 == 0 else [],
        checkpoints=[CheckpointRecord(step, f"runs/{run_id}/checkpoints/{step}", 1000, "schedule")]
        if step == 4
        else [],
    )


def filled(database: Database, steps: int = 8, **config: Any) -> tuple[str, int]:
    """A running run with everything stored up to a step."""
    run_id, attempt = start(database, **config)
    for step in range(steps + 1):
        fill_step(database, run_id, attempt, step)
    with database.write() as session:
        logs.append(session, run_id, attempt, ["one", "two", "three"])
    return run_id, attempt
