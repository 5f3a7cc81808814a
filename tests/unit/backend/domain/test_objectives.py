"""Which objectives a configuration may have, and with what beside them."""

import pytest
from pydantic import ValidationError

from opdboard.domain.objectives import Dapo, FullVocabulary, Grpo, SampledToken, Sft, prompts_per_step
from opdboard.domain.run_config import Budget, EffOPD, NoTeacher, RunConfig


def refused(**fields) -> str:
    with pytest.raises(ValidationError) as caught:
        RunConfig(**fields)
    return str(caught.value)


def test_what_earlier_versions_stored_is_still_read():
    old = {"kind": "full_vocabulary", "chunk_tokens": 7, "importance_cap": 5.0}
    assert RunConfig.model_validate({"objective": old}).objective == FullVocabulary(chunk_tokens=7)
    assert RunConfig.model_validate({"objective": {}}).objective == FullVocabulary()
    old |= {"kind": "sampled_token"}
    assert RunConfig.model_validate({"objective": old}).objective == SampledToken(chunk_tokens=7)


def test_distillation_needs_a_teacher_and_the_others_do_not():
    assert "name a teacher" in refused(teacher=NoTeacher())
    for objective in (Grpo(), Dapo(), Sft()):
        assert RunConfig(teacher=NoTeacher(), objective=objective).method == objective.kind
        assert RunConfig(objective=objective).method == objective.kind, "a teacher to compare with is allowed"


def test_looking_ahead_without_a_teacher_is_scored_by_accuracy():
    alone = {"teacher": NoTeacher(), "objective": Grpo()}
    assert RunConfig(strategy=EffOPD(), **alone).method == "grpo-effopd"
    assert "strategy.score" in refused(strategy=EffOPD(score="both"), **alone)


def test_groups_fill_the_batch():
    assert "budget.batch_size (12)" in refused(objective=Grpo(group_size=8), budget=Budget(batch_size=12))
    assert "4 x 4 = 16" in refused(objective=Dapo(group_size=4), budget=Budget(batch_size=8))
    assert prompts_per_step(Grpo(group_size=8), 64) == 8
    assert prompts_per_step(FullVocabulary(), 64) == prompts_per_step(Sft(), 64) == 64
