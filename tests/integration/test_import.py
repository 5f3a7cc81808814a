"""A checkpoint series from the command line to the pictures, and through the death of its process."""

import json
import shutil
import signal

import pytest
from support.commands import LongCommand, clean_environment, get, opdboard
from support.tiny_models import moved, tiny_model

from opdboard.db import runs, series
from opdboard.domain.import_config import ImportConfig
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import births
from opdboard.lifecycle.births import NewRun

STEPS = tuple(range(10, 130, 10))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A base and a dozen checkpoints of a tiny model; every third is new, the others are copies."""
    folder = tmp_path_factory.mktemp("checkpoints")
    model = tiny_model("Qwen2")
    model.save_pretrained(folder / "base")
    for step in STEPS:
        target = folder / "output" / f"checkpoint-{step}"
        if step % 30 == STEPS[0]:
            moved(model, seed=step).save_pretrained(target)
        else:
            shutil.copytree(folder / "output" / f"checkpoint-{step - 10}", target)
    return folder


def test_the_command_line_turns_a_folder_into_a_run_that_the_panels_draw(written, tmp_path):
    environment = clean_environment(tmp_path / "data", OPDBOARD_MODEL_ROOTS=str(written))
    with LongCommand("up", "--port", "0", environment=environment) as up:
        client = environment | {"OPDBOARD_URL": up.url}
        arguments = [str(written / "base"), str(written / "output"), "--name", "theirs"]
        done = opdboard("analyze", *arguments, "--follow", "--json", environment=client)
        assert done.returncode == 0, done.stderr
        run = json.loads(done.stdout)
        assert f"{up.url}/runs/{run['id']}" in done.stderr
        assert (run["state"], run["step"], run["name"]) == ("finished", STEPS[-1], "theirs")

        def panel(name: str, **parameters) -> dict:
            query = {"runs": run["id"], **parameters}
            return get(f"{up.url}/api/panels/{name}", params=query).raise_for_status().json()

        for name in ("module_allocation", "alignment", "lock_in", "spectrum"):
            answer = panel(name)
            assert answer["figure"]["data"], name
            assert not answer["meta"].get("empty"), name
        assert panel("alignment")["meta"]["step"] == STEPS[-1]
        log = get(f"{up.url}/api/runs/{run['id']}/logs").raise_for_status().text
        assert "effective rank by gram_float64" in log
        refused = opdboard("analyze", str(written / "base"), str(tmp_path), environment=client)
        assert refused.returncode == 1 and "OPDBOARD_MODEL_ROOTS" in refused.stderr


def test_a_killed_process_is_followed_by_one_that_goes_on(written, installation):
    config = ImportConfig(base=str(written / "base"), checkpoints=[str(written / "output")], k=5)
    with installation.database.write() as session:
        run_id = births.add(session, NewRun(config)).id
    attempt = installation.begin(run_id)
    installation.wait_for_step(run_id, STEPS[1])
    installation.trainer(run_id).send_signal(signal.SIGKILL)
    attempt.join()
    assert installation.run(run_id).state == RunState.QUEUED
    reached = installation.run(run_id).step
    assert installation.execute(run_id) is RunState.FINISHED
    with installation.database.read() as session:
        attempts = runs.attempts(session, run_id)
        scalars = series.read_scalars(session, run_id, ["seconds"])["seconds"]
        norms = series.read_vectors(session, run_id, "update_norm")
        affinities = series.read_vectors(session, run_id, "subspace_affinity@5")
    assert [one.resumed_from for one in attempts] == [None, reached]
    assert STEPS[1] <= reached < STEPS[-1]
    assert "SIGKILL" in (attempts[0].outcome or "")
    assert scalars.steps.tolist() == norms.steps.tolist() == list(STEPS)
    pairs = list(zip(affinities.steps.tolist(), affinities.reference_steps.tolist(), strict=True))
    assert len(pairs) == len(set(pairs)) == len(STEPS) * (len(STEPS) - 1) // 2
