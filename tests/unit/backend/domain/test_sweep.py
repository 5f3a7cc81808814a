"""Sweeps: combinations, names, and what cannot be varied."""

import pytest
from pydantic import ValidationError

from opdboard.domain.run_config import RunConfig
from opdboard.domain.sweep import LONGEST_NAME, Sweep, check, label_of, named, variants


def test_every_combination_with_the_seeds_of_a_setting_together():
    sweep = Sweep(seeds=[0, 1], grid={"optimizer.learning_rate": [1e-5, 1e-4], "budget.batch_size": [8, 16]})
    found = variants({"name": "x"}, sweep)
    assert len(found) == sweep.size == 8
    assert [variant.label for variant in found[:3]] == [
        "lr 1e-5 · batch 8 · seed 0",
        "lr 1e-5 · batch 8 · seed 1",
        "lr 1e-5 · batch 16 · seed 0",
    ]
    assert [variant.setting for variant in found[:2]] == ["lr 1e-5 · batch 8"] * 2
    config = RunConfig.model_validate(found[-1].config)
    assert (config.optimizer.learning_rate, config.budget.batch_size, config.seed) == (1e-4, 16, 1)


def test_nothing_to_vary_is_the_configuration_itself():
    [only] = variants({"seed": 3}, Sweep())
    assert (only.config, only.label, only.values) == ({"seed": 3}, "", {})


def test_another_kind_replaces_the_object_and_the_same_kind_keeps_it():
    base = {"strategy": {"kind": "effopd", "candidates": 3}}
    found = variants(base, Sweep(grid={"strategy.kind": ["none", "effopd"]}))
    assert [variant.config["strategy"] for variant in found] == [{"kind": "none"}, base["strategy"]]
    assert [variant.label for variant in found] == ["OPD", "EffOPD"]


def test_another_objective_replaces_the_settings_of_the_old_one():
    [variant] = variants({"objective": {"kind": "grpo", "group_size": 4}}, Sweep(grid={"objective.kind": ["dapo"]}))
    assert variant.config["objective"] == {"kind": "dapo"}


def test_the_given_configuration_is_left_alone():
    base = {"budget": {"steps": 3}}
    variants(base, Sweep(grid={"budget.steps": [5]}))
    assert base == {"budget": {"steps": 3}}


def test_what_is_wrong_in_itself_stays_wrong():
    [variant] = variants({"budget": 5}, Sweep(grid={"budget.steps": [5]}))
    with pytest.raises(ValidationError):
        RunConfig.model_validate(variant.config)


@pytest.mark.parametrize(
    ("sweep", "path"),
    [
        (Sweep(seeds=[1, 1]), "seeds"),
        (Sweep(seeds=list(range(65))), "seeds"),
        (Sweep(grid={"budget.steps": []}), "grid.budget.steps"),
        (Sweep(grid={"budget.steps": [1, 1]}), "grid.budget.steps"),
        (Sweep(grid={"budget..steps": [1]}), "grid.budget..steps"),
        (Sweep(grid={"name": ["a"]}), "grid.name"),
        (Sweep(seeds=[1], grid={"seed": [2]}), "grid.seed"),
    ],
)
def test_a_sweep_that_makes_no_sense_is_named(sweep: Sweep, path: str):
    assert list(check(sweep)) == [path]


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("optimizer.learning_rate", 3e-5, "lr 3e-5"),
        ("optimizer.weight_decay", 0.5, "weight decay 0.5"),
        ("strategy.max_kl", None, "max kl none"),
        ("seed", 7, "seed 7"),
    ],
)
def test_values_are_named_as_people_write_them(path: str, value: float, text: str):
    assert label_of(path, value) == text


def test_names_are_cut_to_what_is_allowed():
    assert named("", "seed 1") == "seed 1"
    assert named("a", "") == "a"
    assert len(named("a" * 300, "seed 1")) == LONGEST_NAME
