"""The check of a pair, all the way: a run stores it when it starts, a worker makes it for a form, a program for a terminal."""

import json
import subprocess
import sys

from fastapi.testclient import TestClient
from integration.installation import small_config

from opdboard.api.app import create_app
from opdboard.db import checks, provenance
from opdboard.domain.check import Check
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import births
from opdboard.lifecycle.births import NewRun, ToCheck


def test_a_run_keeps_what_was_found_before_its_first_step_and_what_it_is_made_with(installation, tmp_path) -> None:
    run_id = installation.create(small_config())
    assert installation.execute(run_id) is RunState.FINISHED
    with TestClient(create_app(installation.settings, static=tmp_path), base_url="http://127.0.0.1:8765") as client:
        found = client.get(f"/api/runs/{run_id}/check").json()
        (made_with,) = client.get(f"/api/runs/{run_id}/history").json()["provenance"]
    assert [side["label"] for side in found["sides"]] == ["demo base", "demo teacher"]
    assert len(found["prompts"]) == 3 and found["prompts"][0]["student"]["texts"][0] == "<bos>"
    assert found["sampled"] == 16 and 0.3 < found["divergence"]["mean"] < 2
    assert found["repeatability"]["largest"] == 0 and found["warnings"] == []
    assert made_with["models"].keys() == {"student", "teacher.source"} and "torch" in made_with["software"]


def test_a_worker_checks_what_is_not_launched_and_finds_the_same(installation) -> None:
    config = small_config()
    with installation.database.write() as session:
        asked = births.add(session, NewRun(ToCheck(config))).id
    assert installation.execute(asked) is RunState.FINISHED
    run_id = installation.create(config)
    assert installation.execute(run_id) is RunState.FINISHED
    with installation.database.read() as session:
        found = checks.of_runs(session, [asked, run_id])
        told = provenance.of_runs(session, [asked, run_id])
    assert told[asked][0][1] == told[run_id][0][1]
    expected = {"expected": found[run_id].expected}  # what is measured with a clock
    assert found[asked].model_copy(update=expected) == found[run_id]


def test_a_pair_that_cannot_be_says_so_at_its_field(installation) -> None:
    config = small_config().model_dump(mode="json") | {
        "student": {"kind": "folder", "path": "/nowhere"},
        "data": {"kind": "file", "path": "/nowhere.jsonl"},
        "teacher": {"kind": "none"},
        "objective": {"kind": "sft"},
        "strategy": {"kind": "none"},
    }
    program = [sys.executable, "-m", "opdboard_worker.analysis.checking"]
    refused = subprocess.run(program, input=json.dumps(config), capture_output=True, text=True)
    assert refused.returncode == 1
    told = json.loads(refused.stdout)
    assert (told["error"], told["where"]) == ("ModelProblem", "/nowhere") and "there is no folder" in told["detail"]
    good = subprocess.run(program, input=small_config().model_dump_json(), capture_output=True, text=True)
    assert good.returncode == 0, good.stderr
    assert Check.model_validate_json(good.stdout.splitlines()[-1]).sampled == 16


def test_the_command_prints_it_or_the_sentence_that_refuses(installation, tmp_path) -> None:
    command = [sys.executable, "-m", "opdboard.cli", "check"]
    file = tmp_path / "run.json"
    file.write_text(small_config().model_dump_json())
    told = subprocess.run([*command, str(file)], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    for part in ("None of the known traps", "demo teacher", "distance to the teacher", "both sides: <bos>|", "'<eos>'"):
        assert part in told.stdout
    file.write_text(
        '{"student": {"kind": "folder", "path": "/nowhere"}, "data": {"kind": "file", "path": "/none.jsonl"}}'
    )
    told = subprocess.run([*command, str(file)], capture_output=True, text=True)
    assert told.returncode == 1 and "there is no folder /nowhere" in told.stderr and told.stdout == ""
    file.write_text('{"budget": {"steps": 0}}')
    told = subprocess.run([*command, str(file)], capture_output=True, text=True)
    assert told.returncode == 1 and "budget.steps" in told.stderr
