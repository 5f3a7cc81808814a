"""Imports over HTTP: folders to choose from, and what becomes of a choice."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from support.stored_runs import create

from opdboard.api.app import create_app
from opdboard.db.database import Database


def checkpoint(folder: Path, file: str = "model.safetensors") -> Path:
    """A folder that looks like one; nobody opens it here."""
    folder.mkdir(parents=True)
    (folder / file).touch()
    return folder


@pytest.fixture
def models(tmp_path) -> Path:
    """A root with a base, a TRL output folder, a verl one and an adapter."""
    root = tmp_path / "models"
    checkpoint(root / "base")
    for step in (100, 20):
        checkpoint(root / "output" / f"checkpoint-{step}")
    checkpoint(root / "verl" / "global_step_4" / "actor", "model_world_size_2_rank_0.pt")
    checkpoint(root / "adapter", "adapter_config.json")
    checkpoint(tmp_path / "elsewhere" / "secret")
    (root / "link").symlink_to(tmp_path / "elsewhere")
    return root


@pytest.fixture
def rooted(settings, sqlite_database, models, tmp_path):
    """A client of an installation with that root."""
    changed = settings.model_copy(update={"model_roots": str(models)})
    with TestClient(create_app(changed, static=tmp_path / "none"), base_url="http://127.0.0.1:8765") as opened:
        yield opened


def listed(client: TestClient, path: Path | str = "") -> dict:
    answer = client.get("/api/imports/folders", params={"path": str(path)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_folders_say_what_they_hold(rooted: TestClient, models: Path):
    top = listed(rooted)
    assert top["configured"] and [folder["path"] for folder in top["folders"]] == [str(models)]
    inside = listed(rooted, models)
    assert inside["parent"] is None
    found = {folder["name"]: (folder["format"], folder["checkpoints"]) for folder in inside["folders"]}
    assert found == {"base": ("model", 0), "output": (None, 2), "verl": (None, 1), "adapter": ("adapter", 0)}
    series = listed(rooted, models / "output")
    assert [(one["step"], one["format"]) for one in series["folders"]] == [(20, "model"), (100, "model")]
    assert series["parent"] == str(models)
    assert listed(rooted, models / "verl")["folders"][0]["format"] == "shards"


def test_folders_outside_of_the_roots_are_not_shown_even_through_links(rooted: TestClient, models: Path):
    for path in (models.parent, models.parent / "elsewhere", models / "link", models / ".." / "elsewhere", "/etc"):
        answer = rooted.get("/api/imports/folders", params={"path": str(path)})
        assert answer.status_code == 422, path
        assert "OPDBOARD_MODEL_ROOTS" in answer.json()["detail"]
    for missing in ("nothing", 3000 * "x", "base/model.safetensors"):
        assert rooted.get("/api/imports/folders", params={"path": str(models / missing)}).status_code == 404


def test_files_of_a_kind_are_listed_below_the_roots_alone(rooted: TestClient, models: Path):
    for name in ("a.jsonl", "b.CSV.gz", "tiny.GGUF", "notes.txt", ".hidden.jsonl"):
        (models / name).write_text("x")
    (models.parent / "secret.jsonl").write_text("x")
    (models / "out.jsonl").symlink_to(models.parent / "secret.jsonl")

    def files(kind: str) -> list[str]:
        answer = rooted.get("/api/imports/folders", params={"path": str(models), "files": kind})
        return [one["name"] for one in answer.json()["files"]]

    assert files("none") == []
    assert files("data") == ["a.jsonl", "b.CSV.gz"]
    assert files("gguf") == ["tiny.GGUF"]


def test_without_roots_only_runs_can_be_looked_through(client: TestClient, sqlite_database: Database, settings, models):
    run_id = create(sqlite_database, name="mine")
    checkpoint(settings.root / "runs" / run_id / "checkpoints" / "step-000004")
    top = listed(client)
    assert not top["configured"]
    (runs,) = top["folders"]
    (run,) = listed(client, runs["path"])["folders"]
    assert (run["title"], run["checkpoints"]) == ("mine", 1)
    assert client.get("/api/imports/folders", params={"path": str(models)}).status_code == 422


def test_an_import_is_queued_and_listed_with_the_other_runs(
    client: TestClient, sqlite_database: Database, models: Path
):
    subject = create(sqlite_database)
    config = {"base": str(models / "base"), "checkpoints": [str(models / "output"), f"{subject}@4"], "k": 5}
    made = client.post("/api/imports", json={"config": config, "tags": ["theirs"]})
    assert made.status_code == 201, made.text
    run = made.json()
    assert (run["kind"], run["method"], run["state"], run["name"]) == (
        "import",
        "import",
        "queued",
        "models/output analysed",
    )
    assert run["job_config"] == config | {"name": "", "exact": False, "device": "auto"}
    assert {one["id"] for one in client.get("/api/runs").json()["runs"]} == {run["id"], subject}
    links = client.get(f"/api/runs/{run['id']}/lineage").json()["links"]
    assert [(link["source"], link["relation"]) for link in links] == [(subject, "subject")]


@pytest.mark.parametrize(
    ("base", "checkpoints", "path", "words"),
    [
        ("base", [], "checkpoints", "at least 1"),
        ("base", ["output", "../elsewhere/secret"], "checkpoints.1", "outside of the folders"),
        ("base", ["link/secret"], "checkpoints.0", "outside of the folders"),
        ("/etc", ["output"], "base", "outside of the folders"),
        ("base", ["0a1b2c3d"], "checkpoints.0", "no run '0a1b2c3d'"),
        ("base\x00", ["output"], "base", "must not contain the NUL character"),
        ("base", ["~nobody-at-all/output"], "checkpoints.0", "home folder"),
        ("base", ["circle/output"], "checkpoints.0", "no path that can be followed"),
    ],
)
def test_wrong_places_are_named(base, checkpoints, path, words, rooted: TestClient, models: Path):
    def whole(text: str) -> str:
        return text if text == "0a1b2c3d" or text.startswith("~") else str(models / text)

    (models / "circle").symlink_to(models / "circle")

    config = {"base": whole(base), "checkpoints": [whole(text) for text in checkpoints]}
    refused = rooted.post("/api/imports", json={"config": config})
    assert refused.status_code == 422
    fields = {field["path"].removeprefix("config."): field["message"] for field in refused.json()["fields"]}
    assert words in fields[path]
