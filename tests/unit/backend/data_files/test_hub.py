"""Data sets of the hub, read by the real library from a server that speaks the hub's protocol."""

import io
import json
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import pytest
from support.hub_server import HubServer, Repository

from opdboard.data_files.hub import cached_commit, commit_of
from opdboard.data_files.recognition import Recogniser
from opdboard.data_files.rows import read_rows
from opdboard.domain.data import HubData
from opdboard.domain.errors import DataProblem

GSM8K = [{"question": f"What is {n} + 1?", "answer": f"Count on.\n#### {n + 1}"} for n in range(6)]
MAIN: dict[str, Any] = {"repo_id": "openai/gsm8k", "configuration": "main"}
CONFIGS = """---
configs:
- config_name: main
  data_files:
  - {split: train, path: main/train-*.parquet}
  - {split: test, path: main/test-*.parquet}
- config_name: socratic
  data_files:
  - {split: train, path: socratic/train.jsonl}
---
"""


def _parquet(rows, features=None) -> bytes:
    sink = io.BytesIO()
    datasets.Dataset.from_list(rows, features=features).to_parquet(sink)
    return sink.getvalue()


def _jsonl(rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture
def gsm8k(hub_rows: HubServer) -> Repository:
    files = {
        "README.md": CONFIGS.encode(),
        "main/train-00000-of-00002.parquet": _parquet(GSM8K[:3]),
        "main/train-00001-of-00002.parquet": _parquet(GSM8K[3:5]),
        "main/test-00000-of-00001.parquet": _parquet(GSM8K[5:]),
        "socratic/train.jsonl": _jsonl(GSM8K[:1]),
    }
    hub_rows.datasets["openai/gsm8k"] = Repository(files=files)
    return hub_rows.datasets["openai/gsm8k"]


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch):
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    datasets.disable_progress_bars()


def _read(*, of_held_out=False, stream=False, **named):
    data = HubData.model_validate(named)
    recogniser = Recogniser(data.columns)
    return list(read_rows(data, recogniser, Path(), held_out=of_held_out, stream=stream)), recogniser


def test_rows_are_recognised_as_those_of_files(gsm8k: Repository, hub_rows: HubServer):
    rows, recogniser = _read(**MAIN)
    assert [row.prompt for row in rows] == [row["question"] for row in GSM8K[:5]]
    assert [row.answer for row in rows] == ["1", "2", "3", "4", "5"]
    assert recogniser.formats == {"GSM8K": 5}
    assert rows[3].where == "openai/gsm8k train:4"
    assert _read(**MAIN, rows=4)[0] == rows[:4]
    assert _read(**MAIN, stream=True)[0] == rows
    assert [row.answer for row in _read(**MAIN, held_out="test", of_held_out=True)[0]] == ["6"]
    assert "secret" in hub_rows.tokens
    assert cached_commit(HubData(**MAIN)) == gsm8k.sha


def _refused(**named) -> DataProblem:
    with pytest.raises(DataProblem) as caught:
        _read(**MAIN | named)
    return caught.value


@pytest.mark.usefixtures("gsm8k")
@pytest.mark.parametrize(
    ("named", "told", "where"),
    [
        ({"configuration": ""}, "several configurations; choose one of main, socratic", "data.configuration"),
        ({"configuration": "man"}, "no configuration 'man'; choose one of main, socratic", "data.configuration"),
        ({"split": "dev"}, "has no split 'dev'; it has train, test", "data.split"),
        ({"held_out": "dev"}, "has no split 'dev'; it has train, test", "data.held_out"),
        ({"revision": "v2"}, "openai/gsm8k@v2 cannot be read: it has no such branch, tag or commit", "openai/gsm8k"),
        ({"repo_id": "openai/none"}, "openai/none@main cannot be read: the hub has none of this name", "openai/none"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(named, told, where):
    data = HubData.model_validate(MAIN | named)
    with pytest.raises(DataProblem, match=told) as caught:
        list(read_rows(data, Recogniser(data.columns), Path(), held_out=bool(data.held_out)))
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("status", "told"),
    [(401, "wants a token"), (403, "does not let this token"), (429, "too many requests"), (500, "status 500")],
)
def test_a_hub_that_refuses_is_told_in_a_sentence(gsm8k, hub_rows: HubServer, status, told):
    hub_rows.refuse = [status] * 20
    assert told in _refused().detail


def test_data_sets_that_cannot_be_had_are_told_in_a_sentence(gsm8k: Repository, hub_rows: HubServer):
    gsm8k.gated = True
    assert "it asks for an agreement" in _refused().detail
    hub_rows.datasets["me/program"] = Repository(files={"program.py": b"raise SystemExit", "README.md": b"x"})
    assert "is read by a program of its own" in _refused(repo_id="me/program").detail
    hub_rows.datasets["me/empty"] = Repository(files={"README.md": b"x"})
    assert "no files that can be read" in _refused(repo_id="me/empty", configuration="").detail
    hub_rows.datasets["me/broken"] = Repository(files={"train.jsonl": b'{"prompt": "a"}\n{"prompt": '})
    assert "me/broken@main cannot be read: JSON parse error" in _refused(repo_id="me/broken", configuration="").detail
    hub_rows.datasets["me/unknown"] = Repository(files={"train.jsonl": _jsonl([{"said": "a"}])})
    unknown = _refused(repo_id="me/unknown", configuration="")
    assert (unknown.where, unknown.detail[:21]) == ("me/unknown train:1", "the row has no prompt")


def test_a_data_set_that_was_read_once_is_read_without_the_hub(gsm8k: Repository, hub_rows: HubServer, monkeypatch):
    rows, _ = _read(**MAIN)
    commit = gsm8k.sha
    commit_of.cache_clear()
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    huggingface_hub.close_session()
    try:
        assert _read(**MAIN)[0] == rows
        assert cached_commit(HubData(**MAIN)) == commit
        assert "does not ask the hub (HF_HUB_OFFLINE)" in _refused(repo_id="openai/none").detail
        assert _read(**MAIN, rows=2)[0] == rows[:2]
        assert "another one is kept" in _refused(revision="a" * 40).detail
    finally:
        monkeypatch.undo()
        huggingface_hub.close_session()


def test_values_are_what_their_features_say(hub_rows: HubServer):
    turns = [{"role": "user", "content": "B?"}]
    features = datasets.Features(
        {
            "prompt": datasets.List({"role": datasets.Value("string"), "content": datasets.Value("string")}),
            "answer": datasets.ClassLabel(names=["A", "B"]),
            "reward_model": {"ground_truth": datasets.Value("float32")},
            "image": datasets.Value("binary"),
        }
    )
    rows = [{"prompt": turns, "answer": 1, "reward_model": {"ground_truth": None}, "image": b"x"}]
    rows += [{"prompt": turns, "answer": 0, "reward_model": {"ground_truth": 0.1}, "image": None}]
    hub_rows.datasets["me/labels"] = Repository(files={"train.parquet": _parquet(rows, features)})
    found, _ = _read(repo_id="me/labels")
    assert [(row.prompt, row.answer) for row in found] == [("B?", "B"), ("B?", "0.1")]
    assert found == _read(repo_id="me/labels", rows=9)[0]
    mixed = [{"prompt": "1", "answer": {"value": [1, "x"]}}, {"prompt": "2", "answer": {"value": [None, 2]}}]
    hub_rows.datasets["me/mixed"] = Repository(files={"train.jsonl": _jsonl(mixed)})
    for stream in (False, True):
        found, _ = _read(repo_id="me/mixed", stream=stream, columns={"answer": "answer.value.1"})
        assert [row.answer for row in found] == ["x", "2"]


def test_a_hub_that_is_out_of_reach_is_done_without(gsm8k: Repository, monkeypatch):
    rows, _ = _read(**MAIN)
    commit_of.cache_clear()
    for setting in ("huggingface_hub.constants.ENDPOINT", "datasets.config.HF_ENDPOINT"):
        monkeypatch.setattr(setting, "http://127.0.0.1:9")
    assert _read(**MAIN)[0] == rows
    told = _refused(repo_id="openai/none").detail
    assert told.startswith("openai/none@main cannot be read: ") and "hub" in told
