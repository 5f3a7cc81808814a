"""Answers travel once: ETags, 304, gzip, and streams left alone."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from support.stored_runs import fill_step, filled

from opdboard.api.app import create_app
from opdboard.db.database import Database
from opdboard.settings import Settings


@pytest.mark.parametrize(
    "path", ["panels/scalars?runs={run}&keys=loss", "runs/{run}/series", "runs", "runs/{run}", "panels"]
)
def test_what_the_client_has_is_not_sent_again_until_it_changed(
    client: TestClient, sqlite_database: Database, path: str
):
    run_id, attempt = filled(sqlite_database)
    address = f"/api/{path.format(run=run_id)}"
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert first.headers["cache-control"] == "private, no-cache"
    fill_step(sqlite_database, run_id, attempt, 9)
    changed = client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == (304 if path == "panels" else 200)


def test_gzip_goes_to_those_who_take_it(client: TestClient):
    packed = client.get("/api/panels", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/api/panels", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.headers["vary"] == "Accept-Encoding"


def test_small_answers_and_refusals_stay_as_they_are(client: TestClient):
    for path in ("/healthz", "/api/runs/nobody"):
        assert "content-encoding" not in client.get(path, headers={"Accept-Encoding": "gzip"}).headers
    assert "etag" not in client.get("/api/runs/nobody").headers


def test_files_of_the_interface_are_compressed_and_conditional(tmp_path: Path):
    (tmp_path / "static" / "assets").mkdir(parents=True)
    (tmp_path / "static" / "assets" / "a.js").write_text("let a = 1;\n" * 1000)
    settings = Settings(data_dir=tmp_path)
    with TestClient(create_app(settings, static=tmp_path / "static"), base_url="http://127.0.0.1") as client:
        first = client.get("/assets/a.js")
        assert first.headers["content-encoding"] == "gzip"
        assert "immutable" in first.headers["cache-control"]
        assert first.text == "let a = 1;\n" * 1000
        assert client.get("/assets/a.js", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
