"""A training under torchrun reports one run, whichever way its processes are told apart, and a stop ends all of them."""

import subprocess
import sys

import httpx
import pytest
from support.commands import DEADLINE_SECONDS, clean_environment, wait_until, web_server

from opdboard.db import series
from opdboard.db.database import Database
from opdboard.settings import Settings

TRAINER = """
import os, sys
from types import SimpleNamespace

import torch
from torch import distributed
from transformers import TrainerControl

from opdboard.client import Client
from opdboard_worker.trainer_callback import OpdboardCallback

if sys.argv[1] == "begun":
    distributed.init_process_group("gloo")
    os.environ.pop("RANK")
with Client().report("two ranks", total_steps=1_000_000) as run:
    if sys.argv[1] != "begun":
        distributed.init_process_group("gloo")
    rank, step, control = distributed.get_rank(), 0, TrainerControl()
    args = SimpleNamespace(world_size=2, device="cpu")
    callback = OpdboardCallback(run)
    while not control.should_training_stop:
        step += 1
        run.log(step, {"rank": rank})
        callback.on_step_end(args, None, control)
    print(f"left at {step}", flush=True)
distributed.destroy_process_group()
"""


@pytest.mark.slow
@pytest.mark.parametrize("ranks", ["begun", "of the environment"])
def test_ranks_of_one_training_are_one_run(settings: Settings, sqlite_database: Database, tmp_path, ranks: str):
    script = tmp_path / "trainer.py"
    script.write_text(TRAINER)
    environment = clean_environment(settings.data_dir) | {"OMP_NUM_THREADS": "1"}
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    with web_server(environment) as url, httpx.Client(base_url=f"{url}/api", timeout=DEADLINE_SECONDS) as api:
        trainer = subprocess.Popen(
            [*launch, str(script), ranks], env=environment | {"OPDBOARD_URL": url}, stdout=subprocess.PIPE, text=True
        )
        try:

            def reported() -> list[dict]:
                assert trainer.poll() is None
                return [run for run in api.get("/runs").json()["runs"] if run["step"] > 0]

            (run,) = wait_until(reported, "the first report")
            api.post(f"/runs/{run['id']}/commands", json={"command": "stop"}).raise_for_status()
            said, _ = trainer.communicate(timeout=DEADLINE_SECONDS)
        finally:
            trainer.kill()
        assert trainer.returncode == 0
        first, second = said.split("left at ")[1:]
        assert int(first) == int(second)
        (run,) = api.get("/runs").json()["runs"]
        assert run["state"] == "stopped"
    with sqlite_database.read() as session:
        told = series.read_scalars(session, run["id"], ["rank"])["rank"]
    assert len(told.values) > 0 and not told.values.any()
