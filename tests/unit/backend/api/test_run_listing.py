"""The runs table over HTTP: pages, groups, fields, and one action on many runs."""

import pytest
from fastapi.testclient import TestClient
from support.stored_runs import create, filled, move, record, start

from opdboard.db import runs
from opdboard.db.database import Database
from opdboard.domain.run_state import RunState
from opdboard.settings import Settings


def listed(client: TestClient, **params) -> dict:
    answer = client.get("/api/runs", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_rows_hold_what_the_table_shows(client: TestClient, sqlite_database: Database):
    run_id = create(sqlite_database, name="mine", seed=3)
    client.patch(f"/api/runs/{run_id}", json={"notes": "n" * 500, "tags": ["a"]})
    found = listed(client, query="tag = a", columns="seed,lr,strategy.candidates,eval/accuracy")
    assert found["total"] == 1
    assert found["runs"][0]["configured"] == {
        "seed": 3,
        "optimizer.learning_rate": 1e-6,
        "strategy.candidates": None,
    }
    assert found["runs"][0]["note"] == "n" * 160


def test_a_wrong_query_points_at_its_place(client: TestClient):
    refused = client.get("/api/runs", params={"query": "state = running and speed > 3"})
    assert refused.status_code == 422
    assert (refused.json()["error"], refused.json()["where"]) == ("QueryProblem", "query:20-25")
    assert client.get("/api/runs", params={"sort": "-beauty"}).json()["where"] == "sort"
    assert client.get("/api/runs", params={"columns": "beauty"}).json()["where"] == "columns"
    assert client.get("/api/runs", params={"sort": "a,b,c,d"}).status_code == 422


def test_a_scalar_of_a_stored_run_is_a_field(client: TestClient, sqlite_database: Database):
    assert client.get("/api/runs", params={"query": "probe/score > 1"}).status_code == 422
    run_id, attempt = start(sqlite_database)
    record(sqlite_database, run_id, attempt, 1, {"probe/score": 2.0})
    assert [run["id"] for run in listed(client, query="probe/score > 1", sort="probe/score")["runs"]] == [run_id]
    names = {field["name"] for field in client.get("/api/runs/fields").json()["fields"]}
    assert {"probe/score", "state", "eval/accuracy", "latest.accuracy", "optimizer.learning_rate"} <= names


def test_groups_open_by_their_own_query(client: TestClient, sqlite_database: Database):
    for number, (group, kl) in enumerate([("one", 0.5), ("one", 0.7), ('odd "x"', 0.1), ("", None)]):
        run_id, attempt = start(sqlite_database, name=f"run {number}", seed=number)
        client.patch(f"/api/runs/{run_id}", json={"group": group})
        if kl is not None:
            record(sqlite_database, run_id, attempt, 1, {"eval/reverse_kl": kl})
    answer = client.get("/api/runs/groups", params={"by": "group", "measures": "kl", "sort": "kl"}).json()
    assert answer["total"] == 3
    assert [(group["values"], group["count"]) for group in answer["groups"]] == [
        (['odd "x"'], 1),
        (["one"], 2),
        ([None], 1),
    ]
    one = answer["groups"][1]
    assert one["measures"]["kl"] == pytest.approx({"count": 2, "mean": 0.6, "low": 0.5, "high": 0.7, "total": 1.2})
    for group in answer["groups"]:
        assert listed(client, query=f"({group['query']}) and method = opd")["total"] == group["count"]
    biggest = client.get("/api/runs/groups", params={"by": "group,method", "sort": "-count", "limit": 1}).json()
    assert (biggest["groups"][0]["values"], biggest["total"]) == (["one", "opd"], 3)
    for wrong in ({"by": "id"}, {"by": "accuracy"}, {"by": "group", "measures": "name"}, {"by": "group", "sort": "kl"}):
        assert client.get("/api/runs/groups", params=wrong).status_code == 422, wrong


def test_fields_give_values_that_runs_have(client: TestClient, sqlite_database: Database):
    run_id = create(sqlite_database, seed=77)
    client.patch(f"/api/runs/{run_id}", json={"group": "sweep", "tags": ["ours"]})
    fields = {field["name"]: field for field in client.get("/api/runs/fields").json()["fields"]}
    assert fields["group"]["examples"] == ["sweep"]
    assert fields["tag"]["examples"] == ["ours"]
    assert "running" in fields["state"]["examples"]
    assert fields["seed"]["examples"] == ["77"]
    assert fields["created"]["type"] == "time"
    assert (fields["eval/accuracy"]["title"], fields["eval/accuracy"]["short"]) == ("Held-out accuracy", "Accuracy")
    assert [fields[name]["short"] for name in ("loss", "step", "optimizer.learning_rate")] == ["Loss", "Step", "Rate"]
    assert (fields["group"]["groupable"], fields["eval/accuracy"]["groupable"]) == (True, False)
    told = {field["key"] for field in fields.values() if field["source"] == "run"}
    assert told - listed(client)["runs"][0].keys() == {"notes", "progress", "updated_at"}


def bulk(client: TestClient, **body) -> dict[str, tuple[bool, str]]:
    answer = client.post("/api/runs/bulk", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["done"] == sum(outcome["ok"] for outcome in answer.json()["outcomes"])
    return {outcome["run"]: (outcome["ok"], outcome["detail"]) for outcome in answer.json()["outcomes"]}


def test_a_command_to_many_says_of_each_what_happened(client: TestClient, sqlite_database: Database):
    waiting = create(sqlite_database)
    running, _ = start(sqlite_database)
    finished, _ = start(sqlite_database)
    move(sqlite_database, finished, RunState.FINISHED)
    outcomes = bulk(client, action="stop", ids=[waiting, running, finished, "nobody"])
    assert {run_id: ok for run_id, (ok, _) in outcomes.items()} == {
        waiting: True,
        running: True,
        finished: False,
        "nobody": False,
    }
    assert "finished" in outcomes[finished][1]
    assert [row["actor"] for row in client.get(f"/api/runs/{running}/history").json()["commands"]] == ["api"]
    assert bulk(client, action="resume", query="state = stopped") == {
        waiting: (True, "queued again; continues from the last checkpoint")
    }


def test_tags_and_group_of_all_that_match(client: TestClient, sqlite_database: Database):
    made = [create(sqlite_database, name=f"run {number}") for number in range(3)]
    other = create(sqlite_database, name="other")
    assert all(ok for ok, _ in bulk(client, action="tag", query="name ~ run", expected=3, tags=["a", "b"]).values())
    assert len(bulk(client, action="untag", ids=made[:1], tags=["a"])) == 1
    bulk(client, action="group", query="tag = b", group="sweep")
    assert client.get(f"/api/runs/{made[0]}").json()["tags"] == ["b"]
    assert client.get(f"/api/runs/{made[1]}").json()["group"] == "sweep"
    assert client.get(f"/api/runs/{other}").json()["group"] == ""
    seqs = {run["id"]: run["seq"] for run in listed(client)["runs"]}
    assert seqs[made[1]] > seqs[other]  # open tables hear of it
    full = bulk(client, action="tag", ids=made[:1], tags=[f"t{number}" for number in range(50)])
    assert full[made[0]][0] is False and "51" in full[made[0]][1]


def test_deleting_many_takes_what_can_go(client: TestClient, sqlite_database: Database, settings: Settings):
    running, _ = filled(sqlite_database)
    finished, _ = filled(sqlite_database)
    move(sqlite_database, finished, RunState.FINISHED)
    (settings.run_folder(finished) / "checkpoints").mkdir(parents=True)
    refused = client.post("/api/runs/bulk", json={"action": "delete", "query": "", "expected": 7})
    assert (refused.status_code, refused.json()["where"]) == (409, "query")
    outcomes = bulk(client, action="delete", query="", expected=2)
    assert (outcomes[running][0], outcomes[finished]) == (False, (True, "deleted"))
    assert "stop it" in outcomes[running][1]
    assert not settings.run_folder(finished).exists()
    with sqlite_database.read() as session:
        assert runs.get(session, running).state == "running"


@pytest.mark.parametrize(
    "body",
    [
        {"action": "stop"},
        {"action": "stop", "ids": [], "query": ""},
        {"action": "explode", "ids": []},
        {"action": "tag", "ids": []},
        {"action": "group", "ids": []},
        {"action": "stop", "ids": ["../x"]},
        {"action": "stop", "query": "acuracy > 1"},
        {"action": "tag", "ids": [], "tags": ["\x00"]},
    ],
)
def test_a_bulk_action_must_say_which_and_what(client: TestClient, body: dict):
    assert client.post("/api/runs/bulk", json=body).status_code == 422


def test_views_are_saved_replaced_and_forgotten(client: TestClient):
    assert client.get("/api/views?page=runs").json() == {"views": []}
    for name, search in [("b", "?sort=name"), ("a/x", "?q=1"), ("b", "?sort=-name")]:
        saved = client.put("/api/views", json={"page": "runs", "name": name, "search": search})
        assert (saved.status_code, saved.json()["search"]) == (200, search)
    client.put("/api/views", json={"page": "run", "name": "b", "search": "?tab=logs"})
    views = client.get("/api/views?page=runs").json()["views"]
    assert [(view["name"], view["search"]) for view in views] == [("a/x", "?q=1"), ("b", "?sort=-name")]
    assert client.delete("/api/views", params={"page": "runs", "name": "a/x"}).status_code == 204
    assert client.delete("/api/views", params={"page": "runs", "name": "a/x"}).status_code == 404
    assert len(client.get("/api/views?page=runs").json()["views"]) == 1
    for wrong in ({"page": "RUNS!"}, {}, {"page": "runs", "x": 1}):
        assert client.get("/api/views", params=wrong).status_code == 422
