"""A key that a body gives twice is refused by every endpoint that takes one."""

import re

import pytest
from fastapi.testclient import TestClient

JSON = {"content-type": "application/json"}


def test_a_key_given_twice_is_refused_by_name(client: TestClient):
    paths = client.get("/api/openapi.json").json()["paths"]
    taking = [
        (method, path)
        for path in paths
        for method, one in paths[path].items()
        if "application/json" in one.get("requestBody", {}).get("content", {})
    ]
    assert len(taking) > 15
    for method, path in taking:
        address = re.sub(r"{[^}]*}", "1", path)
        refused = client.request(method, address, content=b'{"name": "first", "name": "second"}', headers=JSON)
        detail = "the body gives 'name' twice; keep the one that counts"
        assert (refused.status_code, refused.json()) == (
            422,
            {"error": "BadInput", "detail": detail, "where": "name"},
        ), path


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ('{"config": {"a": 1, "b": {}, "a": 1}}', "a"),
        ('{"config": {"a": [[{"b": 1, "c": 2, "c": 3}]]}}', "c"),
        ('{"config": {"a": 1, "\\u0061": 2}}', "a"),
        ('{"config": {"": 1, "": 2}}', ""),
        ('{"config": {"\\ud800": 1, "\\ud800": 2}}', "\ufffd"),
        (f'{{"config": {{"{"k" * 5000}": 1, "{"k" * 5000}": 2}}}}', "k" * 80),
    ],
)
def test_wherever_it_stands_and_however_it_is_spelt(client: TestClient, content: str, key: str):
    whole = content.replace("{", '{"name": "r", "method": "m", "total_steps": 1, ', 1)
    refused = client.post("/api/reported-runs", content=whole, headers=JSON)
    assert (refused.status_code, refused.json()["where"]) == (422, key)
    assert f"'{key}' twice" in refused.json()["detail"]


def test_nothing_of_a_refused_report_is_stored(client: TestClient):
    begun = client.post("/api/reported-runs", json={"name": "r", "method": "m", "total_steps": 5}).json()
    points = f"/api/runs/{begun['run_id']}/points"
    column = '{"steps": [1], "values": [1.0]}'
    content = f'{{"attempt": 1, "series": {{"loss": {column}, "loss": {column}}}}}'
    assert "'loss' twice" in client.post(points, content=content, headers=JSON).json()["detail"]
    assert client.get(f"/api/runs/{begun['run_id']}/series").json()["series"] == {}


def test_the_same_key_in_several_objects_is_no_matter(client: TestClient):
    config = {"a": {"a": [{"a": 1}, {"a": 2}]}}
    begin = {"name": "r", "method": "m", "total_steps": 1, "config": config}
    assert client.post("/api/reported-runs", json=begin).status_code == 201
