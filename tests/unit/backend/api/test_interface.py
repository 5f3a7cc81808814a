"""The built user interface and the application as a whole."""

import pytest
from fastapi.testclient import TestClient

from opdboard.api.app import create_app
from opdboard.db.database import Database
from opdboard.settings import Settings


@pytest.fixture
def with_interface(settings: Settings, sqlite_database: Database, tmp_path):
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<title>built</title>")
    (static / "assets" / "main-abc123.js").write_text("let x")
    (static / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("hidden words")
    with TestClient(create_app(settings, static=static), base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize("page", ["/", "/runs/abc", "/compare?runs=a,b", "/index.html", "/settings/"])
def test_every_page_address_is_the_application(with_interface: TestClient, page: str):
    answer = with_interface.get(page)
    assert (answer.status_code, answer.text) == (200, "<title>built</title>")
    assert answer.headers["cache-control"] == "no-cache"


def test_a_page_can_be_asked_for_without_its_body(with_interface: TestClient):
    assert with_interface.head("/runs/abc").status_code == 200


def test_hashed_files_are_kept_and_others_asked_for_again(with_interface: TestClient):
    script = with_interface.get("/assets/main-abc123.js")
    assert "immutable" in script.headers["cache-control"]
    assert "javascript" in script.headers["content-type"]
    assert with_interface.get("/favicon.svg").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/assets/gone-1.js", "/api/gone", "/api", "/api/runs/a/b/c"])
def test_what_is_missing_is_not_the_application(with_interface: TestClient, path: str):
    answer = with_interface.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"] == "NotFound"


@pytest.mark.parametrize(
    "path", ["/..%2fsecret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/%00", "/" + "a" * 5000]
)
def test_nothing_outside_the_folder_is_served(with_interface: TestClient, path: str):
    answer = with_interface.get(path)
    assert "hidden words" not in answer.text
    assert answer.status_code in (200, 404)


def test_an_interface_that_was_not_built_says_how(client: TestClient):
    answer = client.get("/runs")
    assert answer.status_code == 503
    assert "has not been built" in answer.text


def test_readiness_needs_the_newest_schema(settings: Settings, tmp_path):
    database = Database(settings.sql_url)
    with TestClient(create_app(settings, static=tmp_path), base_url="http://localhost") as client:
        assert client.get("/readyz").json()["error"] == "SchemaOutdated"
        database.upgrade()
        assert client.get("/readyz").json() == {"status": "ok"}
    database.close()


def test_every_operation_is_described_and_named_once(client: TestClient):
    paths = client.get("/api/openapi.json").json()["paths"]
    operations = [operation for path in paths.values() for operation in path.values()]
    assert all(operation.get("description") for operation in operations)
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert all("ErrorBody" in str(operation["responses"]["4XX"]) for operation in operations)
