"""The preview of data: what the files hold, and that the server keeps to the folders it may read."""

import gzip
import json

import pytest
import tokenizers
import tokenizers.models
import tokenizers.pre_tokenizers
from fastapi.testclient import TestClient
from support.hub_server import HubServer, Repository

from opdboard.api.app import create_app

GSM = {"question": "1+1?", "answer": "so\n#### 2"}


@pytest.fixture
def rows(tmp_path):
    """rows(list of rows) -> path of a .jsonl.gz file with them."""

    def write(found, name="rows.jsonl.gz"):
        file = tmp_path / name
        file.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in found).encode()))
        return str(file)

    return write


def _preview(client, path, **more):
    response = client.post("/api/launch/data", json={"data": {"kind": "file", "path": path}} | more)
    assert response.status_code == 200, response.text
    return response.json()


def test_what_was_recognised_and_what_is_amiss(client, rows):
    asked = [{"role": "system", "content": "Add."}, {"role": "user", "content": "2+2?"}]
    path = rows([GSM, GSM, {"messages": asked}, {"question": "x" * 3000, "answer": None}])
    found = _preview(client, path)
    assert (found["rows"], found["complete"], found["problem"], found["duplicates"]) == (4, True, None, 1)
    assert found["formats"][0] == {"name": "GSM8K", "rows": 2}
    fields = {(one["field"], one["column"]): one["rows"] for one in found["fields"]}
    assert fields[("answer", "answer behind ####")] == 2 and fields[("answer", "")] == 2
    assert found["first"][0] == {
        "where": f"{path}:1",
        "turns": [{"role": "user", "content": "1+1?"}],
        "answer": "2",
        "solution": "so\n#### 2",
    }
    assert found["first"][2]["turns"] == asked
    assert len(found["first"][3]["turns"][0]["content"]) == 2001
    lengths = found["lengths"]
    assert (lengths["unit"], lengths["longest"], lengths["limit"], sum(lengths["counts"])) == (
        "characters",
        3000,
        None,
        4,
    )


def test_a_refused_row_is_told_with_what_was_read_before(client, rows):
    path = rows([GSM, {"text": "a"}])
    found = _preview(client, path)
    assert (found["rows"], found["complete"], found["where"]) == (1, False, f"{path}:2")
    assert "no prompt" in found["problem"]
    missing = _preview(client, path + "x")
    assert missing["rows"] == 0 and "there is no file" in missing["problem"] and missing["lengths"] is None


def test_lengths_are_tokens_where_the_folder_has_a_tokenizer(client, rows, tmp_path):
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "?": 1}, unk_token="?"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    words.save(str(tmp_path / "tokenizer.json"))
    path = rows([{"prompt": "a " * count} for count in (1, 5, 6, 40)])
    lengths = _preview(client, path, tokenizer=str(tmp_path), max_prompt_tokens=5)["lengths"]
    assert lengths["unit"] == "tokens"
    assert (lengths["longest"], lengths["limit"], lengths["beyond"]) == (40, 5, 2)


def test_long_data_is_looked_at_in_part(client, rows, monkeypatch):
    monkeypatch.setattr("opdboard.data_files.look.MOST_ROWS", 3)
    found = _preview(client, rows([{"prompt": str(number)} for number in range(5)]))
    assert (found["rows"], found["complete"], found["problem"]) == (3, False, None)


def test_nothing_outside_of_the_roots_is_read_or_told_to_exist(settings, sqlite_database, tmp_path, rows):
    """Neither by its path, nor by a pattern, nor through a link."""
    root = tmp_path / "allowed"
    root.mkdir()
    app = create_app(settings.model_copy(update={"model_roots": str(root)}), static=tmp_path / "no interface")
    client = TestClient(app, base_url="http://127.0.0.1:8765")
    outside = rows([{"prompt": "secret"}])
    (root / "link.jsonl.gz").symlink_to(outside)
    inside = root / "inside.jsonl"
    inside.write_text('{"prompt": "a"}')
    for path in (outside, outside + "x", str(tmp_path / "*.gz"), str(root / "link.jsonl.gz"), str(root / "*.gz")):
        found = _preview(client, path)
        assert found["rows"] == 0 and "lies outside of the folders that may be read" in found["problem"]
    assert _preview(client, str(inside))["rows"] == 1


def test_a_data_set_of_the_hub_is_looked_at_like_a_file(client, hub_rows: HubServer):
    content = "".join(json.dumps(row) + "\n" for row in (GSM, GSM, {"question": "?", "answer": "2"})).encode()
    hub_rows.datasets["me/sums"] = Repository(files={"train.jsonl": content})
    asked = {"data": {"kind": "hub", "repo_id": "me/sums"}}
    found = client.post("/api/launch/data", json=asked).json()
    assert (found["rows"], found["where"], found["duplicates"]) == (2, "me/sums train:3", 1)
    asked["data"]["split"] = "test"
    found = client.post("/api/launch/data", json=asked).json()
    assert (found["rows"], found["problem"]) == (0, "me/sums has no split 'test'; it has train")


def test_what_is_held_out_is_looked_at_too(client, rows, tmp_path):
    path = rows([GSM, {"prompt": "2+2?"}, GSM])
    asked = {"data": {"kind": "file", "path": path, "held_out": str(tmp_path / "none.jsonl")}}
    found = client.post("/api/launch/data", json=asked).json()
    assert (found["rows"], found["problem"], found["held_out"]["rows"]) == (3, None, 0)
    assert "there is no file" in found["held_out"]["problem"]
    asked["data"]["held_out"] = rows([GSM, {"prompt": "4+4?"}], "held.jsonl.gz")
    found = client.post("/api/launch/data", json=asked).json()["held_out"]
    assert (found["rows"], found["complete"], found["without_answer"], found["shared"]) == (2, True, 1, 2)


def test_what_is_held_out_is_read_below_the_roots_alone(settings, sqlite_database, tmp_path, rows):
    root = tmp_path / "allowed"
    root.mkdir()
    inside = root / "inside.jsonl"
    inside.write_text('{"prompt": "a"}')
    app = create_app(settings.model_copy(update={"model_roots": str(root)}), static=tmp_path / "no interface")
    client = TestClient(app, base_url="http://127.0.0.1:8765")
    outside = rows([{"prompt": "secret"}])
    asked = {"data": {"kind": "file", "path": str(inside), "held_out": outside}}
    found = client.post("/api/launch/data", json=asked).json()
    assert found["rows"] == 1 and found["held_out"]["rows"] == 0
    assert "lies outside of the folders that may be read" in found["held_out"]["problem"]
