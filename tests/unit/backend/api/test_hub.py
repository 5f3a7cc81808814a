"""Searches of the hub, by the real client against a server that speaks its protocol."""

import stat
import threading

import huggingface_hub
import numpy as np
import pytest
from fastapi.testclient import TestClient
from huggingface_hub import constants
from safetensors.numpy import save
from support.hub_server import HubServer, Repository

from opdboard.api import looks
from opdboard.settings import Settings


def test_models_are_found_with_what_one_must_know_before_choosing(client: TestClient, hub: HubServer):
    weights = save({"w": np.zeros((3, 4))})
    hub.models["org/Tiny-Base"] = Repository(license="apache-2.0", files={"model.safetensors": weights, "a": b""})
    hub.models["org/tiny-chat"] = Repository(private=True, gated=True, files={"a": b""})
    hub.models["org/other"] = Repository()
    found = client.get("/api/hub/models", params={"search": "TINY"}).json()["found"]
    assert found == [
        {"id": "org/Tiny-Base", "private": False, "gated": False, "license": "apache-2.0", "parameters": 12, "downloads": 2},
        {"id": "org/tiny-chat", "private": True, "gated": True, "license": None, "parameters": None, "downloads": 1},
    ]  # fmt: skip
    assert hub.tokens == {"secret"}
    assert len(client.get("/api/hub/models", params={"limit": 1}).json()["found"]) == 1


@pytest.mark.parametrize(
    ("status", "told"), [(401, "HF_TOKEN"), (403, "HF_TOKEN"), (429, "some minutes"), (500, "status 500")]
)
def test_a_hub_that_refuses_is_told_in_a_sentence(client: TestClient, hub: HubServer, monkeypatch, status, told):
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    hub.refuse = [status] * 20
    answer = client.get("/api/hub/models")
    assert answer.status_code == 503
    assert told in answer.json()["detail"] and "secret" not in answer.text


def test_a_hub_that_is_out_of_reach_or_switched_off_is_told_in_a_sentence(client: TestClient, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    answer = client.get("/api/hub/datasets")
    assert answer.status_code == 503 and "cannot be reached" in answer.json()["detail"]
    monkeypatch.setattr(huggingface_hub, "is_offline_mode", lambda: True)
    answer = client.get("/api/hub/models")
    assert answer.status_code == 409 and "HF_HUB_OFFLINE" in answer.json()["detail"]


def test_a_hub_that_says_nothing_holds_up_a_few_threads_for_seconds(client: TestClient, monkeypatch):
    monkeypatch.setattr(looks, "LONGEST_SECONDS", 0.05)
    monkeypatch.setattr(looks, "PATIENCE_SECONDS", 0.05)
    gone_on = threading.Event()
    monkeypatch.setattr(huggingface_hub.HfApi, "list_models", lambda *_, **__: gone_on.wait(60) and [])
    try:
        for _ in range(looks.AT_ONCE):
            assert "did not answer" in client.get("/api/hub/models").json()["detail"]
        refused = client.get("/api/hub/models")
        assert refused.status_code == 503 and "asked before" in refused.json()["detail"]
        assert client.get("/api/runs").status_code == 200
    finally:
        gone_on.set()


def test_configurations_and_splits_are_offered(client: TestClient, hub_rows: HubServer):
    card = "configs:\n- {config_name: a, data_files: [{split: dev, path: a.jsonl}]}\n- {config_name: b, data_files: b.jsonl}"
    files = {"README.md": f"---\n{card}\n---\n".encode(), "a.jsonl": b'{"prompt": "1"}', "b.jsonl": b'{"prompt": "1"}'}
    hub_rows.datasets["me/two"] = Repository(files=files)
    asked: dict[str, str] = {"repo_id": "me/two"}
    assert client.get("/api/hub/datasets/parts", params=asked).json() == {"configurations": ["a", "b"], "splits": []}
    asked["configuration"] = "a"
    assert client.get("/api/hub/datasets/parts", params=asked).json()["splits"] == ["dev"]
    assert client.get("/api/hub/datasets", params={"search": "TWO"}).json()["found"][0]["id"] == "me/two"
    unknown = client.get("/api/hub/datasets/parts", params={"repo_id": "me/none"})
    assert (
        unknown.status_code == 422
        and "me/none@main cannot be read: the hub has none of this name" in unknown.json()["detail"]
    )


TOKEN = "hf_thisIsNotForAnybody"


def test_a_token_is_kept_for_its_owner_used_and_never_told(
    client: TestClient, settings: Settings, hub: HubServer, monkeypatch: pytest.MonkeyPatch
):
    hub.models["org/tiny"] = Repository()
    kept = client.put("/api/hub/token", json={"token": f" {TOKEN}\n"})
    assert kept.json() == {"token": "stored", "offline": False}
    file = settings.root / "hub_token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and [*settings.root.glob("*hub_token*")] == [file]
    assert client.get("/api/hub/models").json()["found"] and hub.tokens == {TOKEN}

    def tells(*_, **__):
        raise RuntimeError(f"Bearer {TOKEN} is not allowed")

    monkeypatch.setattr(huggingface_hub.HfApi, "list_models", tells)
    answers = [kept, client.get("/api/hub/token"), client.get("/api/hub/models"), client.get("/api/installation")]
    answers += [client.put("/api/hub/token", json={"token": TOKEN, "more": TOKEN})]
    answers += [client.put("/api/hub/token", json={"token": [TOKEN]}), client.put("/api/hub/token", json=TOKEN)]
    answers += [client.put("/api/hub/token", json={"token": f"{TOKEN} {TOKEN}"})]
    assert [one.status_code for one in answers[-4:]] == [422] * 4
    answers += [client.post("/api/launch/data", json={"data": {"kind": "file", "path": str(file)}})]
    assert answers[-1].json()["problem"], answers[-1].text
    assert not [one.text for one in answers if TOKEN in one.text]
    assert "[hub token]" in answers[2].json()["detail"]

    assert client.delete("/api/hub/token").json()["token"] == "environment"
    monkeypatch.delenv("HF_TOKEN")
    assert client.get("/api/hub/token").json()["token"] == "none" and not file.exists()
