"""A teacher that is trained first: one launch, two runs, of which the second waits for the first."""

from fastapi.testclient import TestClient
from support.stored_runs import start

from opdboard.db import runs
from opdboard.db.database import Database

TAUGHT = {"name": "student", "teacher": {"kind": "trained", "objective": {"kind": "grpo"}, "budget": {"steps": 8}}}


def test_one_launch_makes_the_teacher_and_its_student(client: TestClient, sqlite_database: Database):
    made = client.post("/api/runs", json={"config": TAUGHT, "group": "pair"}).json()
    assert (made["name"], made["method"]) == ("student", "opd")
    source = made["config"]["teacher"]["source"]
    teacher = client.get(f"/api/runs/{source['run_id']}").json()
    assert (teacher["name"], teacher["method"], teacher["total_steps"]) == ("student · teacher by GRPO", "grpo", 8)
    assert (teacher["group"], made["group"], teacher["teacher"]) == ("pair · teacher by GRPO", "pair", "")
    assert teacher["config"]["student"] == made["config"]["student"]
    waiting = {one["run"]["name"]: one for one in client.get("/api/home").json()["waiting"]}
    assert waiting["student"]["reason"] == "source"
    assert (
        waiting["student"]["detail"] == "Waits for student · teacher by GRPO to make its teacher, now at step 0 of 8."
    )
    assert waiting["student"]["behind"] == teacher["id"]


def test_a_sweep_trains_each_teacher_once(client: TestClient):
    sweep = {"seeds": [0, 1], "grid": {"strategy.kind": ["none", "effopd"]}}
    body = {"config": TAUGHT, "sweep": sweep, "per_setting": True}
    plan = client.post("/api/launch/plan", json=body).json()
    assert plan["problems"] == []
    made = client.post("/api/launch/sweep", json=body).json()
    assert [run["name"] for run in made["runs"]] == [run["name"] for run in plan["runs"]]
    assert [run["method"] for run in made["runs"]].count("grpo") == 2 and len(made["runs"]) == 6
    assert plan["workload"]["steps"] == 2 * 8 + 4 * 64


def test_what_is_wrong_with_the_teachers_run_is_said(client: TestClient):
    wrong = {"teacher": {"kind": "trained", "objective": {"kind": "grpo", "group_size": 7}}}
    (problem,) = client.post("/api/launch/plan", json={"config": wrong}).json()["problems"]
    assert "of the teacher's run: budget.batch_size (64) must be a multiple" in problem["message"]


def test_a_run_without_weights_is_a_source_only_while_it_may_still_make_them(
    client: TestClient, sqlite_database: Database
):
    run_id, _ = start(sqlite_database)
    config = {"teacher": {"kind": "model", "source": {"kind": "run", "run_id": run_id}}}
    assert client.post("/api/runs", json={"config": config}).status_code == 201
    config["teacher"]["source"]["step"] = 10**6
    refused = client.post("/api/runs", json={"config": config})
    assert refused.status_code == 422 and "no checkpoint at step 1000000" in refused.text
    with sqlite_database.write() as session:
        runs.get(session, run_id).state = "finished"
    config["teacher"]["source"]["step"] = None
    assert client.post("/api/runs", json={"config": config}).status_code == 422
