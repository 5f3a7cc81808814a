"""The whole API once on PostgreSQL, where text and integers have limits that SQLite lacks."""

import pytest
from fastapi.testclient import TestClient
from support.stored_runs import filled

from opdboard.api.app import create_app
from opdboard.db.database import Database
from opdboard.panels import registry
from opdboard.settings import Settings

pytestmark = pytest.mark.slow


@pytest.fixture
def client(settings: Settings, postgres_database: Database, tmp_path):
    app = create_app(settings.model_copy(update={"database_url": postgres_database.url}), static=tmp_path)
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as opened:
        yield opened


def test_everything_is_read_and_written(client: TestClient, postgres_database: Database):
    first, second = filled(postgres_database)[0], filled(postgres_database)[0]
    reads = [
        "",
        "/history",
        "/series",
        "/modules",
        "/statistics/update_norm",
        "/decisions",
        "/checkpoints",
        "/samples",
        "/logs",
    ]
    addresses = [f"/api/runs/{first}{rest}" for rest in reads]
    addresses += ["/api/runs?query=opd", "/api/workers", f"/api/compare/config?runs={first},{second}"]
    addresses += [
        "/api/runs?query=accuracy>0.1 and not tag=x&sort=-lr,name",
        "/api/runs/fields",
        "/api/views?page=runs",
    ]
    addresses += ["/api/runs/groups?by=tag,seed&measures=accuracy,progress&sort=-accuracy"]
    addresses += [f"/api/compare/speedup?runs={first},{second}"]
    for panel in registry.PANELS:
        runs = ",".join([first, second][: panel.min_runs])
        addresses += [f"/api/panels/{panel.name}?runs={runs}"]
        addresses += [f"/api/panels/{panel.name}/extension?runs={runs}&after={','.join(['9'] * panel.min_runs)}"]
    for address in addresses:
        assert client.get(address).status_code == 200, address
    made = client.post("/api/runs", json={"config": {}, "tags": ["a"]}).json()
    assert client.patch(f"/api/runs/{made['id']}", json={"notes": "n"}).json()["notes"] == "n"
    assert client.post(f"/api/runs/{made['id']}/commands", json={"command": "stop"}).status_code == 201
    fork = {"config": {"student": {"kind": "run", "run_id": first}}, "copied_from": first}
    assert client.post("/api/runs", json=fork).status_code == 201
    assert client.post("/api/runs/bulk", json={"action": "tag", "query": "opd", "tags": ["b"]}).status_code == 200
    assert client.put("/api/views", json={"page": "runs", "name": "n", "search": "?q=opd"}).status_code == 200
    assert client.delete(f"/api/runs/{made['id']}").status_code == 204


@pytest.mark.parametrize(
    "body",
    [
        {"config": {"name": "\x00"}},
        {"config": {"student": {"kind": "hub", "repo_id": "a\x00b"}, "data": {"kind": "file", "path": "p"}}},
        {"config": {"budget": {"steps": 2**31}}},
        {"config": {}, "tags": ["\x00"]},
        {"config": {}, "notes": "\x00"},
    ],
)
def test_what_it_cannot_store_is_refused(client: TestClient, body: dict):
    assert client.post("/api/runs", json=body).status_code == 422


def test_large_numbers_that_fit_no_column_are_stored_or_refused(client: TestClient):
    for config in ({"budget": {"batch_size": 10**30}}, {"objective": {"chunk_tokens": 2**63}}):
        assert client.post("/api/runs", json={"config": config}).status_code in (201, 422)
        assert client.get("/api/runs").status_code == 200
