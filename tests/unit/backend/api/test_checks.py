"""Checks over HTTP: a run's own, and one that is asked for before a launch."""

import time

import pytest
from fastapi.testclient import TestClient
from support.stored_runs import claim, create, record, start

from opdboard.db import checks, runs
from opdboard.db.database import Database
from opdboard.domain.check import Apart, Check, Expectation
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import recording, transitions

FOUND = Check(
    sides=[],
    ends="A response ends.",
    prompts=[],
    left_out=1,
    all_prompts=2,
    responses=[],
    sampled=2,
    ended=2,
    divergence=None,
    repeatability=None,
    sampler=Apart(mean=float("nan"), largest=None, tokens=0),
    sampling_temperature=1.0,
    expected=Expectation(seconds_per_step=1.0, seconds_from="", memory_bytes=1, memory_from=""),
)


def test_a_run_has_its_check_once_its_trainer_has_told_it(client: TestClient, sqlite_database: Database) -> None:
    run_id, attempt = start(sqlite_database)
    missing = client.get(f"/api/runs/{run_id}/check")
    assert missing.status_code == 404 and "when the models have been loaded" in missing.json()["detail"]
    record(sqlite_database, run_id, attempt, 0, check=FOUND)
    stored = client.get(f"/api/runs/{run_id}/check").json()
    assert (stored["ends"], stored["left_out"], stored["sampler"]["mean"]) == ("A response ends.", 1, None)
    run = client.get(f"/api/runs/{run_id}").json()
    assert run["topics"]["check"] == run["seq"]
    noisy = {"left_out": 5, "repeatability": Apart(mean=0.02, largest=0.1, tokens=3)}
    record(sqlite_database, run_id, attempt, 0, {"eval/reverse_kl": 0.5}, check=FOUND.model_copy(update=noisy))
    assert client.get(f"/api/runs/{run_id}/check").json()["left_out"] == 5
    picture = client.get(f"/api/panels/scalars?runs={run_id}&keys=eval/reverse_kl").json()
    assert "noise floor of the teacher: 0.02 nats/token" in picture["meta"]["note"]
    assert client.delete(f"/api/runs/{create(sqlite_database)}").status_code == 204
    assert client.get("/api/runs/00000000/check").status_code == 404


def test_a_check_is_a_job_that_no_table_lists_and_that_goes_an_hour_after_its_end(
    client: TestClient, sqlite_database: Database
) -> None:
    asked = client.post("/api/checks", json={"config": {"name": "mine", "budget": {"steps": 9}}})
    assert asked.status_code == 201, asked.text
    made = asked.json()
    assert (made["kind"], made["name"], made["state"], made["total_steps"]) == ("check", "Check of mine", "queued", 1)
    assert made["is_job"] and made["job_config"]["budget"]["steps"] == 9 and made["commands"] == ["stop"]
    assert client.get("/api/runs").json()["runs"] == []
    assert [run["id"] for run in client.get("/api/runs?query=kind = check").json()["runs"]] == [made["id"]]
    attempt = claim(sqlite_database, made["id"])
    with sqlite_database.write() as session:
        recording.begin(session, made["id"], attempt, step=0, modules=[], device="cpu")
        run = runs.get(session, made["id"], lock=True)
        transitions.transition(session, run, RunState.RUNNING)
    record(sqlite_database, made["id"], attempt, 1, check=FOUND)
    with sqlite_database.write() as session:
        transitions.transition(session, runs.get(session, made["id"], lock=True), RunState.FINISHED)
    assert client.get(f"/api/runs/{made['id']}/check").json()["ended"] == 2
    client.post("/api/checks", json={"config": {}})
    assert client.get(f"/api/runs/{made['id']}").status_code == 200
    with sqlite_database.write() as session:
        runs.get(session, made["id"], lock=True).ended_at = time.time() - 4000
    client.post("/api/checks", json={"config": {}})
    assert client.get(f"/api/runs/{made['id']}").status_code == 404


def test_what_another_page_has_deleted_meanwhile_does_not_keep_a_check_from_being_asked_for(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "asked_before", lambda *_: ["00000000"])
    assert client.post("/api/checks", json={"config": {}}).status_code == 201


def test_what_could_not_be_launched_is_not_checked(client: TestClient, sqlite_database: Database) -> None:
    student = {"kind": "run", "run_id": "00000000"}
    for config, path in (
        ({"student": student, "teacher": {"kind": "model", "source": student}}, "student.run_id"),
        ({"teacher": {"kind": "trained"}}, "teacher.kind"),
        ({"budget": {"steps": 0}}, "budget.steps"),
    ):
        refused = client.post("/api/checks", json={"config": config})
        assert refused.status_code == 422
        assert path in [field["path"] for field in refused.json()["fields"]]
    assert client.get(f"/api/runs?query=kind = {RunKind.CHECK}").json()["total"] == 0
