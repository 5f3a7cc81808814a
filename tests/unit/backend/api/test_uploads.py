"""Data files that are chosen in the browser: kept once, whole and readable, or refused in a sentence."""

import errno
import gzip
import hashlib
import io
import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from fastapi.testclient import TestClient

from opdboard.api.app import create_app
from opdboard.data_files.uploads import uploaded_file
from opdboard.domain.data import UploadData
from opdboard.domain.errors import DataProblem
from opdboard.settings import Settings
from opdboard_worker.data.examples import load_examples, load_held_out

ROWS = b'{"prompt": "1+1?", "answer": 2}\n{"prompt": "2+2?", "answer": 4}\n'


def _send(client: TestClient, content: bytes = ROWS, name: str = "rows.jsonl"):
    return client.post("/api/uploads", params={"name": name}, content=content)


def _kept(settings: Settings) -> list[str]:
    return sorted(path.name for path in (settings.root / "uploads").glob("*"))


def test_a_file_is_kept_and_then_read_by_the_look_and_the_run(client: TestClient, settings: Settings):
    answer = _send(client)
    digest = hashlib.sha256(ROWS).hexdigest()
    assert answer.status_code == 201
    assert answer.json() == {"file": f"{digest[:32]}-rows.jsonl", "bytes": len(ROWS), "sha256": digest}
    file = settings.root / "uploads" / answer.json()["file"]
    assert file.read_bytes() == ROWS and file.stat().st_mode & 0o777 == 0o644
    data = {"kind": "upload", "file": file.name, "held_out": file.name}
    found = client.post("/api/launch/data", json={"data": data}).json()
    assert (found["rows"], found["problem"]) == (2, None)
    config = UploadData(file=file.name, held_out=file.name)
    assert [one.answer for one in load_examples(config, settings.root)] == ["2", "4"]
    assert load_held_out(config, settings.root) == load_examples(config, settings.root)
    assert config.label == "rows.jsonl"


def test_the_same_content_is_kept_once_and_nothing_is_overwritten(client: TestClient, settings: Settings):
    first = _send(client).json()["file"]
    assert _send(client, name="others.jsonl").json()["file"] == first
    other = _send(client, ROWS[:-1]).json()["file"]
    assert _kept(settings) == sorted([first, other])


def test_the_same_content_under_another_kind_is_another_file(client: TestClient):
    packed = gzip.compress(b'{"prompt": "a"}\n{"prompt": "b"}\n')
    assert _send(client, packed, "rows.csv.gz").json()["file"].endswith("-rows.csv.gz")
    assert _send(client, packed, "rows.jsonl.gz").json()["file"].endswith("-rows.jsonl.gz")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/pass wd.jsonl", "pass_wd.jsonl"),
        ("C:\\data\\RÖWS.JSONL", "R_WS.jsonl"),
        (".jsonl", "jsonl"),
        ("x" * 190 + ".jsonl", "x" * 80 + ".jsonl"),
    ],
)
def test_a_name_is_never_a_path(client: TestClient, settings: Settings, name: str, kept: str):
    answer = _send(client, name=name)
    if "." not in kept:
        assert answer.status_code == 422
        return
    assert answer.json()["file"].partition("-")[2] == kept
    assert UploadData(file=answer.json()["file"])
    assert _kept(settings) == [answer.json()["file"]]


def _parquet() -> bytes:
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"prompt": ["a"]}), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "told", "where"),
    [
        ("model.bin", ROWS, "is no .jsonl", "model.bin"),
        ("rows.parquet.gz", ROWS, "is no .jsonl", "rows.parquet.gz"),
        ("rows.jsonl", ROWS + b'{"prompt": ', "the row is not valid JSON", "rows.jsonl:3"),
        ("rows.jsonl", ROWS + b'{"prompt": "\xff"}', "this is not UTF-8", "rows.jsonl:3"),
        ("rows.csv", b"prompt,answer\na,b,c\n", "the row has 3 values and the header 2", "rows.csv:2"),
        ("rows.parquet", _parquet()[:-9], "rows.parquet is not a readable Parquet file", "rows.parquet"),
        ("rows.jsonl.gz", ROWS, "rows.jsonl.gz cannot be read: it is no whole .gz file", "rows.jsonl.gz"),
        ("rows.jsonl", b"", "has no rows", "rows.jsonl"),
        ("rows.csv", b"prompt\n", "has no rows", "rows.csv"),
    ],
)
def test_what_cannot_be_read_as_rows_is_not_kept(client: TestClient, settings: Settings, name, content, told, where):
    answer = _send(client, content, name)
    assert (answer.status_code, answer.json()["where"]) == (422, where)
    assert told in answer.json()["detail"] and str(settings.root) not in answer.text
    assert _kept(settings) == []


def test_a_row_that_needs_a_mapping_is_kept(client: TestClient):
    assert _send(client, b'{"q": "a"}').status_code == 201
    assert _send(client, _parquet(), "rows.parquet").status_code == 201


def test_what_is_too_large_or_unwanted_is_not_kept(settings: Settings, sqlite_database, tmp_path: Path):
    for most, status, told in (
        (1, 413, "larger than 1 MiB (OPDBOARD_UPLOAD_MIB)"),
        (0, 422, "OPDBOARD_UPLOAD_MIB is 0"),
    ):
        app = create_app(settings.model_copy(update={"upload_mib": most}), static=tmp_path / "none")
        answer = _send(TestClient(app, base_url="http://127.0.0.1:8765"), ROWS * 20_000)
        assert answer.status_code == status and told in answer.json()["detail"]
        assert _kept(settings) == []


def test_a_full_disk_is_told(client: TestClient, settings: Settings, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    answer = _send(client)
    assert answer.status_code == 503 and "the disk of the data folder is full" in answer.json()["detail"]
    assert _kept(settings) == []


def test_a_worker_that_does_not_see_the_data_folder_says_so(tmp_path: Path):
    name = f"{'0' * 32}-rows.jsonl"
    with pytest.raises(DataProblem, match=r"rows.jsonl was uploaded to the web server and is not in the data folder"):
        uploaded_file(name, tmp_path)
    for unsafe in (f"{'0' * 32}-../x", f"{'0' * 32}-", "rows.jsonl", f"{'0' * 32}-.hidden"):
        with pytest.raises(ValueError, match="pattern"):
            UploadData(file=unsafe)
    assert json.loads(UploadData(file=name).model_dump_json())["kind"] == "upload"


def test_kept_files_are_listed_and_deleted_but_for_those_that_a_run_has_yet_to_read(client: TestClient):
    assert client.get("/api/uploads").json() == []
    needed, other = _send(client).json()["file"], _send(client, ROWS[:-1], "others.jsonl").json()["file"]
    config = {
        "student": {"kind": "hub", "repo_id": "a/b"},
        "teacher": {"kind": "privileged"},
        "data": {"kind": "upload", "file": needed},
    }
    run = client.post("/api/runs", json={"config": config | {"name": "reader"}})
    assert run.status_code == 201, run.text
    kept = {one["file"]: one for one in client.get("/api/uploads").json()}
    assert (kept[needed]["name"], kept[needed]["bytes"]) == ("rows.jsonl", len(ROWS))
    assert {file: one["needed_by"] for file, one in kept.items()} == {needed: ["reader"], other: []}
    refused = client.delete(f"/api/uploads/{needed}")
    assert (refused.status_code, "reader" in refused.json()["detail"]) == (409, True)
    assert client.delete(f"/api/uploads/{other}").status_code == 204
    assert client.delete(f"/api/uploads/{other}").status_code == 404
    assert client.delete("/api/uploads/..%2fopdboard.db").status_code in (404, 405, 422)
    client.delete(f"/api/runs/{run.json()['id']}")
    assert client.delete(f"/api/uploads/{needed}").status_code == 204
    assert client.get("/api/uploads").json() == []
