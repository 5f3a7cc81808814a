"""Runs and commands over HTTP."""

import math
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from kombu.exceptions import OperationalError
from support.stored_runs import candidate, create, decision, filled, move, record, start

from opdboard.db import lineage, runs
from opdboard.db.database import Database
from opdboard.domain.errors import DiskFull, NonFiniteLoss, OpdboardError
from opdboard.domain.model_sources import RunModel
from opdboard.domain.records import CheckpointRecord
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import transitions
from opdboard.queue import JobQueue
from opdboard.settings import Settings


def test_a_run_is_launched_sent_and_listed(client: TestClient, sqlite_database: Database, settings: Settings):
    body = {"config": {"name": "mine", "budget": {"steps": 7}}, "group": "g", "tags": ["a"], "notes": "n"}
    made = client.post("/api/runs", json=body)
    assert made.status_code == 201
    run = made.json()
    assert (run["name"], run["total_steps"], run["group"], run["tags"], run["notes"]) == ("mine", 7, "g", ["a"], "n")
    assert run["config"]["budget"]["steps"] == 7
    with sqlite_database.read() as session:
        assert runs.get(session, run["id"]).sent_at is not None
    assert len(list((settings.root / "queue" / "messages").iterdir())) == 1
    listed = client.get("/api/runs").json()
    assert listed["total"] == 1
    assert listed["runs"][0].pop("configured") == {}
    assert listed["runs"] == [{key: run[key] for key in listed["runs"][0]}]


def test_a_run_is_made_although_the_broker_is_down(client: TestClient, sqlite_database: Database, monkeypatch):
    def refuse(self, run_id: str) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(JobQueue, "send", refuse)
    made = client.post("/api/runs", json={"config": {}})
    assert made.status_code == 201
    with sqlite_database.read() as session:
        assert [run.id for run in runs.waiting(session, sent_before=1.0)] == [made.json()["id"]]


@pytest.mark.parametrize(
    ("config", "path", "words"),
    [
        ({"budget": {"steps": 0}}, "budget.steps", "must be at least 1"),
        ({"strategy": {"kind": "effopd", "candidates": 99}}, "strategy.candidates", "32"),
        ({"student": {"kind": "folder"}}, "student.path", "give the student a folder"),
        (
            {"teacher": {"kind": "model", "source": {"kind": "hub", "repo_id": ""}}},
            "teacher.source.repo_id",
            "give the teacher a name on the hub",
        ),
        ({"student": {"kind": "magic"}}, "student", "demo"),
        ({"learning_rat": 1}, "learning_rat", "no such key"),
        ({"optimizer": {"warmup_steps": 64}}, "optimizer.warmup_steps", "below budget.steps"),
        ({"budget": {"micro_batch_size": 65}}, "budget.micro_batch_size", "must not exceed"),
        ({"budget": {"steps": 10**12}}, "budget.steps", "must not exceed"),
        ({"seed": 10**400}, "seed", "less than"),
        ({"name": "a\x00b"}, "name", "NUL"),
        ({"student": {"kind": "run", "run_id": "nobody"}}, "student.run_id", "no run 'nobody'"),
    ],
)
def test_a_wrong_value_is_refused_at_its_field(client: TestClient, config: dict, path: str, words: str):
    answer = client.post("/api/runs", json={"config": config})
    assert answer.status_code == 422
    body = answer.json()
    assert body["error"] == "BadInput"
    assert [field["path"] for field in body["fields"]] == [path]
    assert words in body["fields"][0]["message"]
    assert body["where"] == path


def test_several_wrong_values_are_all_named(client: TestClient):
    config = {"strategy": {"kind": "effopd", "candidates": 0, "max_kl": -1}, "seed": "x"}
    body = client.post("/api/runs", json={"config": config, "group": "g" * 201}).json()
    assert {field["path"] for field in body["fields"]} == {"strategy.candidates", "strategy.max_kl", "seed", "group"}


def test_a_checkpoint_to_load_must_exist(client: TestClient, sqlite_database: Database):
    run_id, _ = filled(sqlite_database)
    config = {"student": {"kind": "run", "run_id": run_id, "step": 5}}
    body = client.post("/api/runs", json={"config": config}).json()
    assert body["fields"] == [
        {"path": "student.step", "message": f"run {run_id} has no checkpoint at step 5; present: 4"}
    ]
    assert client.post("/api/runs", json={"config": {"student": {"kind": "run", "run_id": run_id}}}).status_code == 201


def test_a_run_shows_its_progress(client: TestClient, sqlite_database: Database):
    run_id, attempt = start(sqlite_database)
    assert client.get(f"/api/runs/{run_id}").json()["seconds_left"] is None
    record(sqlite_database, run_id, attempt, 25, {"seconds": 10.0, "loss": math.nan})
    run = client.get(f"/api/runs/{run_id}").json()
    assert (run["step"], run["total_steps"], run["seconds_left"]) == (25, 100, 30.0)
    assert run["latest"] == {"seconds": 10.0, "loss": None}
    assert run["learning_rate"] == 1e-6
    assert run["topics"]["scalars"] == run["seq"]
    move(sqlite_database, run_id, RunState.FINISHED)
    assert client.get(f"/api/runs/{run_id}").json()["seconds_left"] is None


def test_a_run_is_renamed_and_annotated(client: TestClient, sqlite_database: Database):
    run_id = create(sqlite_database)
    before = client.get(f"/api/runs/{run_id}").json()
    after = client.patch(f"/api/runs/{run_id}", json={"name": "new", "notes": "", "tags": ["x"]}).json()
    assert (after["name"], after["notes"], after["tags"], after["group"]) == ("new", "", ["x"], before["group"])
    assert after["seq"] == before["seq"] + 1
    for wrong in ({"name": ""}, {"state": "finished"}, {"tags": ["x" * 65]}, {"notes": "\x00"}):
        assert client.patch(f"/api/runs/{run_id}", json=wrong).status_code == 422, wrong


def fork(client: TestClient, run_id: str, **place):
    return client.post("/api/runs", json={"config": {"student": {"kind": "run", "run_id": run_id} | place}})


def test_a_fork_starts_from_a_checkpoint(client: TestClient, sqlite_database: Database):
    run_id, _ = filled(sqlite_database)
    made = fork(client, run_id)
    assert made.status_code == 201
    assert (made.json()["forked_from"], made.json()["forked_step"]) == (run_id, 4)
    assert made.json()["config"]["student"] == {"kind": "run", "run_id": run_id, "step": 4, "factor": None}
    missing = fork(client, run_id, step=5)
    assert missing.status_code == 422
    assert "present: 4" in missing.text


def test_a_fork_starts_from_a_candidate_whose_weights_are_kept(client: TestClient, sqlite_database: Database):
    run_id, attempt = filled(sqlite_database)
    tried = replace(
        decision(8, 0.0, [candidate(2, -0.1, accepted=False)]), weights_path="runs/x/candidates/8", weights_bytes=9
    )
    record(sqlite_database, run_id, attempt, 8, decisions=[tried])
    made = fork(client, run_id, step=8, factor=2).json()
    assert (made["forked_from"], made["forked_step"], made["forked_factor"]) == (run_id, 8, 2)
    assert made["config"]["student"] == {"kind": "run", "run_id": run_id, "step": 8, "factor": 2}
    for wrong in ({"factor": 2}, {"step": 8, "factor": -2}):
        assert fork(client, run_id, **wrong).status_code == 422
    assert "steps: 8" in fork(client, run_id, step=2, factor=2).text
    with sqlite_database.read() as session:
        assert lineage.weights_in_use(session, run_id) == (set(), {8})
    record(sqlite_database, run_id, attempt, 9, removed_candidate_steps=[8])
    assert fork(client, run_id, step=8, factor=2).status_code == 422


def test_deleting_removes_rows_and_files_of_this_run_only(
    client: TestClient, sqlite_database: Database, settings: Settings
):
    run_id, _ = filled(sqlite_database)
    other, _ = filled(sqlite_database)
    for each in (run_id, other):
        (settings.run_folder(each) / "checkpoints").mkdir(parents=True)
        (settings.run_folder(each) / "checkpoints" / "weights").write_text("w")
    refused = client.delete(f"/api/runs/{run_id}")
    assert (refused.status_code, refused.json()["error"]) == (409, "Conflict")
    move(sqlite_database, run_id, RunState.FINISHED)
    needing = create(sqlite_database, name="needing", student=RunModel(run_id=run_id, step=4))
    assert "needing" in client.delete(f"/api/runs/{run_id}").json()["detail"]
    move(sqlite_database, needing, RunState.STOPPED)
    assert client.delete(f"/api/runs/{run_id}").status_code == 204
    assert client.get(f"/api/runs/{run_id}").status_code == 404
    assert not settings.run_folder(run_id).exists()
    assert (settings.run_folder(other) / "checkpoints" / "weights").exists()


def test_deleting_never_follows_a_link_out_of_the_data_folder(client, sqlite_database, settings: Settings, tmp_path):
    run_id = create(sqlite_database)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep").write_text("k")
    settings.run_folder(run_id).parent.mkdir(parents=True)
    settings.run_folder(run_id).symlink_to(outside)
    assert client.delete(f"/api/runs/{run_id}").status_code == 204
    assert (outside / "keep").exists()
    assert not settings.run_folder(run_id).is_symlink()


def test_commands_are_kept_with_what_came_of_them(client: TestClient, sqlite_database: Database):
    run_id, _ = start(sqlite_database)
    asked = client.post(f"/api/runs/{run_id}/commands", json={"command": "pause"})
    assert asked.status_code == 201
    assert asked.json() | {"id": 0, "created_at": 0} == {
        "id": 0, "command": "pause", "arguments": {}, "actor": "api", "created_at": 0, "asked_step": 0,
        "done_at": None, "obeyed_step": None, "ok": None, "result": None,
    }  # fmt: skip
    run = client.get(f"/api/runs/{run_id}").json()
    assert [row["command"] for row in run["commands_pending"]] == ["pause"]
    assert run["possible"] == ["pause", "stop", "checkpoint", "extrapolate", "veto"]
    assert run["commands"] == [*run["possible"][:1], "resume", *run["possible"][1:]]
    refused = client.post(f"/api/runs/{run_id}/commands", json={"command": "resume"})
    assert (refused.status_code, refused.json()["where"]) == (409, run_id)
    assert client.post(f"/api/runs/{run_id}/commands", json={"command": "explode"}).json()["where"] == "command"
    history = client.get(f"/api/runs/{run_id}/history").json()
    assert [change["to_state"] for change in history["changes"]] == ["queued", "starting", "running"]
    assert [row["command"] for row in history["commands"]] == ["pause"]
    assert history["attempts"][0]["number"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"command": "extrapolate", "factor": 0}, "factor"),
        ({"command": "extrapolate", "factor": -1}, "factor"),
        ({"command": "extrapolate", "factor": 1001}, "factor"),
        ({"command": "extrapolate", "factor": "far"}, "factor"),
        ({"command": "extrapolate", "override": True}, None),
        ({"command": "pause", "factor": 2}, "factor"),
        ({"command": "veto", "step": -1}, "step"),
        ({}, "command"),
    ],
)
def test_arguments_of_a_command_are_checked(client: TestClient, sqlite_database: Database, body: dict, field: str):
    run_id, _ = start(sqlite_database)
    refused = client.post(f"/api/runs/{run_id}/commands", json=body)
    assert (refused.status_code, refused.json()["where"]) == (422, field)


def test_who_asked_for_what_is_kept(client: TestClient, sqlite_database: Database):
    run_id, _ = start(sqlite_database)
    body = {"command": "extrapolate", "factor": 2.5, "override": True}
    headers = {"X-Opdboard-Client": "web", "X-Opdboard-User": "Ad%C3%A9le%0A"}
    asked = client.post(f"/api/runs/{run_id}/commands", json=body, headers=headers).json()
    assert asked["arguments"] == {"factor": 2.5, "override": True}
    assert asked["actor"] == "Adéle (web)"
    assert client.post(f"/api/runs/{run_id}/commands", json={"command": "veto"}).status_code == 409


def test_resuming_a_stopped_run_sends_it(client: TestClient, sqlite_database: Database):
    run_id = create(sqlite_database)
    assert client.post(f"/api/runs/{run_id}/commands", json={"command": "stop"}).json()["ok"] is True
    assert client.post(f"/api/runs/{run_id}/commands", json={"command": "resume"}).status_code == 201
    with sqlite_database.read() as session:
        run = runs.get(session, run_id)
        assert run.state == "queued"
        assert run.sent_at is not None


def test_checkpoints_say_which_is_best(client: TestClient, sqlite_database: Database):
    run_id, attempt = start(sqlite_database)
    for step, value in ((4, 0.5), (8, 0.3), (12, 0.4), (16, 0.2)):
        record(
            sqlite_database,
            run_id,
            attempt,
            step,
            {"eval/reverse_kl": value},
            checkpoints=[CheckpointRecord(step=step, path=f"x/{step}", bytes=1, reason="schedule")],
            removed_checkpoint_steps=[16] if step == 16 else [],
        )
    found = client.get(f"/api/runs/{run_id}/checkpoints").json()
    assert (found["metric"], found["heading"]) == ("eval/reverse_kl", "Held-out KL [nats/token]")
    assert [(one["step"], one["held_out"], one["best"]) for one in found["checkpoints"]] == [
        (4, 0.5, False), (8, 0.3, True), (12, 0.4, False), (16, 0.2, False),
    ]  # fmt: skip


def test_a_failed_run_tells_whether_the_same_may_pass_and_which_field_is_wrong(
    client: TestClient, sqlite_database: Database
):
    def failed(error: OpdboardError) -> tuple[bool, str | None]:
        run_id, _ = start(sqlite_database)
        with sqlite_database.write() as session:
            run = runs.get(session, run_id, lock=True)
            transitions.transition(session, run, RunState.FAILED, error=error.as_dict())
        told = client.get(f"/api/runs/{run_id}").json()
        curves = client.get(f"/api/runs/{run_id}/curves").json()
        assert (curves["groups"], [card["keys"] for card in curves["overview"]]) == ([], [["update_norm"]])
        return told["begin_again"], told["wrong_field"]

    assert failed(DiskFull("no room")) == (True, None)
    assert failed(NonFiniteLoss("nan", where="step 5")) == (False, "optimizer.learning_rate")
    running, _ = start(sqlite_database)
    assert client.get(f"/api/runs/{running}").json()["begin_again"] is False


def test_a_run_tells_what_its_method_is_called_and_whether_it_looks_ahead(client: TestClient):
    config = {"objective": {"kind": "grpo"}, "strategy": {"kind": "effopd"}}
    made = client.post("/api/runs", json={"config": config}).json()
    assert (made["method"], made["method_name"], made["looks_ahead"]) == ("grpo-effopd", "GRPO + EffOPD", True)
    plain = client.post("/api/runs", json={"config": {}}).json()
    assert (plain["method_name"], plain["looks_ahead"]) == ("OPD", False)
    listed = client.get("/api/runs").json()["runs"]
    assert {run["id"]: run["method_name"] for run in listed} == {made["id"]: "GRPO + EffOPD", plain["id"]: "OPD"}
