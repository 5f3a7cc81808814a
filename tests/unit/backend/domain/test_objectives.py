"""Which objectives a configuration may have, and with what beside them."""

import pytest
from pydantic import ValidationError

from opdboard.domain.budget import Budget
from opdboard.domain.objectives import (
    Dapo,
    FullVocabulary,
    Grpo,
    JensenShannon,
    SampledToken,
    Sft,
    TopK,
)
from opdboard.domain.run_config import RunConfig
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.teachers import NoTeacher


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
    assert Grpo(group_size=8).responses_per_prompt == 8
    assert FullVocabulary().responses_per_prompt == Sft().responses_per_prompt == 1


@pytest.mark.parametrize(
    "objective", [FullVocabulary(), SampledToken(reward_scale=1.25), TopK(k=3, support="union"), JensenShannon(beta=0)]
)
def test_every_kind_survives_being_stored(objective: object):
    config = RunConfig.model_validate({"objective": objective})
    assert RunConfig.model_validate_json(config.model_dump_json()).objective == objective


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"kind": "k1"}, "does not contain the teacher"),
        ({"kind": "top_k", "beta": 0.5}, "Extra inputs"),
        ({"kind": "jensen_shannon", "beta": 1.5}, "less than or equal to 1"),
        ({"kind": "top_k", "k": 0}, "greater than or equal to 1"),
        ({"kind": "sampled_token", "reward_scale": 0}, "greater than 0"),
        ({"kind": "reverse"}, "'full_vocabulary', 'sampled_token', 'top_k', 'jensen_shannon'"),
        ("full_vocabulary", "dictionary"),
    ],
)
def test_what_makes_no_sense_is_refused(values: object, sentence: str):
    with pytest.raises(ValidationError, match=sentence):
        RunConfig.model_validate({"objective": values})


def test_the_form_has_a_sentence_for_every_option():
    schema = RunConfig.model_json_schema()
    kinds = schema["properties"]["objective"]["discriminator"]["mapping"]
    assert {"full_vocabulary", "sampled_token", "top_k", "jensen_shannon"} <= kinds.keys()
    for reference in kinds.values():
        options = schema["$defs"][reference.rsplit("/", 1)[1]]["properties"]
        assert all("description" in option for name, option in options.items() if name != "kind")


def test_who_needs_the_initial_student():
    for one in (FullVocabulary(reward_scale=1.25), SampledToken(reward_scale=0.5), Grpo()):
        assert one.needs_reference
    others = (FullVocabulary(), SampledToken(), TopK(), JensenShannon(), Grpo(kl_coefficient=0), Dapo(), Sft())
    assert not any(one.needs_reference for one in others)
