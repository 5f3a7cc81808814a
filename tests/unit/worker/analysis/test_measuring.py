"""What is measured of files equals a direct computation on the models that were saved into them."""

import math

import pytest
import torch
from support.adapters import TARGETS, made
from support.tiny_models import FAMILIES, matrices_of, moved, tiny_model

from opdboard_worker.analysis.measuring import Measured, SeriesMeter
from opdboard_worker.analysis.series import open_base, open_checkpoint
from opdboard_worker.core.spectral.panel import EXACT
from opdboard_worker.core.spectral.reference import by_full_svd
from opdboard_worker.measuring.snapshots import Snapshots


def measure(meter: SeriesMeter, step: int, folder, base) -> Measured:
    running = meter.measure(step, open_checkpoint(folder, base))
    while True:
        try:
            next(running)
        except StopIteration as end:
            return end.value


def as_dict(measured: Measured) -> dict[tuple[str, int, int | None], list[float]]:
    return {(v.statistic, v.step, v.reference_step): list(v.values) for v in measured.vectors}


def directly(update: torch.Tensor, base: torch.Tensor) -> dict[str, float]:
    """The measures by a full SVD in float64 (03-metrics)."""
    values, _ = by_full_svd(update[None].double(), 1)
    values["relative_update_norm"] = values["update_norm"] / base.double().norm()
    return {name: float(value) for name, value in values.items()}


@pytest.mark.parametrize("family", FAMILIES)
def test_measures_of_sharded_files_are_those_of_the_models(family, tmp_path):
    model = tiny_model(family)
    model.save_pretrained(tmp_path / "base", max_shard_size="20KB")
    before = matrices_of(model)
    moved(model, seed=1).save_pretrained(tmp_path / "checkpoint-5")
    after = matrices_of(model)
    base = open_base(tmp_path / "base")
    assert len(list((tmp_path / "base").glob("*.safetensors"))) > 2
    meter = SeriesMeter(base, Snapshots(tmp_path / "kept"), k=5, tolerance=EXACT, device=torch.device("cpu"))
    found = as_dict(measure(meter, 5, tmp_path / "checkpoint-5", base))
    assert {module.name: module.shape for module in meter.modules} == {
        name: tuple(matrix.shape) for name, matrix in before.items()
    }
    for index, module in enumerate(meter.modules):
        expected = directly(after[module.name] - before[module.name], before[module.name])
        for statistic, value in expected.items():
            assert found[statistic, 5, None][index] == pytest.approx(value, rel=1e-5), (module.name, statistic)
        same = (after[module.name].bfloat16() == before[module.name].bfloat16()).double().mean()
        assert found["visible_sparsity", 5, None][index] == pytest.approx(float(same))
    assert sum(found["norm_share", 5, None]) == pytest.approx(1.0)
    shares = torch.tensor(found["update_norm", 5, None]).square()
    assert found["norm_share", 5, None] == pytest.approx((shares / shares.sum()).tolist(), rel=1e-5)


def test_earlier_checkpoints_are_aligned_with_each_later_one(tmp_path):
    model = tiny_model("Llama")
    model.save_pretrained(tmp_path / "base")
    before = matrices_of(model)
    updates = {}
    for step in (1, 2, 4):
        moved(model, seed=step).save_pretrained(tmp_path / f"checkpoint-{step}")
        updates[step] = {name: matrix - before[name] for name, matrix in matrices_of(model).items()}
    base = open_base(tmp_path / "base")
    meter = SeriesMeter(base, Snapshots(tmp_path / "kept"), k=5, tolerance=EXACT, device=torch.device("cpu"))
    found: dict = {}
    for step in updates:
        found |= as_dict(measure(meter, step, tmp_path / f"checkpoint-{step}", base))
    pairs = {(at, reference) for name, at, reference in found if name == "subspace_affinity@5"}
    assert pairs == {(1, 2), (1, 4), (2, 4)}
    for at, reference in pairs:
        for index, module in enumerate(meter.modules):
            first, latest = (torch.linalg.svd(updates[one][module.name].double()) for one in (at, reference))
            inner = first.U[:, :5].T @ latest.U[:, :5]
            affinity = float(inner.square().sum() / 5)
            paired = float(inner.diagonal().abs().mean())
            assert found["subspace_affinity@5", at, reference][index] == pytest.approx(affinity, abs=2e-3)
            assert found["paired_cosine@5", at, reference][index] == pytest.approx(paired, abs=2e-3)


def test_an_unchanged_matrix_has_no_direction_and_a_damaged_one_no_numbers(tmp_path):
    model = tiny_model("Llama")
    model.save_pretrained(tmp_path / "base")
    with torch.no_grad():
        model.model.layers[0].mlp.up_proj.weight[3, 4] = math.nan
    model.save_pretrained(tmp_path / "checkpoint-1")
    base = open_base(tmp_path / "base")
    meter = SeriesMeter(base, Snapshots(tmp_path / "kept"), k=2, tolerance=EXACT, device=torch.device("cpu"))
    found = as_dict(measure(meter, 1, tmp_path / "checkpoint-1", base))
    for index, module in enumerate(meter.modules):
        damaged = module.name == "model.layers.0.mlp.up_proj.weight"
        norm = found["update_norm", 1, None][index]
        assert math.isnan(norm) if damaged else norm == 0
        assert math.isnan(found["effective_rank", 1, None][index])


@pytest.mark.filterwarnings("ignore")
def test_an_adapters_update_keeps_its_rank_where_that_of_merged_weights_is_lost_in_rounding(tmp_path):
    """The adapter tells dW itself; W_0 + dW in float32, less W_0, is off by more than this dW's directions are long."""
    base_folder, folder, before, _ = made(tmp_path, "Qwen2", {"lora_alpha": 4e-6})
    base = open_base(base_folder)
    meter = SeriesMeter(base, Snapshots(tmp_path / "kept"), k=8, tolerance=EXACT, device=torch.device("cpu"))
    found = as_dict(measure(meter, 3, folder, base))
    changed = [name for name in before if name.split(".")[-2] in TARGETS["Qwen2"]]
    ranks = dict(zip((module.name for module in meter.modules), found["numerical_rank", 3, None], strict=True))
    assert {ranks[name] for name in changed} == {4}
