"""Alerts and their rules over HTTP."""

import pytest
from fastapi.testclient import TestClient
from support.stored_runs import record, start

from opdboard.db.database import Database

RULE = {"name": "too much", "scope": "scalar", "measure": "loss", "comparison": ">", "threshold": 2.0}


def test_a_rule_is_made_changed_and_deleted(client: TestClient):
    made = client.post("/api/alert-rules", json=RULE)
    assert made.status_code == 201
    rule = made.json()
    assert rule == RULE | {"id": 1, "steps": 1, "severity": "warning", "runs": "", "enabled": True, "created_at": rule["created_at"]}  # fmt: skip
    changed = client.put("/api/alert-rules/1", json=RULE | {"steps": 3, "enabled": False}).json()
    assert (changed["steps"], changed["enabled"]) == (3, False)
    assert client.get("/api/alert-rules").json() == [changed]
    assert client.delete("/api/alert-rules/1").status_code == 204
    assert client.delete("/api/alert-rules/1").status_code == 404
    assert client.get("/api/alert-rules").json() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"threshold": None}, "threshold is needed"),
        ({"comparison": "not finite"}, "threshold must be left out"),
        ({"comparison": "=="}, "'>', '>=', '<', '<=' or 'not finite'"),
        ({"scope": "module"}, "'loss' is no module statistic; those are update_norm"),
        ({"steps": 0}, "must be at least 1"),
        ({"measure": "a\u0000b"}, "must not contain the NUL character"),
        ({"name": ""}, "must not be empty"),
        ({"runs": "method = "}, "runs: character"),
        ({"runs": "nonsuch > 3"}, "nonsuch"),
        ({"colour": "red"}, "there is no such key"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_a_reason(client: TestClient, changes: dict, words: str):
    answer = client.post("/api/alert-rules", json=RULE | changes)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_signatures_of_failures_are_listed(client: TestClient):
    kinds = {signature["kind"] for signature in client.get("/api/alerts/signatures").json()}
    assert {"kl_spike", "length_collapse", "vocabulary_mismatch"} <= kinds


def test_alerts_come_in_pages_and_are_marked_as_seen(client: TestClient, sqlite_database: Database):
    client.post("/api/alert-rules", json=RULE)
    run_id, attempt = start(sqlite_database, name="first")
    for step in range(0, 150, 50):
        record(sqlite_database, run_id, attempt, step + 1, {"loss": 3.0})
        record(sqlite_database, run_id, attempt, step + 2, {"loss": 1.0})
    page = client.get("/api/alerts", params={"run": run_id, "limit": 2}).json()
    assert (page["total"], [alert["step"] for alert in page["alerts"]]) == (3, [101, 51])
    rest = client.get("/api/alerts", params={"run": run_id, "before": page["next"]}).json()
    assert ([alert["step"] for alert in rest["alerts"]], rest["next"]) == ([1], None)
    alert = page["alerts"][0]
    assert (alert["run"], alert["run_name"], alert["kind"], alert["rule_id"], alert["value"]) == (run_id, "first", "rule", 1, 3.0)  # fmt: skip
    assert (alert["cleared_step"], alert["seen_at"]) == (102, None)
    assert client.get("/api/alerts/unseen").json() == {"warning": 3, "critical": 0}
    before = client.get(f"/api/runs/{run_id}").json()["topics"]["alerts"]
    assert client.post("/api/alerts/seen", json={"ids": [alert["id"]]}).json() == {"warning": 2, "critical": 0}
    assert client.get(f"/api/runs/{run_id}").json()["topics"]["alerts"] > before
    assert client.get("/api/alerts", params={"unseen": True}).json()["total"] == 2
    assert client.post("/api/alerts/seen", json={}).json() == {"warning": 0, "critical": 0}
    assert client.get("/api/alerts", params={"holding": True}).json()["total"] == 0


@pytest.mark.parametrize("query", ["kind=odd", "limit=0", "before=-1", "run=../x", "severity=mild", "colour=red"])
def test_a_question_that_makes_no_sense_is_refused(client: TestClient, query: str):
    assert client.get(f"/api/alerts?{query}").status_code == 422
