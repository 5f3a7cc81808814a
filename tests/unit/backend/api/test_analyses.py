"""Analyses over HTTP: queued as runs of their own, listed where asked for, steered as far as makes sense."""

from fastapi.testclient import TestClient
from support.stored_runs import create, move

from opdboard.db import runs
from opdboard.db.database import Database
from opdboard.domain.run_state import RunState
from opdboard.settings import Settings


def queue(client: TestClient, subject: str, **config) -> dict:
    made = client.post("/api/analyses", json={"config": {"kind": "scale_final", "run_id": subject} | config})
    assert made.status_code == 201, made.text
    return made.json()


def test_an_analysis_is_queued_for_the_workers_of_its_device(client, sqlite_database: Database, settings: Settings):
    subject = create(sqlite_database, name="mine")
    made = queue(client, subject, device="cpu", parameters={"points": 5})
    assert (made["kind"], made["method"], made["name"]) == ("analysis", "scale_final", "scale_final of mine")
    assert made["config"] is None and made["reported_config"] is None
    assert made["job_config"]["parameters"] == {"points": 5}
    with sqlite_database.read() as session:
        assert runs.get(session, made["id"]).sent_at is not None
    assert len(list((settings.root / "queue" / "messages").iterdir())) == 1


def test_analyses_are_listed_only_where_a_query_asks_for_a_kind(client: TestClient, sqlite_database: Database):
    subject = create(sqlite_database, name="mine")
    analysis = queue(client, subject)["id"]

    def listed(query: str) -> set[str]:
        answer = client.get("/api/runs", params={"query": query}).json()
        assert answer["total"] == len(answer["runs"])
        return {run["id"] for run in answer["runs"]}

    assert listed("") == listed("mine") == listed("state = queued") == {subject}
    assert listed("kind = analysis") == listed("mine and not kind = trained") == {analysis}
    assert listed("kind in (analysis, trained)") == {subject, analysis}
    assert client.get("/api/runs/groups", params={"by": "state"}).json()["groups"][0]["count"] == 1
    waiting = client.get("/api/home").json()["waiting"]
    assert {wait["run"]["id"] for wait in waiting} == {subject, analysis}


def test_an_analysis_needs_its_run_and_keeps_it_from_deletion(client: TestClient, sqlite_database: Database):
    missing = client.post("/api/analyses", json={"config": {"kind": "scale_final", "run_id": "nosuch"}})
    assert missing.status_code == 404 and "nosuch" in missing.json()["detail"]
    subject = create(sqlite_database)
    analysis = queue(client, subject)
    refused = client.delete(f"/api/runs/{subject}")
    assert refused.status_code == 409 and analysis["name"] in refused.json()["detail"]
    links = client.get(f"/api/runs/{subject}/lineage").json()["links"]
    assert [(link["run"], link["relation"]) for link in links] == [(analysis["id"], "subject")]


def test_an_analysis_is_paused_and_stopped_but_has_no_weights_to_act_on(client, sqlite_database: Database):
    analysis = queue(client, create(sqlite_database))["id"]
    for state in (RunState.STARTING, RunState.RUNNING):
        move(sqlite_database, analysis, state)
    for command in ("checkpoint", "extrapolate", "veto"):
        refused = client.post(f"/api/runs/{analysis}/commands", json={"command": command})
        assert refused.status_code == 409 and "trains" in refused.json()["detail"], refused.text
    assert client.post(f"/api/runs/{analysis}/commands", json={"command": "pause"}).status_code == 201
    assert client.post(f"/api/runs/{analysis}/clone").status_code == 409
