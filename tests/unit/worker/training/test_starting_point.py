"""Damaged checkpoints: the newest whole one is taken, the others are set aside and told of; leftovers go."""

import json
import shutil

import pytest
import torch
from support.stored_runs import claim, create, record

from opdboard.db import alerts, evidence, runs
from opdboard.domain.errors import ModelProblem
from opdboard.domain.records import CheckpointRecord
from opdboard_worker.checksums import check_weights
from opdboard_worker.patience import PatientDatabase
from opdboard_worker.training import checkpoint
from opdboard_worker.training.starting_point import starting_point


@pytest.fixture
def run(sqlite_database, tmp_path, load_demo):
    """A run with checkpoints of steps 2 and 4; start() chooses where its next attempt begins."""
    return _Run(sqlite_database, tmp_path, load_demo("base"))


class _Run:
    def __init__(self, database, root, model) -> None:
        self.database, self.root, self.folder = database, root, root / "checkpoints"
        self.id = create(database)
        self.attempt = claim(database, self.id)
        for step in (2, 4):
            state = checkpoint.TrainerState(step, {}, {"exp_avg|w": torch.arange(99.0)}, {"anchor|w": torch.ones(9)})
            size = checkpoint.write(self.folder, model.model, model.tokenizer, state)
            row = CheckpointRecord(step=step, path=f"checkpoints/step-{step:06d}", bytes=size, reason="schedule")
            record(database, self.id, self.attempt, step, checkpoints=[row])

    def at(self, step: int):
        return checkpoint.checkpoint_folder(self.folder, step)

    def start(self):
        return starting_point(PatientDatabase(self.database), self.id, self.attempt, self.root, self.folder)

    def alerts(self):
        with self.database.read() as session:
            return [alert.message for alert in alerts.of_run(session, self.id)]


def _flip(path):
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "truncated weights": lambda at: (at / "model.safetensors").write_bytes(
        (at / "model.safetensors").read_bytes()[:-50]
    ),
    "a bit of the weights": lambda at: _flip(at / "model.safetensors"),
    "a bit of the moments": lambda at: _flip(at / "trainer" / "optimizer.safetensors"),
    "a bit of the generators": lambda at: _flip(at / "trainer" / "random.safetensors"),
    "no weights": lambda at: (at / "model.safetensors").unlink(),
    "no state": lambda at: (at / "trainer" / "state.json").unlink(),
    "half a state": lambda at: (at / "trainer" / "state.json").write_text('{"step": 4, "pro'),
    "another state": lambda at: (at / "trainer" / "state.json").write_text("[]"),
    "no checksums, and no trainer": lambda at: [(at / "checksums.json").unlink(), shutil.rmtree(at / "trainer")],
    "no checksums, and another state": lambda at: [
        (at / "checksums.json").unlink(),
        (at / "trainer" / "state.json").write_text("[1]"),
    ],
    "wrong checksums": lambda at: (at / "checksums.json").write_text("[3"),
    "emptied": lambda at: [shutil.rmtree(at), at.mkdir()],
    "removed": shutil.rmtree,
    "a file in its place": lambda at: [shutil.rmtree(at), at.write_text("")],
    "of another step": lambda at: [shutil.rmtree(at), shutil.copytree(at.with_name("step-000002"), at)],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_the_newest_whole_checkpoint_is_taken_and_the_damage_told(run, damage):
    damage(run.at(4))
    start = run.start()
    assert (start.step, start.folder) == (2, run.at(2))
    (message,) = run.alerts()
    assert "tep 4:" in message and "goes on from step 2" in message
    assert not run.at(4).exists()


def test_whole_checkpoints_are_left_alone(run):
    assert run.start().step == 4 and run.alerts() == []
    (run.at(4) / "checksums.json").unlink()  # of an earlier version
    assert run.start().step == 4 and run.alerts() == []


def test_without_a_whole_one_the_run_refuses_until_they_are_removed(run):
    _flip(run.at(2) / "model.safetensors")
    _flip(run.at(4) / "model.safetensors")
    with pytest.raises(ModelProblem, match=r"step 4: model\.safetensors.*step 2.*remove their folders"):
        run.start()
    assert run.at(2).exists() and run.at(4).exists()
    shutil.rmtree(run.at(2))
    shutil.rmtree(run.at(4))
    assert run.start().folder is None


def test_a_data_folder_that_is_not_mounted_does_not_begin_the_run_anew(run):
    shutil.rmtree(run.folder)
    with pytest.raises(ModelProblem, match="mounted"):
        run.start()


def test_what_a_kill_has_left_is_removed(run):
    unannounced, removed, partial = run.at(5), run.at(1), run.folder / ".step-000006.partial"
    for path in (unannounced, removed, partial):
        path.mkdir()
    with run.database.write() as session:
        evidence.mark_checkpoints_removed(session, run.id, runs.get(session, run.id).seq, [2])
    assert run.start().step == 4
    assert sorted(path.name for path in run.folder.iterdir()) == ["step-000004"]


def test_others_are_refused_weights_that_were_damaged(run):
    check_weights(run.at(4))
    _flip(run.at(4) / "trainer" / "optimizer.safetensors")
    check_weights(run.at(4))  # which they do not load
    _flip(run.at(4) / "model.safetensors")
    with pytest.raises(ModelProblem, match=r"step-000004 is damaged: model\.safetensors"):
        check_weights(run.at(4))


def test_checksums_are_of_every_file_but_their_own(run):
    stored = json.loads((run.at(4) / "checksums.json").read_text())
    files = {path.relative_to(run.at(4)).as_posix() for path in run.at(4).rglob("*") if path.is_file()}
    assert stored.keys() == files - {"checksums.json"}
