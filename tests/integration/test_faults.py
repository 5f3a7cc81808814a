"""Bad input and broken machines: a sentence that says what to do, nothing stored is lost, the next run is taken."""

import json
import resource
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import torch
from integration.installation import small_config, wait_until
from safetensors.torch import load_file
from sqlalchemy import make_url
from support.commands import processes_of_run

from opdboard.db import alerts, commands, evidence, logs, runs, series
from opdboard.domain.alerts import AlertKind
from opdboard.domain.commands import Command, request_of
from opdboard.domain.data import FileData
from opdboard.domain.model_sources import FolderModel, RunModel
from opdboard.domain.reading import Reading, StudentReading
from opdboard.domain.run_state import RunState
from opdboard.domain.teachers import ModelTeacher
from opdboard.lifecycle import steering
from opdboard_worker.models.demo import load_demo


def _fails(installation, config):
    """Run to a failure; its error."""
    run_id = installation.create(config)
    assert installation.execute(run_id) is RunState.FAILED
    run = installation.run(run_id)
    assert run.error is not None and set(run.error) == {"error", "detail", "where"}
    return run.error


def _finishes(installation, config=None):
    run_id = installation.create(config or small_config())
    assert installation.execute(run_id) is RunState.FINISHED
    return run_id


def _folder(installation, run_id):
    with installation.database.read() as session:
        return installation.settings.root / evidence.checkpoint_at(session, run_id, None).path


@pytest.fixture
def demo_folder(tmp_path):
    """The demo's base model as a folder that a run may start from."""
    base, folder = load_demo("base"), tmp_path / "demo"
    base.model.save_pretrained(folder)
    base.tokenizer.save_pretrained(folder)
    return folder


def test_a_missing_model_is_named_and_the_worker_goes_on(installation, tmp_path):
    error = _fails(installation, small_config(student=FolderModel(path=str(tmp_path / "nowhere"))))
    assert error["error"] == "ModelProblem" and "nowhere" in error["detail"]
    _finishes(installation)


def test_a_pickled_checkpoint_is_refused(installation, demo_folder):
    torch.save({"w": torch.ones(1)}, demo_folder / "pytorch_model.bin")
    (demo_folder / "model.safetensors").unlink()
    error = _fails(installation, small_config(student=FolderModel(path=str(demo_folder))))
    assert (
        error["error"] == "ModelProblem" and "pytorch_model.bin" in error["detail"] and "safetensors" in error["detail"]
    )


def test_a_teacher_of_another_tokenizer_is_refused(installation, demo_folder):
    tokenizer = json.loads((demo_folder / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    vocabulary["3"], vocabulary["4"] = vocabulary["4"], vocabulary["3"]
    (demo_folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    error = _fails(installation, small_config(teacher=ModelTeacher(source=FolderModel(path=str(demo_folder)))))
    assert error["error"] == "VocabularyMismatch" and "3" in error["detail"]


@pytest.mark.parametrize(("content", "says"), [(b"", "no rows"), (b"\xff\xfe\x00", "UTF-8")])
def test_unusable_data_is_explained(installation, demo_folder, tmp_path, content, says):
    path = tmp_path / "data.jsonl"
    path.write_bytes(content)
    data = FileData(path=str(path), instruction="", verifier="exact")
    plain = Reading(student=StudentReading(template="plain"))
    error = _fails(installation, small_config(student=FolderModel(path=str(demo_folder)), data=data, reading=plain))
    assert error["error"] == "DataProblem" and says in error["detail"]


def test_a_full_disk_fails_the_run_and_keeps_the_last_checkpoint(installation_on_postgres):
    """A limit on the trainer's file sizes stands in for the full disk; the database is on another one."""
    installation = installation_on_postgres
    first = _finishes(installation)
    largest = max(path.stat().st_size for path in _folder(installation, first).rglob("*") if path.is_file())
    run_id = installation.create(small_config())
    attempt = installation.begin(run_id)
    installation.wait_for_step(run_id, 6)
    trainer = installation.trainer(run_id)
    trainer.rlimit(psutil.RLIMIT_FSIZE, (largest - 1, resource.RLIM_INFINITY))
    attempt.join()
    run = installation.run(run_id)
    assert (
        run.state == RunState.FAILED and run.error["error"] == "DiskFull" and "free some space" in run.error["detail"]
    )
    with installation.database.read() as session:
        kept = evidence.latest_checkpoint(session, run_id)
        points = series.read_scalars(session, run_id, ["reverse_kl"])["reverse_kl"]
    assert kept is not None and (installation.settings.root / kept.path).is_dir()
    assert points.steps.tolist() == list(range(1, run.step + 1))
    with installation.database.write() as session:
        steering.ask(session, runs.get(session, run_id, lock=True), request_of(Command.RESUME), actor="test")
    assert installation.execute(run_id) is RunState.FINISHED


def test_a_trainer_that_keeps_dying_fails_the_run_with_a_hint(installation):
    run_id = installation.create(small_config())
    for _ in range(3):
        attempt = installation.begin(run_id)
        wait_until(lambda: installation.run(run_id).state == RunState.STARTING, "the start")
        wait_until(lambda: bool(processes_of_run(run_id)), "a trainer")
        installation.trainer(run_id).send_signal(signal.SIGKILL)
        attempt.join()
    run = installation.run(run_id)
    assert run.state == RunState.FAILED and "out of memory" in run.error["detail"]


def test_a_run_whose_checkpoint_source_is_gone_says_so(installation):
    error = _fails(installation, small_config(student=RunModel(run_id="deadbeef")))
    assert "deadbeef" in error["detail"]


def test_a_killed_worker_loses_nothing(installation):
    """kill -9 of the Celery worker: its trainer leaves by itself, the next worker resumes the run alone."""
    config = small_config()
    run_id = installation.create(config.model_copy(update={"budget": config.budget.model_copy(update={"steps": 40})}))
    first = _worker()
    try:
        installation.wait_for_step(run_id, 7)
        installation.trainer(run_id)
        first.kill()
        first.wait()
        wait_until(lambda: not processes_of_run(run_id), "the end of the trainer")
        second = _worker()
        try:
            wait_until(lambda: installation.run(run_id).state == RunState.FINISHED, "the end of the run")
        finally:
            second.terminate()
            second.wait()
    finally:
        first.kill()
    with installation.database.read() as session:
        points = series.read_scalars(session, run_id, ["reverse_kl", "tokens"])
        reasons = [change.reason for change in runs.history(session, run_id)]
        attempts = runs.attempts(session, run_id)
        assert logs.count(session, run_id) > 0
    assert points["reverse_kl"].steps.tolist() == list(range(1, 41))
    assert len(set(points["reverse_kl"].seqs.tolist())) == 40
    assert "its worker is gone" in reasons
    assert len(attempts) == 2 and (attempts[1].resumed_from or 0) >= 5


def _worker():
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "opdboard_worker.app",
        "worker",
        "--pool",
        "threads",
        "--concurrency",
        "1",
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _hangs(trainer: psutil.Process, database_file: str) -> None:
    """From now on, outside of a transaction: SQLite would be locked for all others by one that is never finished."""
    while True:
        trainer.send_signal(signal.SIGSTOP)
        with closing(sqlite3.connect(database_file, timeout=0, isolation_level=None)) as tried:
            try:
                tried.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                trainer.send_signal(signal.SIGCONT)
            else:
                return


def test_a_hung_trainer_is_stopped_after_its_grace_and_can_go_on(installation):
    installation.settings = installation.settings.model_copy(update={"stop_grace_seconds": 3.0})
    config = small_config()
    run_id = installation.create(config.model_copy(update={"budget": config.budget.model_copy(update={"steps": 5000})}))
    attempt = installation.begin(run_id)
    installation.wait_for_step(run_id, 6)
    _hangs(installation.trainer(run_id), make_url(installation.settings.sql_url).database or "")
    with installation.database.write() as session:
        steering.ask(session, runs.get(session, run_id, lock=True), request_of(Command.STOP), actor="test")
    attempt.join()
    run = installation.run(run_id)
    assert run.state == RunState.STOPPED and run.error is not None
    assert "asked to stop and did not" in run.error["detail"]
    with installation.database.read() as session:
        assert commands.pending(session, run_id) == []
        kept = evidence.latest_checkpoint(session, run_id)
    assert kept is not None


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 4
    file.write_bytes(content)


def test_a_damaged_newest_checkpoint_costs_the_steps_since_the_one_before(installation):
    """The run ends as one that was never touched, without a double point; a damaged snapshot is only told of."""
    straight = _finishes(installation)
    run_id = installation.create(small_config())
    attempt = installation.begin(run_id)
    installation.wait_for_step(run_id, 11)
    installation.trainer(run_id).send_signal(signal.SIGKILL)
    attempt.join()
    _flip(_folder(installation, run_id) / "trainer" / "optimizer.safetensors")
    _flip(installation.settings.run_folder(run_id) / "snapshots" / "step-000002.safetensors")
    assert installation.execute(run_id) is RunState.FINISHED
    with installation.database.read() as session:
        assert runs.attempts(session, run_id)[-1].resumed_from == 5
        told = {alert.kind: alert.message for alert in alerts.of_run(session, run_id)}
        left, right = (series.read_scalars(session, one, ["loss", "tokens"]) for one in (straight, run_id))
    assert told.keys() == {AlertKind.DAMAGED_CHECKPOINT, AlertKind.DAMAGED_SNAPSHOT}
    assert "snapshot of step 2 cannot be used" in told[AlertKind.DAMAGED_SNAPSHOT]
    for key in left:
        assert right[key].steps.tolist() == left[key].steps.tolist(), key
        assert right[key].values.tolist() == left[key].values.tolist(), key
    ends = [load_file(_folder(installation, one) / "model.safetensors") for one in (straight, run_id)]
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
