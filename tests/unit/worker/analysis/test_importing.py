"""A series of checkpoints becomes a run: whatever interrupts it, every checkpoint is measured and stored once."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from support.adapters import made
from support.stored_runs import record, start
from support.stored_runs import stored_vectors as vectors
from support.tiny_models import moved, tiny_model

from opdboard.db import alerts, runs, series
from opdboard.domain.alerts import AlertKind
from opdboard.domain.errors import BadInput, ModelProblem, OpdboardError
from opdboard.domain.import_config import ImportConfig
from opdboard.domain.measures import ALIGNMENTS, ESTIMATOR_STATISTIC, MODULE_STATISTICS
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.records import CheckpointRecord
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import births, claims
from opdboard.lifecycle.births import NewRun
from opdboard_worker.analysis import importing
from opdboard_worker.analysis.job import do_job
from opdboard_worker.training.trained import trained_part
from opdboard_worker.training.weights import WeightMonitor

STEPS = (5, 10, 100)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A base, and an output folder as a TRL trainer leaves it: checkpoint-N folders beside the final model."""
    folder = tmp_path_factory.mktemp("series")
    model = tiny_model("Qwen3")
    model.save_pretrained(folder / "base")
    for step in STEPS:
        moved(model, seed=step).save_pretrained(folder / "output" / f"checkpoint-{step}")
    model.save_pretrained(folder / "output")
    return folder


@pytest.fixture
def queue(written, sqlite_database):
    """Queue an import; its id."""

    def create(*checkpoints, **config) -> str:
        base = str(config.pop("base", written / "base"))
        places = [str(place) for place in checkpoints or (written / "output",)]
        with sqlite_database.write() as session:
            return births.add(session, NewRun(ImportConfig(base=base, checkpoints=places, **config))).id

    return create


@pytest.fixture
def imported(queue, attempt):
    """Queue an import and do it; its id."""

    def run(*checkpoints, **config) -> str:
        run_id = queue(*checkpoints, **config)
        assert do_job(attempt(run_id), importing.prepare) == 0
        return run_id

    return run


def steps_of(database, run_id) -> list[int]:
    with database.read() as session:
        return series.read_scalars(session, run_id, ["seconds"])["seconds"].steps.tolist()


def refused(attempt, run_id) -> OpdboardError:
    with pytest.raises(OpdboardError) as caught:
        do_job(attempt(run_id), importing.prepare)
    return caught.value


def test_an_output_folder_is_measured_checkpoint_by_checkpoint(imported, sqlite_database, caplog):
    caplog.set_level("INFO")
    run_id = imported()
    with sqlite_database.read() as session:
        run = runs.get(session, run_id)
    assert (run.state, run.step, run.total_steps, run.kind) == (RunState.FINISHED, 100, 100, "import")
    assert len(run.modules) == 14 and run.latest["memory_bytes"] > 0
    assert 0 < run.latest["spectral_error_bound"] < 1e-3
    found = vectors(sqlite_database, run_id)
    measured_live = {*MODULE_STATISTICS, ESTIMATOR_STATISTIC} - {"step_norm", "grad_norm"}
    assert {name for name in found if name.partition("@")[0] not in ALIGNMENTS} == measured_live
    assert {name.partition("@")[0] for name in found} >= set(ALIGNMENTS)
    assert found["effective_rank"].steps.tolist() == list(STEPS)
    pairs = zip(found["subspace_affinity@20"].steps, found["subspace_affinity@20"].reference_steps, strict=True)
    assert sorted(pairs) == [(5, 10), (5, 100), (10, 100)]
    assert "effective rank by gram_float64 (14)" in caplog.text
    assert steps_of(sqlite_database, run_id) == list(STEPS)
    with sqlite_database.read() as session:
        shares = series.read_scalars(session, run_id, ["share_done"])["share_done"]
    assert shares.values.tolist() == pytest.approx([1 / 3, 2 / 3, 1.0])  # 5 of 100 steps are a third of the work


def killed_in_its_second_checkpoint(attempt, run_id, database) -> None:
    def dies_early(attempt, config):
        job = importing.prepare(attempt, config)

        def steps(after: int) -> Iterator:
            yield from islice(job.steps(after), 8)  # five groups of modules a checkpoint: into the second
            raise KeyboardInterrupt

        return replace(job, steps=steps)

    with pytest.raises(KeyboardInterrupt):
        do_job(attempt(run_id), dies_early)
    assert steps_of(database, run_id) == [5]
    with database.write() as session:
        claims.give_back(session, runs.get(session, run_id, lock=True), "killed")


def test_a_killed_import_goes_on_behind_its_last_checkpoint(attempt, queue, sqlite_database):
    straight, killed = queue(), queue()
    assert do_job(attempt(straight), importing.prepare) == 0
    killed_in_its_second_checkpoint(attempt, killed, sqlite_database)
    assert do_job(attempt(killed), importing.prepare) == 0
    assert steps_of(sqlite_database, killed) == list(STEPS)
    left, right = vectors(sqlite_database, straight), vectors(sqlite_database, killed)
    assert left.keys() == right.keys()
    for name in left:
        assert left[name].steps.tolist() == right[name].steps.tolist(), name
        np.testing.assert_array_equal(left[name].values, right[name].values, err_msg=name)


def test_a_damaged_snapshot_is_left_out_and_an_alert_says_so(attempt, queue, sqlite_database, settings):
    run_id = queue()
    killed_in_its_second_checkpoint(attempt, run_id, sqlite_database)
    file = settings.run_folder(run_id) / "snapshots" / "step-000005.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 4
    file.write_bytes(content)
    assert do_job(attempt(run_id), importing.prepare) == 0
    assert alerts_of(sqlite_database, run_id) == [(5, AlertKind.DAMAGED_SNAPSHOT)]
    aligned = vectors(sqlite_database, run_id)["subspace_affinity@20"]
    assert list(zip(aligned.steps, aligned.reference_steps, strict=True)) == [(10, 100)]


def test_a_runs_own_checkpoints_are_measured_by_its_id(imported, attempt, queue, written, sqlite_database, settings):
    subject, number = start(sqlite_database)
    for step in (5, 10):
        path = f"runs/{subject}/checkpoints/step-{step:06d}"
        shutil.copytree(written / "output" / f"checkpoint-{step}", settings.root / path)
        record(sqlite_database, subject, number, step, checkpoints=[CheckpointRecord(step, path, 1, "schedule")])
    for place, steps in ((subject, [5, 10]), (f"{subject}@10", [10])):
        run_id = imported(place)
        assert steps_of(sqlite_database, run_id) == steps
    assert "no checkpoint at step 7" in refused(attempt, queue(f"{subject}@7")).detail


def test_an_import_measures_what_live_monitoring_does(imported, written, tmp_path, sqlite_database):
    model = tiny_model("Qwen3")
    trained = trained_part(model, RunConfig())
    monitor = WeightMonitor(trained, Monitoring(spectral_every=5), tmp_path / "snapshots")
    live: dict = {}
    for step in (5, 10):
        moved(model, seed=step)
        live |= {(v.statistic, v.step, v.reference_step): v.values for v in monitor.measure(step)}
    run_id = imported(written / "output" / "checkpoint-5", written / "output" / "checkpoint-10")
    found = vectors(sqlite_database, run_id)
    with sqlite_database.read() as session:
        names = [module["name"] for module in runs.get(session, run_id).modules]
    order = [[module.name for module in monitor.modules].index(name) for name in names]
    compared = 0
    for statistic, rows in found.items():
        for step, reference, values in zip(rows.steps, rows.reference_steps, rows.values, strict=True):
            key = (statistic, int(step), None if reference < 0 else int(reference))
            np.testing.assert_allclose(values, np.asarray(live[key])[order], rtol=2e-3, atol=2e-3, err_msg=str(key))
            compared += 1
    assert compared == len(live)


def test_folders_without_a_step_are_numbered_in_the_order_given(imported, written, tmp_path, sqlite_database):
    for name, step in (("late", 100), ("early", 5)):
        shutil.copytree(written / "output" / f"checkpoint-{step}", tmp_path / name)
    run_id = imported(tmp_path / "early", tmp_path / "late", exact=True)
    norms = vectors(sqlite_database, run_id)["update_norm"]
    assert norms.steps.tolist() == [1, 2]
    assert (norms.values[1] > norms.values[0]).all()


def test_what_a_trainer_had_not_finished_writing_is_left_out_and_told(
    imported, attempt, queue, written, tmp_path, sqlite_database, caplog
):
    output = tmp_path / "output"
    shutil.copytree(written / "output", output)
    (output / "tmp-checkpoint-20").mkdir()
    (output / "tmp-checkpoint-20" / "model.safetensors").write_bytes(b"half of a fi")
    run_id = imported(output)
    assert steps_of(sqlite_database, run_id) == list(STEPS)
    assert f"{output / 'tmp-checkpoint-20'} is left out: its name says" in caplog.text
    assert "was not written to its end" in refused(attempt, queue(output / "tmp-checkpoint-20")).detail


def test_an_adapter_deep_in_a_checkpoint_is_of_its_step(imported, tmp_path, sqlite_database):
    base, folder, *_ = made(tmp_path, "Qwen2", {})
    places = [tmp_path / f"global_step_{step}" / "actor" / "lora_adapter" for step in (20, 100)]
    for place in places:
        shutil.copytree(folder, place)
        (place.parent / "model_world_size_1_rank_0.pt").touch()  # of a model with factors: the adapter is read instead
    for given in (places, [tmp_path / "global_step_20", tmp_path / "global_step_100"], [tmp_path]):
        shutil.rmtree(folder, ignore_errors=True)
        run_id = imported(*given, base=base)
        assert steps_of(sqlite_database, run_id) == [20, 100]


def test_links_are_of_the_step_that_they_are_named_by(imported, attempt, queue, written, tmp_path, sqlite_database):
    (tmp_path / "output").mkdir()
    for name, step in (("one", 5), ("two", 10)):
        shutil.copytree(written / "output" / f"checkpoint-{step}", tmp_path / "store" / name)
        (tmp_path / "output" / f"checkpoint-{step}").symlink_to(tmp_path / "store" / name)
    (tmp_path / "latest").symlink_to(tmp_path / "output" / "checkpoint-10")
    for places in ([tmp_path / "output"], [tmp_path / "latest", *sorted((tmp_path / "output").iterdir())]):
        run_id = imported(*places)
        assert steps_of(sqlite_database, run_id) == [5, 10]
    run_id = imported(written / "output" / "checkpoint-5", written / "output" / "checkpoint-5")
    other = tmp_path / "checkpoint-5"
    other.symlink_to(tmp_path / "store" / "two")
    assert "are both of step 5" in refused(attempt, queue(written / "output", other)).detail


def alerts_of(database, run_id) -> list[tuple[int, str]]:
    with database.read() as session:
        return [(alert.step, alert.kind) for alert in alerts.of_run(session, run_id)]


def test_a_merge_that_merged_nothing_raises_an_alert(imported, tmp_path, sqlite_database, caplog):
    base, adapter, _, wrapped = made(tmp_path, "Qwen2", {})
    wrapped.unload().save_pretrained(tmp_path / "checkpoint-4")
    run_id = imported(tmp_path / "checkpoint-4", base=base)
    assert alerts_of(sqlite_database, run_id) == [(4, AlertKind.NOTHING_CHANGED)]
    assert f"dW = 0; an adapter that may not be merged lies in {adapter}" in caplog.text
    merged = imported(adapter, base=base)
    assert alerts_of(sqlite_database, merged) == []


@pytest.mark.parametrize("types", [("float32", "bfloat16"), ("bfloat16", "float32"), ("bfloat16", "float16")])
def test_a_change_of_type_is_no_training(imported, types, tmp_path, sqlite_database):
    for name, dtype in zip(("base", "checkpoint-2"), types, strict=True):
        tiny_model("Qwen2").to(getattr(torch, dtype)).save_pretrained(tmp_path / name)
    moved(tiny_model("Qwen2"), seed=1, size=3e-3).to(getattr(torch, types[1])).save_pretrained(
        tmp_path / "checkpoint-5"
    )
    run_id = imported(tmp_path, base=tmp_path / "base")
    assert alerts_of(sqlite_database, run_id) == [(2, AlertKind.ONLY_ROUNDING)]
    norms = np.linalg.norm(vectors(sqlite_database, run_id)["update_norm"].values, axis=1)
    with sqlite_database.read() as session:
        rounding = series.read_scalars(session, run_id, ["rounding_norm"])["rounding_norm"].values
    assert rounding[0] == pytest.approx(norms[0], rel=0.05)
    assert rounding[1] == pytest.approx(norms[0], rel=0.05) and norms[1] > 5 * rounding[1]


def damaged(written, tmp_path, damage) -> object:
    folder = tmp_path / "checkpoint-7"
    shutil.copytree(written / "output" / "checkpoint-5", folder)
    damage(folder)
    return folder


def rewrite(folder, change) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def truncate(folder) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def pickled(folder) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def reshaped(folder) -> None:
    name = "model.layers.1.mlp.up_proj.weight"
    rewrite(folder, lambda tensors: tensors.update({name: torch.zeros(50, 32)}))


def without_a_layer(folder) -> None:
    rewrite(folder, lambda tensors: tensors.pop("model.layers.1.self_attn.k_proj.weight"))


def quantised(folder) -> None:
    name = "model.layers.0.self_attn.q_proj.weight"
    rewrite(folder, lambda tensors: tensors.update({name: tensors[name].to(torch.int8)}))


def of_another_type(folder) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"model_type": "llama"}))


def empty(folder) -> None:
    for file in folder.iterdir():
        file.unlink()


def without_a_shard(folder) -> None:
    tiny_model("Qwen3").save_pretrained(folder, max_shard_size="20KB")
    (folder / "model.safetensors").unlink()
    next(folder.glob("model-00002-*.safetensors")).unlink()


def pointing_elsewhere(folder) -> None:
    index = {"weight_map": {"model.layers.0.mlp.up_proj.weight": "../checkpoint-5/model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "model.safetensors").unlink()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (truncate, "checkpoint-7/model.safetensors is not a complete safetensors file"),
        (pickled, "only as pytorch_model.bin, a pickle"),
        (reshaped, "model.layers.1.mlp.up_proj.weight is (48, 32) in the base"),
        (without_a_layer, "model.layers.1.self_attn.k_proj.weight is in the base"),
        (quantised, "stored as torch.int8"),
        (of_another_type, "of type llama"),
        (empty, "checkpoint-7 has no model.safetensors"),
        (without_a_shard, "lacks model-00002-of-"),
        (pointing_elsewhere, "points to '../checkpoint-5/model.safetensors'"),
        (shutil.rmtree, "there is no folder"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(damage, words, attempt, queue, written, tmp_path):
    folder = damaged(written, tmp_path, damage)
    problem = refused(attempt, queue(folder))
    assert isinstance(problem, ModelProblem)
    assert words in problem.detail


def test_tied_or_grown_embeddings_make_no_other_model(imported, written, tmp_path, sqlite_database):
    def tie_and_grow(folder) -> None:
        def change(tensors) -> None:
            del tensors["lm_head.weight"]
            tensors["model.embed_tokens.weight"] = torch.zeros(72, 32)

        rewrite(folder, change)

    run_id = imported(damaged(written, tmp_path, tie_and_grow))
    assert steps_of(sqlite_database, run_id) == [7]


def test_a_folder_outside_of_the_configured_roots_is_refused_even_through_a_link(
    attempt, queue, written, tmp_path, settings
):
    inside = tmp_path / "allowed"
    inside.mkdir()
    (inside / "checkpoint-5").symlink_to(written / "output" / "checkpoint-5")
    shutil.copytree(written / "base", inside / "base")
    closed = settings.model_copy(update={"model_roots": str(inside)})
    for place in (written / "output", inside / "checkpoint-5", inside):
        run_id = queue(place, base=inside / "base")
        with pytest.raises(BadInput, match="outside of the folders that may be read"):
            do_job(replace(attempt(run_id), settings=closed), importing.prepare)
    shutil.copytree(written / "output" / "checkpoint-10", inside / "checkpoint-10")
    run_id = queue(inside / "checkpoint-10", base=inside / "base")
    assert do_job(replace(attempt(run_id), settings=closed), importing.prepare) == 0
