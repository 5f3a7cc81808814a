"""Lineage, and decisions with the state before and after, over HTTP."""

from fastapi.testclient import TestClient
from support.stored_runs import create, filled

from opdboard.db import runs
from opdboard.db.database import Database
from opdboard.domain.model_sources import RunModel
from opdboard.domain.teachers import ModelTeacher


def test_lineage_goes_up_to_the_first_and_down_to_the_last(client: TestClient, sqlite_database: Database):
    first = create(sqlite_database, name="first")
    fork = create(sqlite_database, name="fork", student=RunModel(run_id=first, step=4, factor=2.5))
    taught = create(sqlite_database, name="taught", teacher=ModelTeacher(source=RunModel(run_id=fork)))
    sibling = create(sqlite_database, name="sibling", student=RunModel(run_id=first, step=4))
    create(sqlite_database, name="unrelated")
    found = client.get(f"/api/runs/{fork}/lineage").json()
    assert {run["id"] for run in found["runs"]} == {first, fork, taught}
    links = {(link["run"], link["source"], link["relation"], link["step"], link["factor"]) for link in found["links"]}
    assert links == {(fork, first, "student", 4, 2.5), (taught, fork, "teacher", None, None)}
    whole = client.get(f"/api/runs/{first}/lineage").json()
    assert {run["id"] for run in whole["runs"]} == {first, fork, taught, sibling}


def test_a_copy_and_a_deleted_source_are_told(client: TestClient, sqlite_database: Database):
    original = create(sqlite_database, name="original")
    copy = client.post("/api/runs", json={"config": {}, "copied_from": original}).json()["id"]
    with sqlite_database.write() as session:
        runs.delete_run(session, original)
    found = client.get(f"/api/runs/{copy}/lineage").json()
    assert [run["id"] for run in found["runs"]] == [copy]
    assert [(link["source"], link["relation"]) for link in found["links"]] == [(original, "copy")]
    assert client.get("/api/runs/nobody/lineage").status_code == 404


def test_a_decision_comes_with_the_evaluations_around_it(client: TestClient, sqlite_database: Database):
    run_id, _ = filled(sqlite_database)
    jump, refused = client.get(f"/api/runs/{run_id}/decisions").json()["decisions"]
    assert jump["before"] == {"step": 0, "reverse_kl": 1.0, "accuracy": 0.0}
    assert jump["after"] == {"step": 2, "reverse_kl": 0.9, "accuracy": 0.1}
    assert (jump["displacement_norm"], refused["displacement_norm"]) == (6.0, 0.0)
    assert (jump["weights_kept"], jump["overridden"]) == (False, False)
