"""What methods are called, in one word and in a reader's."""

import pytest

from opdboard.domain.methods import METHODS, looks_ahead, method_name
from opdboard.domain.run_config import RunConfig


@pytest.mark.parametrize(
    ("config", "method", "name", "ahead"),
    [
        ({}, "opd", "OPD", False),
        ({"objective": {"kind": "top_k"}}, "opd", "OPD", False),
        ({"strategy": {"kind": "linesearch"}}, "linesearch", "Line-searched OPD", True),
        ({"objective": {"kind": "sft"}}, "sft", "SFT", False),
        ({"objective": {"kind": "grpo"}, "strategy": {"kind": "effopd"}}, "grpo-effopd", "GRPO + EffOPD", True),
    ],
)
def test_a_configuration_is_called_by_objective_and_strategy(config, method, name, ahead):
    assert RunConfig.model_validate(config).method == method
    assert (method_name(method), looks_ahead(method)) == (name, ahead)


def test_what_others_report_keeps_its_name():
    assert [method_name(told) for told in ("trl-gkd", "grpo", "import", "")] == ["trl-gkd", "GRPO", "Import", ""]
    assert not looks_ahead("trl-gkd")


def test_methods_of_one_part_are_each_listed_once():
    assert len(set(METHODS)) == len(METHODS)
    assert {"opd", "grpo", "dapo", "sft", "effopd"} <= set(METHODS) and "none" not in METHODS
