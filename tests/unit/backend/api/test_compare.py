"""Runs side by side over HTTP."""

import csv
import io

import pytest
from fastapi.testclient import TestClient
from support.stored_runs import create, filled, move, record, start

from opdboard.db import runs
from opdboard.db.database import Database
from opdboard.domain.entries import entry_of_group
from opdboard.domain.run_state import RunState


def group(database: Database, name: str, *run_ids: str) -> str:
    """Put runs into a group; the entry that stands for it."""
    with database.write() as session:
        for run_id in run_ids:
            runs.get(session, run_id, lock=True).group = name
    return entry_of_group(name)


def falling(database: Database, factor: float, **config) -> str:
    """A run whose held-out KL falls by factor / 32 a step, evaluated at every second step up to 8."""
    run_id, attempt = start(database, **config)
    for step in range(0, 9, 2):
        costs = {
            "tokens": 10.0 * step,
            "search_tokens": 2.5 * step * (factor - 1),
            "seconds": step * factor / 2,
            "search_seconds": 0.1 * (factor - 1),
        }
        record(database, run_id, attempt, step, {"eval/reverse_kl": 1 - step * factor / 32, **costs})
    return run_id


def test_configurations_are_split_by_whether_they_agree(client: TestClient, sqlite_database: Database):
    first = create(sqlite_database, seed=1)
    second = create(sqlite_database, seed=2, strategy={"kind": "effopd"})
    body = client.get(f"/api/compare/config?runs={first},{second}").json()
    differing = {row["path"]: row["values"] for row in body["differing"]}
    assert differing["seed"] == {first: [1], second: [2]}
    assert differing["strategy.kind"] == {first: ["none"], second: ["effopd"]}
    assert differing["strategy.candidates"] == {second: [5]}
    same = {row["path"]: row["value"] for row in body["same"]}
    assert same["budget.steps"] == 100
    assert not same.keys() & differing.keys()
    assert client.get(f"/api/compare/config?runs={first}").json()["differing"] == []


def test_a_group_shows_the_set_of_its_values(client: TestClient, sqlite_database: Database):
    entry = group(sqlite_database, "a, b", *(create(sqlite_database, seed=seed) for seed in (2, 0, 2)))
    alone = create(sqlite_database, seed=0, strategy={"kind": "effopd"})
    body = client.get("/api/compare/config", params={"runs": f"{entry},{alone}"}).json()
    differing = {row["path"]: row["values"] for row in body["differing"]}
    assert entry == "group:a%2C b"
    assert differing["seed"] == {entry: [2, 0], alone: [0]}
    assert differing["strategy.kind"] == {entry: ["none"], alone: ["effopd"]}


def test_entries_are_listed_with_their_runs_and_without_failed_ones(client: TestClient, sqlite_database: Database):
    members = [start(sqlite_database)[0] for _ in range(3)]
    entry = group(sqlite_database, "seeds", *members)
    move(sqlite_database, members[1], RunState.FAILED)
    other = group(sqlite_database, "later", create(sqlite_database))
    body = client.get(f"/api/compare/entries?runs={members[0]},{entry},{other},gone,group:gone").json()
    alone, seeds, later = body["entries"]
    assert (alone["key"], alone["is_group"], len(alone["runs"])) == (members[0], False, 1)
    assert [run["id"] for run in seeds["runs"]] == [members[0], members[2]]
    assert (seeds["name"], seeds["is_group"], seeds["failed"], seeds["color"]) == ("seeds", True, 1, 0)
    assert later["color"] == 1
    assert body["missing"] == ["gone", "group:gone"]


def test_a_ninth_entry_and_a_fifty_first_run_are_refused(client: TestClient, sqlite_database: Database):
    nine = ",".join(f"r{number}" for number in range(9))
    for path in ("entries", "config", "speedup"):
        answer = client.get(f"/api/compare/{path}?runs={nine}")
        assert (answer.status_code, answer.json()["where"]) == (422, "runs")
        assert "1 to 8" in answer.json()["detail"]
    entry = group(sqlite_database, "large", *(create(sqlite_database) for _ in range(51)))
    for path in ("compare/entries", "panels/scalars"):
        answer = client.get(f"/api/{path}?runs={entry}")
        assert answer.status_code == 422
        assert "hold 51 runs" in answer.json()["detail"]


def test_runs_and_groups_are_found_by_part_of_their_name(client: TestClient, sqlite_database: Database):
    run_id = create(sqlite_database, name="looking ahead")
    group(sqlite_database, "rates", run_id, create(sqlite_database))
    body = client.get("/api/compare/choices?search=RATE").json()
    assert body["groups"] == [{"key": "group:rates", "name": "rates", "runs": 2}]
    assert run_id in {run["key"] for run in body["runs"]}
    assert client.get("/api/compare/choices?search=100%").json() == {"groups": [], "runs": []}


def test_speed_up_counts_steps_tokens_and_seconds(client: TestClient, sqlite_database: Database):
    slow, fast = falling(sqlite_database, 1), falling(sqlite_database, 4)
    address = f"/api/compare/speedup?runs={slow},{fast}"
    body = client.get(address).json()
    assert (body["metric"], body["target"], body["smoothing"]) == ("eval/reverse_kl", 0.75, "running median of 3")
    reference, other = body["rows"]
    assert (reference["costs"]["steps"], reference["ratios"]["seconds"]["value"]) == (8, 1.0)
    assert other["costs"] == {
        "steps": 2,
        "tokens": 35.0,
        "search_tokens": 15.0,
        "seconds": 4.0,
        "search_seconds": pytest.approx(0.3),
        "gpu_seconds": None,
    }
    assert {name: ratio and ratio["value"] for name, ratio in other["ratios"].items()} == {
        "steps": 4.0,
        "tokens": pytest.approx(80 / 35),
        "seconds": 1.0,
        "gpu_seconds": None,
    }
    assert (other["same_rate"], other["against_best"], body["best"]) == (True, None, None)
    turned = client.get(f"{address}&reference={fast}").json()
    assert [row["reached"] for row in turned["rows"]] == [0, 1]
    assert client.get(f"{address}&share=0.5").json()["target"] == 0.875


def test_groups_of_the_same_seeds_are_paired(client: TestClient, sqlite_database: Database):
    slow = group(sqlite_database, "slow", *(falling(sqlite_database, 1, seed=seed) for seed in (0, 1)))
    fast = group(
        sqlite_database,
        "fast",
        *(falling(sqlite_database, 4, seed=seed, strategy={"kind": "effopd"}) for seed in (1, 0)),
    )
    rates = {"learning_rate": 3e-4}
    best = falling(sqlite_database, 2, optimizer=rates)
    body = client.get(f"/api/compare/speedup?runs={slow},{fast},{best}").json()
    row = body["rows"][1]
    assert (row["members"], row["reached"]) == (2, 2)
    assert row["ratios"]["steps"] == {
        "value": 4.0,
        "low": pytest.approx(4.0),
        "high": pytest.approx(4.0),
        "paired": True,
        "at_least": 3.0,  # from (6, 8] against (0, 2]
        "at_most": None,
    }
    assert row["words"]["ratios"]["steps"] == {
        "text": "4×",
        "bracket": "[3–∞]",
        "more": "n = 2: 4–4",
        "verdict": "faster",
    }
    assert (body["best"], body["rows"][2]["same_rate"]) == (best, False)
    assert row["against_best"]["steps"]["value"] == 2.0


def evaluated(database: Database, values: dict[int, float], key: str = "eval/accuracy", **config) -> str:
    run_id, attempt = start(database, **config)
    for step, value in values.items():
        record(database, run_id, attempt, step, {key: value, "tokens": 10.0 * step, "seconds": 1.0 * step})
    return run_id


def test_what_never_recorded_the_measure_says_so(client: TestClient, sqlite_database: Database):
    known = evaluated(sqlite_database, {0: 0.1, 4: 0.4, 8: 0.5, 12: 0.6})
    other = evaluated(sqlite_database, {0: 1.0, 4: 0.9, 8: 0.8}, "eval/reverse_kl")
    nothing = evaluated(sqlite_database, dict.fromkeys((0, 4, 8), float("nan")))
    once, short = evaluated(sqlite_database, {0: 0.1}), evaluated(sqlite_database, {0: 0.1, 4: 0.2, 8: 0.3})
    for run_id in (other, nothing, once, short):
        move(sqlite_database, run_id, RunState.FINISHED)
    waiting = create(sqlite_database)
    keys = ",".join((known, other, nothing, once, short, waiting))
    body = client.get(f"/api/compare/speedup?runs={keys}&metric=eval/accuracy").json()
    assert [(row["standing"], row["words"]["standing"]) for row in body["rows"]] == [
        ("reached", "reached"),
        ("never_recorded", "Held-out accuracy: never recorded"),
        ("never_finite", "Held-out accuracy: no finite value"),
        ("too_few", "evaluated once"),
        ("not_reached", "not reached by step 8"),
        ("never_recorded", "Held-out accuracy: not recorded yet"),
    ]
    assert [row["reached"] for row in body["rows"]] == [1, 0, 0, 0, 0, 0]
    told = client.get(f"/api/compare/speedup.csv?runs={keys}&metric=eval/accuracy")
    rows = list(csv.DictReader(io.StringIO(told.text)))
    assert [row["standing"] for row in rows] == [row["words"]["standing"] for row in body["rows"]]
    assert (rows[0]["steps"], rows[0]["steps_after"], rows[0]["steps_by"]) == ("12.0", "8.0", "12.0")
    turned = client.get(f"/api/compare/speedup?runs={nothing},{known}&metric=eval/accuracy").json()
    assert turned["target"] is None and "has too few evaluations of Held-out accuracy" in turned["told"]


@pytest.mark.parametrize(("held_out", "end", "noise"), [(64, 0.15, True), (6400, 0.15, False), (64, 0.6, False)])
def test_a_target_within_the_noise_of_an_evaluation_is_told(
    client: TestClient, sqlite_database: Database, held_out: int, end: float, noise: bool
):
    """Two standard errors of a share of 0.15 of 64 answers: 2 sqrt(0.15 0.85 / 64) = 0.089."""
    monitoring = {"held_out_size": held_out}
    slow = evaluated(sqlite_database, {0: 0.1, 4: 0.1, 8: 0.1, 12: end, 16: end}, monitoring=monitoring)
    fast = evaluated(sqlite_database, {0: 0.1, 4: end, 8: end, 12: end, 16: end}, monitoring=monitoring)
    body = client.get(f"/api/compare/speedup?runs={slow},{fast}&metric=eval/accuracy").json()
    assert body["within_noise"] is noise
    assert body["noise"]["answers"] == held_out
    cell = body["rows"][1]["words"]["ratios"]["steps"]
    assert (cell["verdict"], cell["more"]) == ("noise", "within noise, n = 1") if noise else ("single", "n = 1")
    assert any("not told apart from noise" in note for note in body["notes"]) is noise


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
    assert body["rows"][0]["reached"] == 0


def test_a_run_in_the_queue_is_not_said_to_differ(client: TestClient, sqlite_database: Database):
    known, waiting = falling(sqlite_database, 1), create(sqlite_database, monitoring={"held_out_size": 7})
    body = client.get(f"/api/compare/speedup?runs={known},{waiting}").json()
    assert [row["differs"] for row in body["rows"]] == [["going"], ["not_evaluated"]]
    move(sqlite_database, waiting, RunState.FAILED)
    body = client.get(f"/api/compare/speedup?runs={known},{waiting}").json()
    assert body["rows"][1]["differs"] == ["never_evaluated"]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"seed": [1], "budget": 5, "optimizer": "adam", "monitoring": None},
        {"seed": "a", "budget": {"batch_size": [8], "temperature": True}, "optimizer": {"learning_rate": "1e-5"}},
    ],
)
def test_what_reported_runs_do_not_tell_is_unknown(client: TestClient, sqlite_database: Database, config: dict):
    known = falling(sqlite_database, 1)
    made = client.post(
        "/api/reported-runs", json={"name": "elsewhere", "method": "trl-gkd", "total_steps": 8, "config": config}
    ).json()
    for step in range(0, 9, 2):
        record(sqlite_database, made["run_id"], made["attempt"], step, {"eval/reverse_kl": 1 - step / 16})
    answer = client.get(f"/api/compare/speedup?runs={known},{made['run_id']}")
    assert answer.status_code == 200, answer.text
    row = answer.json()["rows"][1]
    assert (row["differs"], row["untold"]) == (["going"], ["batch", "held_out", "temperature"])
    assert (row["same_rate"], row["learning_rates"], row["ratios"]["steps"]["value"]) == (None, [], 2.0)
