"""The database that benchmarks/web.py measures on: one long run, one wide run, many runs, and many curves."""

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import insert

from opdboard.db import runs, series
from opdboard.db.database import Database
from opdboard.db.tables import Run
from opdboard.domain.modules import Module
from opdboard.domain.records import ModuleVector
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.lifecycle import births, claims, recording, transitions
from opdboard.lifecycle.births import NewRun

PATHS = {
    "q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj", "o": "self_attn.o_proj",
    "gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj",
}  # fmt: skip


@dataclass(frozen=True)
class Sizes:
    """How much is stored; --quick stores less."""

    points: int = 1_000_000
    layers: int = 64
    module_steps: int = 2000
    runs: int = 10_000
    compared: int = 50
    compared_points: int = 2000


@dataclass(frozen=True)
class Filled:
    """Ids of what was stored."""

    long_run: str
    wide_run: str
    groups: tuple[str, ...]


def fill(database: Database, sizes: Sizes) -> Filled:
    """Store everything; the same numbers every time."""
    random_numbers = np.random.default_rng(0)
    long_run = _run(database, "a million points", sizes.points, modules=[])
    steps = np.arange(sizes.points)
    values = np.exp(-steps / sizes.points) + 0.1 * random_numbers.normal(size=sizes.points)
    _curves(database, long_run, {"reverse_kl": values})
    modules = [
        Module(f"model.layers.{layer}.{path}.weight", layer, kind, (64, 64))
        for layer in range(sizes.layers)
        for kind, path in PATHS.items()
    ]
    wide_run = _run(database, "many modules", sizes.module_steps, modules=modules)
    grown = random_numbers.lognormal(size=len(modules))
    with database.write() as session:
        run = runs.get(session, wide_run)
        for step in range(sizes.module_steps):
            noise = random_numbers.lognormal(sigma=0.1, size=len(modules))
            vector = ModuleVector("update_norm", step, grown * noise * np.sqrt(step + 1) * 1e-4)  # pyright: ignore[reportArgumentType]
            series.append_vectors(session, wide_run, runs.touch(run), [vector])
        run.step = sizes.module_steps - 1
    groups = tuple(f"compared {number}" for number in range(5))
    for number in range(sizes.compared):
        run_id = _run(database, f"compared {number}", sizes.compared_points, modules=[], group=groups[number % 5])
        shape = np.exp(-np.arange(sizes.compared_points) * (1 + number % 5) / sizes.compared_points)
        kl = shape + 0.02 * random_numbers.normal(size=sizes.compared_points)
        cost = np.arange(sizes.compared_points) + 1.0
        _curves(database, run_id, {"reverse_kl": kl, "eval/reverse_kl": kl, "tokens": cost * 512, "seconds": cost})
    _many(database, sizes.runs)
    return Filled(long_run, wide_run, groups)


def _run(database: Database, name: str, steps: int, *, modules: list[Module], group: str = "") -> str:
    """A finished run without data."""
    config = RunConfig.model_validate({"name": name, "budget": {"steps": max(steps, 1)}})
    with database.write() as session:
        run = births.add(session, NewRun(config, group=group))
        attempt = claims.claim(session, run.id, "benchmark")
        assert attempt is not None
        recording.begin(session, run.id, attempt, step=0, modules=modules, device="cpu")
        transitions.transition(session, run, RunState.RUNNING)
        transitions.transition(session, run, RunState.FINISHED)
        return run.id


def _curves(database: Database, run_id: str, curves: dict[str, np.ndarray]) -> None:
    with database.write() as session:
        run = runs.get(session, run_id)
        run.latest = {key: float(values[-1]) for key, values in curves.items()}
        seq = runs.touch(run)
        for key, values in curves.items():
            steps = list(range(len(values)))
            points = series.NewPoints(steps, values.tolist(), [1e9 + step for step in steps])
            series.append_points(session, run_id, seq, {key: points}, {})
        run.step = max(len(values) for values in curves.values()) - 1


def _many(database: Database, count: int) -> None:
    """Runs with a configuration and latest values, as a long-used installation has them."""
    chance = random.Random(0)
    config = RunConfig(strategy=EffOPD()).model_dump(mode="json")
    rows: list[dict[str, Any]] = []
    for number in range(count):
        at = 1.7e9 + number * 60
        latest = {
            "eval/accuracy": chance.random(),
            "eval/reverse_kl": chance.random(),
            "seconds": chance.random() * 1e4,
        }
        rows.append({
            "id": f"m{number:07d}", "name": f"run {number} {chance.choice(['math', 'code', 'chat'])}", "kind": "trained",
            "method": chance.choice(["opd", "effopd"]), "state": chance.choice(["finished", "failed", "stopped"]),
            "config": config, "student": "demo base", "teacher": "demo teacher", "group": f"group {number % 200}",
            "tags": [chance.choice(["a", "b", "c"])], "notes": "", "color": number % 8, "created_at": at,
            "started_at": at, "ended_at": at + 1000, "attempt": 1, "step": 100, "total_steps": 100, "latest": latest,
            "modules": [], "seq": 10, "topics": {}, "updated_at": at + 1000, "fruitless_attempts": 0, "rewound_seq": 0,
        })  # fmt: skip
    with database.write() as session:
        session.execute(insert(Run), rows)
