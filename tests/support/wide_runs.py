"""Runs of large models in a database: their vectors alone, written directly."""

from collections.abc import Sequence

import numpy as np

from opdboard.db import runs, series
from opdboard.db.database import Database
from opdboard.domain.modules import Module
from opdboard.domain.records import ModuleVector
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import recording, transitions
from support.stored_runs import claim, create

DENSE = ("q", "k", "v", "o", "gate", "up", "down")


def wide_modules(layers: int, experts: int = 0) -> list[Module]:
    """q, k, v, o, and an MLP's gate, up and down in each layer, or those of each expert instead."""
    attention = [(kind, f"self_attn.{kind}_proj") for kind in DENSE[:4]]
    mlps = [f"mlp.experts.{number}" for number in range(experts)] or ["mlp"]
    paths = attention + [(kind, f"{mlp}.{kind}_proj") for kind in DENSE[4:] for mlp in mlps]
    return [
        Module(f"model.layers.{layer}.{path}.weight", layer, kind, (64, 64))
        for layer in range(layers)
        for kind, path in paths
    ]


def wide_run(
    database: Database,
    modules: Sequence[Module],
    steps: Sequence[int],
    *,
    statistic: str = "update_norm",
    name: str = "",
) -> tuple[str, np.ndarray]:
    """A run that has a statistic of every module at some steps: its id and the values (steps, modules) float32."""
    chance = np.random.default_rng(0)
    grown = chance.lognormal(sigma=0.7, size=len(modules)) * 1e-4
    noise = chance.lognormal(sigma=0.1, size=(len(steps), len(modules)))
    values = (grown * noise * np.sqrt(np.asarray(steps) + 1.0)[:, None]).astype(np.float32)
    run_id = create(database, **({"name": name} if name else {}))
    attempt = claim(database, run_id)
    with database.write() as session:
        run = recording.begin(session, run_id, attempt, step=0, modules=list(modules), device="cpu")
        transitions.transition(session, run, RunState.RUNNING)
    with database.write() as session:
        run = runs.get(session, run_id)
        for step, row in zip(steps, values, strict=True):
            series.append_vectors(session, run_id, runs.touch(run), [ModuleVector(statistic, step, row)])
        run.step = steps[-1]
    return run_id, values
