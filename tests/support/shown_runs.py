"""An installation to look at: runs whose every number and id is the same on every machine, begun an hour ago."""

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest

from opdboard.db import logs, runs, workers
from opdboard.db.database import Database
from opdboard.domain.budget import Budget
from opdboard.domain.measures import (
    ESTIMATOR_STATISTIC,
    ESTIMATORS,
    MODULE_STATISTICS,
    POSITION_BINS,
    POSITION_STATISTIC,
)
from opdboard.domain.modules import Module
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.records import Batch, CheckpointRecord, DecisionRecord, ModuleVector, SampleRecord
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.strategies.none import NoStrategy
from opdboard.lifecycle import births, claims, recording, transitions
from opdboard.lifecycle.births import NewRun
from support.stored_runs import candidate, decision

BEGIN = time.time() - 3600
SECONDS_PER_STEP = 4.0
SNAPSHOTS = (1, 2, 4, 8, 16, 32)
_PATHS = {
    "q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj", "o": "self_attn.o_proj",
    "gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj",
}  # fmt: skip
MODULES = [
    Module(f"model.layers.{layer}.{path}.weight", layer, kind, (64, 64))
    for layer in range(6)
    for kind, path in _PATHS.items()
]


def fill(database: Database, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Runs in every state; name -> id. The clock and the ids are the installation's own while it is filled."""
    ids, clock = itertools.count(1), itertools.count()
    monkeypatch.setattr("opdboard.db.runs.secrets.token_hex", lambda _bytes: f"{next(ids):08x}")
    monkeypatch.setattr(time, "time", lambda: BEGIN + next(clock) * 0.01)
    with database.write() as session:
        workers.beat(
            session, "node-1:1:0", host="node-1", pid=1, started_at=BEGIN, queues=["any", "cpu"], run_id=None,
            load={"cpu": 0.42, "memory_used": 6 * 2**30, "memory_total": 24 * 2**30, "gpus": []},
        )  # fmt: skip
    made = {
        "reference": _trained(database, "OPD, lr 1e-5", seed=0, group="opd", steps=48),
        "effopd": _trained(database, "EffOPD, lr 1e-5", seed=0, group="effopd", steps=32, jumps=True),
        "reference 2": _trained(database, "OPD, lr 1e-5, seed 1", seed=1, group="opd", steps=48),
        "effopd 2": _trained(database, "EffOPD, lr 1e-5, seed 1", seed=1, group="effopd", steps=32, jumps=True),
        "failed": _failed(database),
    }
    with database.write() as session:
        made["queued"] = births.add(
            session, NewRun(_config("Waiting for a GPU", 0, 64).model_copy(update={"device": "cuda"}))
        ).id
    monkeypatch.undo()
    return made


def _config(name: str, seed: int, steps: int, *, jumps: bool = False) -> RunConfig:
    return RunConfig(
        name=name,
        seed=seed,
        strategy=EffOPD(score="negative_reverse_kl", validation_size=64) if jumps else NoStrategy(),
        optimizer=Optimizer(learning_rate=1e-5),
        budget=Budget(steps=steps, batch_size=256, max_prompt_tokens=16, max_response_tokens=6, checkpoint_every=16),
        monitoring=Monitoring(evaluate_every=4),
    )


def _begin(database: Database, config: RunConfig, group: str) -> tuple[str, int]:
    with database.write() as session:
        run_id = births.add(session, NewRun(config, group=group, tags=["demo"] if group else [])).id
    with database.write() as session:
        attempt = claims.claim(session, run_id, "node-1:1:0")
    assert attempt is not None
    with database.write() as session:
        run = recording.begin(session, run_id, attempt, step=0, modules=MODULES, device="cpu")
        transitions.transition(session, run, RunState.RUNNING)
        logs.append(session, run_id, attempt, ["model ready: 42 modules, 0.3M parameters", "preflight passed"])
    return run_id, attempt


def _trained(database: Database, name: str, *, seed: int, group: str, steps: int, jumps: bool = False) -> str:
    run_id, attempt = _begin(database, _config(name, seed, steps, jumps=jumps), group)
    noise = np.random.default_rng(seed)
    pace = 3.0 if jumps else 1.0
    for step in range(steps + 1):
        with database.write() as session:
            recording.record(session, run_id, attempt, _batch(run_id, step, pace, noise, jumps=jumps))
            logs.append(session, run_id, attempt, [f"step {step}/{steps}  reverse KL {_kl(step, pace):.4f}"])
    with database.write() as session:
        transitions.transition(session, runs.get(session, run_id, lock=True), RunState.FINISHED)
    return run_id


def _failed(database: Database) -> str:
    run_id, attempt = _begin(database, _config("OPD, lr 1", 0, 64), "")
    noise = np.random.default_rng(9)
    for step in range(5):
        with database.write() as session:
            recording.record(session, run_id, attempt, _batch(run_id, step, 1.0, noise, jumps=False))
    error = {
        "error": "NonFiniteLoss",
        "detail": "the loss at step 5 is nan; lower the learning rate, or resume from the last checkpoint with other settings",
        "where": "step 5",
    }
    with database.write() as session:
        logs.append(session, run_id, attempt, ["error: the loss at step 5 is nan"])
        transitions.transition(session, runs.get(session, run_id, lock=True), RunState.FAILED, error=error)
    return run_id


def _kl(step: int, pace: float) -> float:
    return 0.4 + 0.5 * float(np.exp(-step * pace / 40))


def _batch(run_id: str, step: int, pace: float, noise: np.random.Generator, *, jumps: bool) -> Batch:
    kl = _kl(step, pace) * (1 + 0.02 * noise.standard_normal())
    scalars = {
        "reverse_kl": kl,
        "loss": kl,
        "grad_norm": 0.5 + 0.1 * noise.random(),
        "overlap_ratio": 0.91 - 0.2 * (kl - 0.4),
        "overlap_mass": 0.97 - 0.1 * (kl - 0.4),
        "overlap_advantage": -0.6 * (kl - 0.35),
        "entropy_student": 0.6 + 0.1 * kl,
        "entropy_teacher": 0.6,
        "entropy_gap": 0.1 * kl,
        "teacher_logprob": -1.1 * kl,
        "response_length": 3.4 + kl,
        "response_length_p95": 5.0,
        "truncated_share": max(0.0, 0.2 * (kl - 0.5)),
        "repetition_rate": max(0.0, 0.1 * (kl - 0.6)),
        "accuracy": 0.5 - 0.4 * (kl - 0.4),
        "tokens": 1280.0 * step,
        "search_tokens": 640.0 * step if jumps else 0.0,
        "seconds": SECONDS_PER_STEP * step * (1.2 if jumps else 1.0),
        "search_seconds": 0.2 * SECONDS_PER_STEP * step if jumps else 0.0,
        "learning_rate": 1e-5,
    }
    if step % 4 == 0:
        accuracy = 0.5 - 0.5 * (_kl(step, pace) - 0.4)
        scalars |= {"eval/reverse_kl": _kl(step, pace), "eval/accuracy": accuracy, "eval/teacher_accuracy": 0.53}
    return Batch(
        step=step,
        at=BEGIN + SECONDS_PER_STEP * step,
        scalars=scalars,
        vectors=_vectors(step, pace, noise),
        decisions=[_decision(step)] if jumps and step in SNAPSHOTS else [],
        samples=[_sample(step, index, noise) for index in range(3)] if step % 8 == 0 else [],
        checkpoints=[CheckpointRecord(step, f"runs/{run_id}/checkpoints/step-{step:06d}", 5_300_000, "schedule")]
        if step and step % 16 == 0
        else [],
    )


def _vectors(step: int, pace: float, noise: np.random.Generator) -> list[ModuleVector]:
    if step == 0:
        return []
    middle = np.array([1.5 - abs(module.layer - 2.5) / 3 for module in MODULES])
    kind = np.array([1.0 if module.group == "attention" else 2.5 for module in MODULES])
    norm = middle * kind * np.sqrt(step * pace) * 1e-3 * (1 + 0.05 * noise.standard_normal(len(MODULES)))
    made = [ModuleVector("update_norm", step, norm.tolist())]
    made.append(ModuleVector("norm_share", step, (norm**2 / (norm**2).sum()).tolist()))
    if step not in SNAPSHOTS:
        return made
    made += [
        ModuleVector(name, step, (norm * (index + 1)).tolist())
        for index, name in enumerate(MODULE_STATISTICS)
        if name not in ("update_norm", "norm_share", "numerical_rank")
    ]
    made.append(ModuleVector("numerical_rank", step, [20.0] * len(MODULES)))
    made.append(ModuleVector(ESTIMATOR_STATISTIC, step, [float(ESTIMATORS.index("lanczos_quadrature"))] * len(MODULES)))
    for earlier in (one for one in SNAPSHOTS if one < step):
        affinity = np.clip((earlier / step) ** (0.4 / pace) + 0.02 * noise.standard_normal(len(MODULES)), 0, 1)
        made.append(ModuleVector("subspace_affinity@20", earlier, affinity.tolist(), reference_step=step))
    by_position = [0.5 / (place + 1) if place < 6 else np.nan for place in range(POSITION_BINS)]
    return [*made, ModuleVector(POSITION_STATISTIC, step, by_position)]


def _decision(step: int) -> DecisionRecord:
    gains = (0.02, 0.03, -0.01) if step in (4, 8) else (-0.02,)
    tries = [candidate(2.0 * (k + 1), gain, accepted=gain > 0, score=-0.6) for k, gain in enumerate(gains)]
    accepted = max((one.factor for one in tries if one.accepted), default=0.0)
    made = decision(step, accepted, [candidate(0, 0.0, accepted=True, score=-0.6), *tries])
    return replace(made, score_name="negative_reverse_kl")


def _sample(step: int, index: int, noise: np.random.Generator) -> SampleRecord:
    left, right = 123 + 111 * index, 456 - 37 * index
    answer = str(left + right)[::-1]
    response = answer if step >= 8 * (index + 1) else answer[:-1] + "0"
    kl = np.abs(noise.standard_normal(len(response))) * _kl(step, 1.0)
    return SampleRecord(
        step, index, f"{left}+{right}=", answer, response, list(response), kl.tolist(), (-kl).tolist(),
        response == answer, False,
    )  # fmt: skip
