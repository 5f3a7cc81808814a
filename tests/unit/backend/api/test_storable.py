"""What clients send is stored only if everything can read it again; a row of an older version never takes a list down."""

import json

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from support.stored_runs import filled

from opdboard.api.app import create_app
from opdboard.db.database import Database
from opdboard.settings import Settings

READS = [
    "/api/runs", "/api/runs?query=x>1", "/api/runs?query=tag=a or lr>0&sort=-x,name", "/api/runs?query=word",
    "/api/runs/groups?by=x,tag&measures=accuracy,lr", "/api/runs/fields", "/api/runs?sort=-lr",
    "/api/runs?query=x~a",
]  # fmt: skip


@pytest.fixture
def client(settings: Settings, database: Database, tmp_path):
    app = create_app(settings.model_copy(update={"database_url": database.url}), static=tmp_path)
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as opened:
        opened.headers["content-type"] = "application/json"
        yield opened


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


BAD = {
    "NaN": "NaN", "infinity": "-Infinity", "too large a float": "1e400", "too large an integer": "1" + "0" * 400,
    "half a pair": '"\\ud800"', "the other half": '"a\\udc00"', "NUL": '"\\u0000"', "deep": nested(900),
    "deeper": nested(100), "a key": '{"\\ud800": 1}',
}  # fmt: skip


def report(inner: str) -> str:
    return '{"name": "n", "method": "m", "total_steps": 9, "config": {"x": ' + inner + "}}"


BODIES = {
    "reported config": ("POST", "/api/reported-runs", report),
    "reported tags": ("POST", "/api/reported-runs", lambda i: report("1")[:-1] + f', "tags": [{i}]}}'),
    "reported module": (
        "POST", "/api/reported-runs", lambda i: report("1")[:-1] + f', "modules": [{{"name": {i}, "shape": [1, 1]}}]}}'
    ),
    "run name": ("POST", "/api/runs", lambda i: f'{{"config": {{"name": {i}}}}}'),
    "run notes": ("POST", "/api/runs", lambda i: f'{{"config": {{}}, "notes": {i}}}'),
    "launch": ("POST", "/api/launch/sweep", lambda i: f'{{"config": {{"name": {i}}}, "sweep": {{}}}}'),
    "plan": ("POST", "/api/launch/plan", lambda i: f'{{"config": {{"name": {i}}}, "sweep": {{}}}}'),
    "import": ("POST", "/api/imports", lambda i: f'{{"config": {{"base": {i}, "checkpoints": ["a"]}}}}'),
    "view": ("PUT", "/api/views", lambda i: f'{{"page": "runs", "name": {i}, "search": "?a"}}'),
    "webhook": ("POST", "/api/webhooks", lambda i: f'{{"name": {i}, "url": "http://127.0.0.1:9"}}'),
    "alert rule": (
        "POST", "/api/alert-rules",
        lambda i: f'{{"name": {i}, "scope": "scalar", "measure": "loss", "comparison": "above", "threshold": 1}}',
    ),
    "command": ("POST", "/api/runs/RUN/commands", lambda i: f'{{"command": "extrapolate", "factor": {i}}}'),
    "change": ("PATCH", "/api/runs/RUN", lambda i: f'{{"notes": {i}}}'),
    "points": (
        "POST", "/api/runs/RUN/points",
        lambda i: f'{{"attempt": 1, "series": {{{i if i[0] == chr(34) else 1}: {{"steps": [1], "values": [1]}}}}}}',
    ),
    "vectors": (
        "POST", "/api/runs/RUN/points",
        lambda i: f'{{"attempt": 1, "vectors": [{{"statistic": {i}, "step": 1, "values": []}}]}}',
    ),
    "end": ("POST", "/api/runs/RUN/end", lambda i: f'{{"attempt": 1, "state": "failed", "detail": {i}}}'),
}  # fmt: skip


def test_what_could_not_be_read_again_is_refused_everywhere(client: TestClient):
    run_id = client.post("/api/reported-runs", content=report("1")).json()["run_id"]
    wrong = {}
    for body, (method, address, made) in BODIES.items():
        for name, inner in BAD.items():
            answer = client.request(method, address.replace("RUN", run_id), content=made(inner))
            if answer.status_code not in (400, 422):
                wrong[body, name] = (answer.status_code, answer.text[:300])
    assert wrong == {}
    assert [read for read in READS if client.get(read).status_code != 200] == []


def test_a_report_that_is_too_large_or_of_the_right_size(client: TestClient):
    assert client.post("/api/reported-runs", content=report(json.dumps("a" * 1_000_001))).json()["where"] == "config"
    kept = {"x": {"deep": [[[1.5, "\N{GRINNING FACE}"]]], "none": None, "large": 10**300}}
    run_id = client.post("/api/reported-runs", content=report(json.dumps(kept))).json()["run_id"]
    assert client.get(f"/api/runs/{run_id}").json()["reported_config"] == {"x": kept}


@pytest.mark.parametrize("stored", ["NaN", "half a pair", "the other half", "deep", "too large an integer"])
def test_a_row_of_an_older_version_takes_no_list_down(client: TestClient, database: Database, stored: str):
    run_id = client.post("/api/reported-runs", content=report('"\\ud83d\\ude00 a"')).json()["run_id"]
    bad = client.post("/api/reported-runs", content=report("2")).json()["run_id"]
    config = f'{{"learning_rate": {BAD[stored]}, "x": 2}}'
    if stored == "NaN" and not database.url.startswith("sqlite"):
        config = '{"learning_rate": "\\u0000", "x": 2}'  # PostgreSQL takes no NaN
    with database.write() as session:
        session.execute(text("UPDATE runs SET config = :config WHERE id = :id"), {"config": config, "id": bad})
        tags = {"tags": '["a", "\\udc00"]', "id": bad}
        session.execute(text("UPDATE runs SET tags = :tags WHERE id = :id"), tags)
    filled(database)
    for read in READS:
        answer = client.get(read)
        assert answer.status_code == 200, (read, answer.text)
    assert {run_id, bad} <= {run["id"] for run in client.get("/api/runs").json()["runs"]}
    assert [run["id"] for run in client.get("/api/runs?query=x~a").json()["runs"]] == [run_id]
    assert client.get(f"/api/runs/{bad}").status_code == 200
    assert client.get(f"/api/compare/config?runs={run_id},{bad}").status_code == 200
