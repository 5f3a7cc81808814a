"""Files that clients name: what hangs or is malformed holds up nobody and is told in a sentence."""

import json
import os
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from opdboard.api import looks as of_files
from opdboard.domain.errors import Unavailable


def plan(client: TestClient, kind: str, path: Path | str) -> dict:
    config = {
        "student": {"kind": kind, "path": str(path)},
        "teacher": {"kind": "privileged"},
        "data": {"kind": "file", "path": "x.jsonl"},
    }
    answer = client.post("/api/launch/plan", json={"config": config})
    assert answer.status_code == 200, answer.text
    return answer.json()


def safetensors(described: object, length: int | None = None) -> bytes:
    header = described if isinstance(described, bytes) else json.dumps(described).encode()
    return struct.pack("<Q", len(header) if length is None else length) + header


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def gguf(rest: bytes, *, version: int = 3, tensors: int = 0, values: int = 0) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, values) + rest


def array(kind: int, count: int) -> bytes:
    return text(b"key") + struct.pack("<IIQ", 9, kind, count)


SAFETENSORS = {
    "a list": safetensors([1]),
    "a number": safetensors(7),
    "an entry that is text": safetensors({"w": "x"}),
    "no shape": safetensors({"w": {}}),
    "a shape of text": safetensors({"w": {"shape": "88"}}),
    "sizes of text": safetensors({"w": {"shape": ["8", "8"]}}),
    "negative": safetensors({"w": {"shape": [-8, 8]}}),
    "fractions": safetensors({"w": {"shape": [8.5]}}),
    "true": safetensors({"w": {"shape": [True, 8]}}),
    "not finite": safetensors(b'{"w": {"shape": [NaN, 1e999]}}'),
    "astronomical": safetensors({"w": {"shape": [2**62, 2**62]}}),
    "many dimensions": safetensors({"w": {"shape": [1] * 5000}}),
    "deep": safetensors(b"[" * 200_000),
    "endless digits": safetensors(b'{"w": {"shape": [' + b"9" * 10_000 + b"]}}"),
    "not UTF-8": safetensors(b"\xff\xfe{}"),
    "half a surrogate": safetensors(b'{"\\ud800": {"shape": [-1]}}'),
    "longer than the file": safetensors({"w": {"shape": [8]}}, length=1_000_000),
    "longer than any": safetensors({}, length=2**64 - 1),
    "cut off": b"\x08\x00",
    "empty": b"",
    "zeros": bytes(100),
}
GGUF = {
    "another version": gguf(b"", version=1),
    "endless values": gguf(b"", values=2**64 - 1),
    "endless tensors": gguf(b"", tensors=2**64 - 1),
    "an unknown kind": gguf(text(b"key") + struct.pack("<I", 99), values=1),
    "a long key": gguf(struct.pack("<Q", 2**63), values=1),
    "an endless array": gguf(array(4, 2**64 - 1), values=1),
    "an endless array of texts": gguf(array(8, 2**64 - 1), values=1),
    "arrays in arrays": gguf(array(9, 1) + struct.pack("<IQ", 9, 1) * 5000, values=1),
    "a long name": gguf(struct.pack("<Q", 2**40), tensors=1),
    "a name that is no text": gguf(text(b"\xff") + struct.pack("<I", 0) + bytes(12), tensors=1),
    "many dimensions": gguf(text(b"w") + struct.pack("<I", 2**32 - 1) + bytes(100), tensors=1),
    "astronomical": gguf(text(b"w") + struct.pack("<IQQ", 2, 2**63, 2**63) + bytes(12), tensors=1),
    "cut off": gguf(b"", tensors=1),
    "no GGUF": b"GG",
}


@pytest.mark.parametrize("kind", SAFETENSORS)
def test_a_malformed_safetensors_header_is_a_sentence(client: TestClient, tmp_path: Path, kind: str):
    (tmp_path / "model.safetensors").write_bytes(SAFETENSORS[kind])
    assert "cannot be read" in plan(client, "folder", tmp_path)["footprint_unknown"]


@pytest.mark.parametrize("kind", GGUF)
def test_a_malformed_gguf_header_is_a_sentence(client: TestClient, tmp_path: Path, kind: str):
    (tmp_path / "model.gguf").write_bytes(GGUF[kind])
    assert "cannot be read" in plan(client, "gguf", tmp_path / "model.gguf")["footprint_unknown"]


def test_a_sparse_file_is_not_read_whole(client: TestClient, tmp_path: Path):
    file = tmp_path / "model.safetensors"
    file.write_bytes(safetensors(b"", length=2**40))
    os.truncate(file, 2**41)
    assert "cannot be read" in plan(client, "folder", tmp_path)["footprint_unknown"]


def test_devices_and_pipes_hold_nothing_up(client: TestClient, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.gguf")
    os.mkfifo(tmp_path / "model.safetensors")
    asked = [("gguf", "/dev/ptmx"), ("gguf", tmp_path / "pipe.gguf"), ("folder", tmp_path)] * 15
    with ThreadPoolExecutor(len(asked)) as clients:
        found = list(clients.map(lambda one: plan(client, *one)["footprint_unknown"], asked))
    assert len(found) == 45 and all(found)
    assert "not a regular file" in plan(client, "gguf", "/dev/ptmx")["footprint_unknown"]
    assert client.get("/healthz").json()["status"] == "ok"


def test_a_disk_that_hangs_is_given_up_and_other_looks_go_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(of_files, "LONGEST_SECONDS", 0.05)
    monkeypatch.setattr(of_files, "PATIENCE_SECONDS", 0.05)
    looks, back = of_files.at_files(), threading.Event()
    for _ in range(of_files.AT_ONCE - 1):
        with pytest.raises(Unavailable, match="did not answer"):
            looks(back.wait)
        assert looks(lambda: 7) == 7  # one place is left
    with pytest.raises(Unavailable, match="did not answer"):
        looks(back.wait)
    with pytest.raises(Unavailable, match="too many files"):
        looks(lambda: 7)
    back.set()
    monkeypatch.setattr(of_files, "PATIENCE_SECONDS", 30)
    assert looks(lambda: 7) == 7


def test_what_a_look_raises_is_raised():
    looks = of_files.at_files()
    for _ in range(2 * of_files.AT_ONCE):
        with pytest.raises(TimeoutError, match="of the file"):
            looks(lambda: (_ for _ in ()).throw(TimeoutError("of the file")))


@pytest.mark.parametrize(
    "path", ["~nobody-of-this-name/x", "a\x00b", "\ud800", "x" * 5000, "/dev/fd/0", "/proc/self/root/" * 100]
)
def test_an_odd_path_is_no_fault_of_the_server(client: TestClient, path: str):
    body = json.dumps({"config": {"student": {"kind": "folder", "path": path}, "teacher": {"kind": "privileged"}}})
    for address in ("/api/launch/plan", "/api/runs"):
        assert client.post(address, content=body).status_code < 500
    imported = json.dumps({"config": {"base": path, "checkpoints": [path]}})
    assert client.post("/api/imports", content=imported).status_code < 500
    if "\ud800" not in path:
        assert client.get("/api/imports/folders", params={"path": path}).status_code < 500
