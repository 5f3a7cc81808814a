"""Stored numbers, decisions, samples, logs and workers over HTTP."""

import base64
import math

import numpy as np
from fastapi.testclient import TestClient
from support.stored_runs import candidate, decision, filled, record, record_steps, some_modules, start

from opdboard.db import workers
from opdboard.db.database import Database


def decoded(array: dict) -> np.ndarray:
    flat = np.frombuffer(base64.b64decode(array["bdata"]), f"<{array['dtype']}")
    return flat.reshape([int(size) for size in array["shape"].split(",")]) if array["shape"] else flat


def test_scalars_come_whole_and_by_cursor(client: TestClient, sqlite_database: Database):
    run_id, attempt = filled(sqlite_database)
    body = client.get(f"/api/runs/{run_id}/series?keys=loss,eval/reverse_kl,nothing").json()
    assert set(body["series"]) == {"loss", "eval/reverse_kl"}
    loss = body["series"]["loss"]
    assert decoded(loss["steps"]).tolist() == list(range(9))
    np.testing.assert_allclose(decoded(loss["values"]), [0.5, 0.25, 1 / 6, np.nan, 0.1, 1 / 12, 1 / 14, 1 / 16, 1 / 18])
    assert decoded(loss["times"])[0] == 1000.0
    assert (loss["total"], loss["shown"]) == (9, 9)
    record(sqlite_database, run_id, attempt, 9, {"loss": math.inf})
    new = client.get(f"/api/runs/{run_id}/series?after={body['seq']}").json()
    assert set(new["series"]) == {"loss"}
    assert decoded(new["series"]["loss"]["values"]).tolist() == [math.inf]
    assert new["seq"] == body["seq"] + 1
    assert client.get(f"/api/runs/{run_id}/series?after={new['seq']}").json()["series"] == {}


def test_many_points_are_thinned_to_their_extremes(client: TestClient, sqlite_database: Database):
    run_id, attempt = start(sqlite_database)
    record_steps(sqlite_database, run_id, attempt, range(300))
    record(sqlite_database, run_id, attempt, 300, {"loss": 1e6})
    loss = client.get(f"/api/runs/{run_id}/series?keys=loss&max_points=40").json()["series"]["loss"]
    values = decoded(loss["values"])
    assert loss["total"] == 301
    assert loss["shown"] == len(values) <= 42
    assert values.max() == 1e6
    assert values.min() == 0


def test_curves_are_grouped_as_their_measures_say(client: TestClient, sqlite_database: Database):
    run_id, attempt = start(sqlite_database)
    nothing_yet = client.get(f"/api/runs/{run_id}/curves").json()
    assert [group["title"] for group in nothing_yet["groups"]][:2] == [
        "Evaluation on held-out prompts",
        "On the training batch",
    ]
    assert [card["keys"][0] for card in nothing_yet["overview"]] == [
        "eval/reverse_kl",
        "eval/accuracy",
        "loss",
        "update_norm",
    ]
    record(sqlite_database, run_id, attempt, 1, {"entropy_teacher": 1.0, "entropy_student": 2.0, "rewards/format": 1.0})
    now = client.get(f"/api/runs/{run_id}/curves").json()
    assert [card["keys"] for card in now["overview"]] == [
        ["entropy_student", "entropy_teacher"],
        ["rewards/format"],
        ["update_norm"],
    ]
    assert now["groups"] == [
        {
            "name": "health",
            "title": "Is the distillation healthy?",
            "cards": [{"title": "Entropy", "keys": ["entropy_student", "entropy_teacher"]}],
        },
        {"name": "rewards", "title": "rewards", "cards": [{"title": "rewards/format", "keys": ["rewards/format"]}]},
    ]


def test_modules_come_in_the_order_of_the_vectors(client: TestClient, sqlite_database: Database):
    run_id, _ = filled(sqlite_database)
    listed = client.get(f"/api/runs/{run_id}/modules").json()["modules"]
    assert [(one["name"], one["label"], one["group"]) for one in listed] == [
        (module.name, module.label, module.group) for module in some_modules()
    ]


def test_a_statistic_is_a_row_per_step(client: TestClient, sqlite_database: Database):
    run_id, _ = filled(sqlite_database)
    body = client.get(f"/api/runs/{run_id}/statistics/update_norm").json()
    values = decoded(body["values"])
    assert (body["steps"], body["reference_steps"], values.shape) == ([1, 2, 4, 8], [None] * 4, (4, 12))
    np.testing.assert_allclose(values[0], np.arange(1, 13) * 2e-3, rtol=1e-6)
    one = client.get(f"/api/runs/{run_id}/statistics/update_norm?step=4").json()
    np.testing.assert_array_equal(decoded(one["values"])[0], values[2])
    aligned = client.get(f"/api/runs/{run_id}/statistics/subspace_affinity@20?reference_step=8").json()
    assert (aligned["steps"], aligned["reference_steps"]) == ([1, 2, 4], [8, 8, 8])
    assert decoded(client.get(f"/api/runs/{run_id}/statistics/direction_cosine").json()["values"]).size == 0
    assert "update_norm" in client.get(f"/api/runs/{run_id}/statistics/beauty").json()["detail"]


def test_decisions_say_null_for_what_json_cannot(client: TestClient, sqlite_database: Database):
    run_id, attempt = filled(sqlite_database)
    body = client.get(f"/api/runs/{run_id}/decisions").json()
    assert [(one["step"], one["accepted_factor"], len(one["candidates"])) for one in body["decisions"]] == [
        (2, 4.0, 4),
        (4, 0.0, 2),
    ]
    assert (body["veto_step"], body["no_veto"]) == (2, None)
    record(
        sqlite_database,
        run_id,
        attempt,
        9,
        vetoed_decision_step=2,
        decisions=[decision(9, 0.0, [candidate(2, math.nan, accepted=False)])],
    )
    new = client.get(f"/api/runs/{run_id}/decisions?after={body['seq']}").json()
    assert (new["veto_step"], new["no_veto"]) == (None, "the last jump, of step 2, was taken back already")
    vetoed, ninth = new["decisions"]
    assert (vetoed["step"], vetoed["vetoed"], ninth["step"]) == (2, True, 9)
    assert (ninth["candidates"][0]["gain"], ninth["candidates"][0]["reason"]) == (None, "worse")


def test_samples_checkpoints_and_logs(client: TestClient, sqlite_database: Database):
    run_id, _ = filled(sqlite_database)
    samples = client.get(f"/api/runs/{run_id}/samples").json()
    assert (samples["step"], samples["steps"]) == (8, [0, 4, 8])
    assert samples["samples"][0]["token_kl"][1] is None
    assert client.get(f"/api/runs/{run_id}/samples?step=3").json()["samples"] == []
    (checkpoint,) = client.get(f"/api/runs/{run_id}/checkpoints").json()["checkpoints"]
    assert (checkpoint["step"], checkpoint["removed"]) == (4, False)
    lines = client.get(f"/api/runs/{run_id}/logs?limit=2").json()
    assert ([line["text"] for line in lines["lines"]], lines["total"]) == (["two", "three"], 3)
    assert client.get(f"/api/runs/{run_id}/logs?after={lines['lines'][-1]['id']}").json()["lines"] == []


def test_everything_of_a_run_that_does_not_exist_is_not_found(client: TestClient):
    for rest in (
        "",
        "/history",
        "/series",
        "/modules",
        "/statistics/update_norm",
        "/decisions",
        "/checkpoints",
        "/samples",
        "/logs",
    ):
        answer = client.get(f"/api/runs/nobody{rest}")
        assert (answer.status_code, answer.json()["where"]) == (404, "nobody"), rest


def test_workers_are_alive_or_not(client: TestClient, sqlite_database: Database):
    for name in ("live", "dead"):
        with sqlite_database.write() as session:
            workers.beat(session, name, host="h", pid=1, started_at=1.0, queues=["any"], run_id=None, load={"cpu": 0.5})
    with sqlite_database.write() as session:
        workers.all_workers(session)[1].heartbeat_at = 5.0
    listed = client.get("/api/workers").json()["workers"]
    assert sorted(worker["alive"] for worker in listed) == [False, True]
    assert listed[0]["load"]["cpu"] == 0.5


def test_the_launch_form_has_what_it_needs(client: TestClient):
    schema = client.get("/api/schema/run-config").json()
    assert schema["$defs"]["Budget"]["properties"]["steps"]["description"]
    presets = client.get("/api/presets").json()
    assert {"demo-opd", "demo-effopd"} <= {preset["name"] for preset in presets}
    assert all(client.post("/api/runs", json={"config": preset["config"]}).status_code == 201 for preset in presets)
