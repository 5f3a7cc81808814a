"""Metrics of lm-eval: what was asked otherwise is told."""

from dataclasses import replace
from typing import Any

import pytest
from support.drawn_runs import drawn_run

from opdboard.panels import registry
from opdboard.panels.series import RunSeries


def asked(number: int, **parameters: Any) -> RunSeries:
    run = drawn_run(number)
    return replace(run, analyses={"lm_eval": replace(run.analyses["lm_eval"], parameters=parameters)})


def note(*series: RunSeries) -> str:
    panel = registry.panel("lm_eval")
    drawn: Any = panel.draw(series, panel.params())
    return drawn.layout.meta["note"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"limit": 10}, "examples per task 10, not as the task has it"),
        ({"num_fewshot": 0}, "worked examples 0, not as the task has it"),
        ({"chat_template": True}, "chat template on, not off"),
    ],
)
def test_runs_that_are_asked_otherwise_are_told_of(changes: dict[str, Any], why: str):
    plain = {"limit": None, "num_fewshot": None, "chat_template": False}
    assert f"Run 1 is not asked as Run 0 is: {why}" in note(asked(0, **plain), asked(1, **(plain | changes)))
    assert "not asked" not in note(asked(0, **plain), asked(1, **plain))
