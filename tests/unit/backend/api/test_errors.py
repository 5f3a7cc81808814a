"""Bad input never breaks the server: every answer from 400 up has the same shape and says what is allowed."""

import pytest
from fastapi.testclient import TestClient
from support.stored_runs import filled

from opdboard.db.database import Database


def check(answer, *statuses: int) -> dict:
    assert answer.status_code in statuses, (answer.status_code, answer.text)
    body = answer.json()
    assert {"error", "detail", "where"} <= body.keys() <= {"error", "detail", "where", "fields"}
    return body


@pytest.mark.parametrize(
    "path",
    [
        "/api/nothing",
        "/api/runs/..%2f..%2fetc%2fpasswd",
        "/api/runs/a%00b",
        "/api/runs/" + "a" * 5000,
        "/api/runs/%ff%fe",
        "/api/runs/nobody/statistics/a%2fb",
        "/api/panels/nothing?runs=x",
        "/api/panels/scalars",
        "/api/panels/scalars?runs=",
        "/api/panels/scalars?runs=nobody",
        "/api/panels/scalars?runs=a%00b",
        "/api/panels/scalars?runs=a,b,c,d,e,f,g",
        "/api/panels/difference?runs=a",
        "/api/compare/config?runs=,",
        "/api/compare/config",
        "/api/compare/speedup?runs=a%00",
        "/api/runs?limit=0",
        "/api/runs?limit=99999999999999999999999",
        "/api/runs?offset=-1",
        "/api/runs?query=%00",
        "/api/runs?nonsense=1",
        "/api/live/nothing",
    ],
)
def test_a_wrong_address_is_refused_with_reasons(client: TestClient, path: str):
    check(client.get(path), 404, 422)


@pytest.mark.parametrize(
    "query",
    [
        "series?after=x",
        "series?after=1e5",
        "series?after=9999999999",
        "series?max_points=1",
        "series?keys=%00",
        "series?keys=" + "a," * 300 + ",".join(f"k{number}" for number in range(300)),
        "series?bogus=1",
        "samples?step=-1",
        "samples?step=NaN",
        "decisions?after=99999999999999999999",
        "logs?limit=100000",
        "statistics/update_norm?step=1.5",
        "statistics/nothing",
    ],
)
def test_wrong_parameters_of_a_run_are_refused(client: TestClient, sqlite_database: Database, query: str):
    run_id, _ = filled(sqlite_database, steps=1)
    check(client.get(f"/api/runs/{run_id}/{query}"), 422)


@pytest.mark.parametrize(
    ("name", "query", "path"),
    [
        ("scalars", "x=time", "x"),
        ("scalars", "smoothing=1", "smoothing"),
        ("scalars", "smoothing=nan", "smoothing"),
        ("scalars", "keys=a%00b", "keys"),
        ("scalars", "keys=" + ",".join("abcdefghi"), "keys"),
        ("scalars", "colour=red", "colour"),
        ("module_allocation", "statistic=beauty", "statistic"),
        ("module_allocation", "step=-1", "step"),
        ("module_allocation", "step=99999999999999999999", "step"),
        ("alignment", "k=7", "k"),
        ("alignment", "reference_step=soon", "reference_step"),
        ("decision_line", "step=1.5", "step"),
    ],
)
def test_wrong_panel_parameters_are_refused_by_name(client: TestClient, sqlite_database: Database, name, query, path):
    run_id, _ = filled(sqlite_database, steps=1)
    for address in (f"/api/panels/{name}?runs={run_id}", f"/api/panels/{name}/extension?runs={run_id}&after=0"):
        body = check(client.get(f"{address}&{query}"), 422)
        assert path in {field["path"].split(".")[0] for field in body["fields"]}


@pytest.mark.parametrize("after", ["", "x", "-1", "1,2", "1e3", "99999999999", "1;2", "²"])
def test_wrong_cursors_are_refused(client: TestClient, sqlite_database: Database, after: str):
    run_id, _ = filled(sqlite_database, steps=1)
    check(client.get("/api/panels/scalars/extension", params={"runs": run_id, "after": after}), 422)


def test_an_unknown_parameter_lists_the_known_ones(client: TestClient, sqlite_database: Database):
    run_id, _ = filled(sqlite_database, steps=1)
    assert "smoothing" in client.get(f"/api/panels/scalars?runs={run_id}&smooth=1").json()["detail"]
    assert "offset" in client.get("/api/runs?page=2").json()["detail"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b'{"config": NaN}', b'{"config": {"seed": NaN}}', b"[" * 100_000,
     b'{"config": {"name": "\\ud800"}}', b'{"config": {"optimizer": {"learning_rate": 1e999}}}',
     b'{"config": {"seed": ' + b"9" * 5000 + b"}}", b'{"config": {"student": {"kind": {"a": 1}}}}'],
)  # fmt: skip
def test_a_wrong_body_is_refused(client: TestClient, content: bytes):
    headers = {"content-type": "application/json"}
    check(client.post("/api/runs", content=content, headers=headers), 400, 422)


def test_a_body_that_is_no_json_says_where(client: TestClient):
    body = client.post("/api/runs", content='{"config":', headers={"content-type": "application/json"}).json()
    assert body["detail"].startswith("the body is not JSON")


def test_a_wrong_method_is_named(client: TestClient):
    assert check(client.put("/api/runs"), 405)["error"] == "MethodNotAllowed"
    check(client.delete("/api/workers"), 405)


def test_a_missing_table_is_no_riddle(client: TestClient, sqlite_database: Database, settings):
    (settings.root / "opdboard.db").unlink()
    sqlite_database.close()
    client.app.state.context.database.close()  # type: ignore[attr-defined]
    assert check(client.get("/api/runs"), 503)["error"] == "DatabaseUnavailable"
    check(client.get("/readyz"), 503)
    assert client.get("/healthz").json()["status"] == "ok"
