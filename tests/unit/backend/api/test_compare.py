"""Runs side by side over HTTP."""

import pytest
from fastapi.testclient import TestClient
from support.stored_runs import create, filled, record, start

from opdboard.db.database import Database


def test_configurations_are_split_by_whether_they_agree(client: TestClient, sqlite_database: Database):
    first = create(sqlite_database, seed=1)
    second = create(sqlite_database, seed=2, strategy={"kind": "effopd"})
    body = client.get(f"/api/compare/config?runs={first},{second}").json()
    differing = {row["path"]: row["values"] for row in body["differing"]}
    assert differing["seed"] == {first: 1, second: 2}
    assert differing["strategy.kind"] == {first: "none", second: "effopd"}
    assert differing["strategy.candidates"] == {second: 5}
    same = {row["path"]: row["value"] for row in body["same"]}
    assert same["budget.steps"] == 100
    assert not same.keys() & differing.keys()
    assert client.get(f"/api/compare/config?runs={first}").json()["differing"] == []


def test_speed_up_counts_steps_tokens_and_seconds(client: TestClient, sqlite_database: Database):
    slow, fast = start(sqlite_database), start(sqlite_database)
    for (run_id, attempt), factor in ((slow, 1), (fast, 4)):
        for step in range(0, 9, 2):
            costs = {"tokens": 10.0 * step, "seconds": 1.0 * step * factor / 2, "search_seconds": 0.1 * (factor - 1)}
            record(sqlite_database, run_id, attempt, step, {"eval/reverse_kl": 1 - step * factor / 32, **costs})
    runs = f"{slow[0]},{fast[0]}"
    body = client.get(f"/api/compare/speedup?runs={runs}").json()
    assert (body["metric"], body["target"], body["smoothing"]) == ("eval/reverse_kl", 0.75, "none")
    reference, other = body["rows"]
    assert (reference["step"], reference["ratio_steps"], reference["ratio_seconds"]) == (8, 1.0, 1.0)
    assert (other["step"], other["tokens"], other["seconds"], other["search_seconds"]) == (
        2,
        20.0,
        4.0,
        pytest.approx(0.3),
    )
    assert (other["ratio_steps"], other["ratio_tokens"], other["ratio_seconds"]) == (4.0, 4.0, 1.0)
    turned = client.get(f"/api/compare/speedup?runs={runs}&reference={fast[0]}").json()
    assert [row["reached"] for row in turned["rows"]] == [False, True]
    assert client.get(f"/api/compare/speedup?runs={runs}&share=0.5").json()["target"] == 0.875


def test_speed_up_refuses_what_has_no_direction(client: TestClient, sqlite_database: Database):
    run_id, _ = filled(sqlite_database, steps=1)
    for query in ("metric=tokens", "metric=beauty", "share=0", "share=2", "share=nan", "reference=other"):
        answer = client.get(f"/api/compare/speedup?runs={run_id}&{query}")
        assert answer.status_code == 422, query
        assert answer.json()["where"] == query.split("=")[0]


def test_a_run_without_evaluations_has_not_reached_anything(client: TestClient, sqlite_database: Database):
    run_id = create(sqlite_database)
    body = client.get(f"/api/compare/speedup?runs={run_id}").json()
    assert body["target"] is None
    assert body["rows"][0]["reached"] is False
