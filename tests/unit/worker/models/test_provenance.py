"""What a run says it was made with is what other programs say of the same files."""

import hashlib
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
from support.hub_server import Repository

from opdboard.domain.data import FileData, HubData
from opdboard.domain.model_sources import DemoModel, FolderModel, HubModel, RunModel
from opdboard.domain.run_config import RunConfig
from opdboard.domain.teachers import ModelTeacher
from opdboard.settings import Settings
from opdboard_worker.checksums import write_checksums
from opdboard_worker.models.demo import ASSETS
from opdboard_worker.models.provenance import provenance_of


@pytest.fixture
def made_with(tmp_path):
    """made_with(student, ...) -> the provenance of a run of that student."""

    def told(student, run_folder=lambda source: pytest.fail(f"nothing here loads {source}"), **more):
        teacher = ModelTeacher(source=student)
        config = RunConfig.model_validate(
            {"student": student, "teacher": teacher} | {"data": FileData(path=str(_data(tmp_path)))} | more
        )
        return provenance_of(config, Settings(data_dir=tmp_path / "data"), run_folder)

    return told


def _data(folder: Path) -> Path:
    file = folder / "train.jsonl"
    file.write_text('{"prompt": "1+1=", "answer": "2"}\n')
    return file


def _sha256sum(*files: Path) -> str:
    """By the program of that name."""
    return subprocess.run(["sha256sum", *files], capture_output=True, text=True, check=True).stdout


def test_versions_and_the_bytes_of_data_are_those_of_this_machine(made_with, tmp_path, folder):
    told = made_with(FolderModel(path=str(folder)))
    assert told.software["torch"] == version("torch") and told.software["python"].startswith("3.")
    assert "vllm" not in told.software
    file = tmp_path / "train.jsonl"
    assert told.files == {str(file): f"sha256 {_sha256sum(file).split()[0]}"}


def test_a_folder_is_known_by_its_files_wherever_it_lies(made_with, folder, tmp_path):
    told = made_with(FolderModel(path=str(folder))).models
    names = sorted(path.name for path in folder.iterdir() if path.suffix in (".json", ".safetensors", ".jinja"))
    lines = "".join(f"{_sha256sum(folder / name).split()[0]}  {name}\n" for name in names)
    assert told["student"] == told["teacher.source"] == f"sha256 {hashlib.sha256(lines.encode()).hexdigest()}"
    elsewhere = shutil.copytree(folder, tmp_path / "elsewhere")
    (elsewhere / "notes.md").write_text("not of the model")
    assert made_with(FolderModel(path=str(elsewhere))).models["student"] == told["student"]
    (elsewhere / "generation_config.json").write_text("{}")
    assert made_with(FolderModel(path=str(elsewhere))).models["student"] != told["student"]


def test_a_checkpoint_that_has_its_checksums_is_known_as_the_folder_that_it_is(made_with, folder, tmp_path):
    plain = made_with(FolderModel(path=str(folder))).models["student"]
    checkpoint = shutil.copytree(folder, tmp_path / "step-000004")
    (checkpoint / "trainer").mkdir()
    (checkpoint / "trainer" / "state.json").write_text("{}")
    write_checksums(checkpoint)
    run = RunModel(run_id="0123abcd", step=4)
    assert made_with(run, lambda _: checkpoint).models["student"] == plain


def test_a_hub_model_is_known_by_its_commit(made_with, folder, tmp_path, monkeypatch):
    cache, commit = tmp_path / "hub", "a" * 40
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    (cache / "models--acme--tiny" / "refs").mkdir(parents=True)
    (cache / "models--acme--tiny" / "refs" / "main").write_text(commit)
    shutil.copytree(folder, cache / "models--acme--tiny" / "snapshots" / commit)
    assert made_with(HubModel(repo_id="acme/tiny")).models["student"] == f"commit {commit}"


def test_the_demo_is_known_by_its_weights(made_with):
    told = made_with(DemoModel(role="base"), data={"kind": "arithmetic"})
    assert told.models["student"] == f"sha256 {_sha256sum(ASSETS / 'base.safetensors').split()[0]}"
    assert told.files == {}


def test_each_of_several_data_files_is_told(made_with, folder, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(f'{{"prompt": "{name}"}}\n')
    told = made_with(FolderModel(path=str(folder)), data=FileData(path=str(tmp_path / "[ab].jsonl")))
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    assert told.files == {str(file): f"sha256 {_sha256sum(file).split()[0]}" for file in files}


def test_a_hub_data_set_is_known_by_its_commit(made_with, folder, hub_rows):
    hub_rows.datasets["me/sums"] = Repository(files={"train.jsonl": b'{"prompt": "1+1?"}'})
    told = made_with(FolderModel(path=str(folder)), data=HubData(repo_id="me/sums"))
    assert told.files == {"me/sums@main": f"commit {hub_rows.datasets['me/sums'].sha}"}


def test_the_files_of_evaluation_sets_are_told_too(made_with, folder, tmp_path):
    bench = tmp_path / "bench.jsonl"
    bench.write_text('{"prompt": "2+2=", "answer": "4"}\n')
    sets = [{"name": "bench", "data": {"kind": "file", "path": str(bench)}}]
    told = made_with(FolderModel(path=str(folder)), evaluation={"sets": sets})
    assert told.files.keys() == {str(tmp_path / "train.jsonl"), str(bench)}
    assert told.files[str(bench)] == f"sha256 {_sha256sum(bench).split()[0]}"
