"""Scores on evaluation sets while training, against the analysis that scores the same weights afterwards."""

from typing import Any

import pytest
from support.short_run import CONFIG, no_runs

from opdboard.domain.cadence import Cadence
from opdboard.settings import Settings
from opdboard_worker.training.assembly import assemble, load_weights

pytestmark = pytest.mark.slow

SUMS = {"name": "sums", "prompts": 12, "samples": 2, "max_response_tokens": 6}


def test_a_score_while_training_is_that_of_the_analysis(analyse, subject: str, settings: Settings):
    config = CONFIG.model_copy(update={"evaluation": Cadence.model_validate({"sets": [SUMS]})})
    parts = assemble(config, settings, no_runs, settings.root / "snapshots")
    base: dict[str, Any] = {}
    ((first, _),) = parts.scoreboard.scores(0, base, lambda: None)
    load_weights(parts.scorer.student, settings.run_folder(subject) / "checkpoints" / "step-000004")
    ((last, scalars),) = parts.scoreboard.scores(4, base, lambda: None)
    found = analyse("evaluate", sets=[SUMS], steps=[4])
    assert [str(one.scores) for one in (first, last)] == [str(one.scores) for one in found]
    assert first.scores[0].per_prompt != last.scores[0].per_prompt
    assert last.details == found[1].details
    assert scalars["eval/sums/avg@2"] == found[1].scores[0].score.value
