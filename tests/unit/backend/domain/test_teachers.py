"""Teachers that are not a loaded model: which objectives and strategies they allow."""

import pytest
from pydantic import ValidationError

from opdboard.domain.model_sources import DemoModel, RunModel
from opdboard.domain.objectives import FullVocabulary, Grpo, JensenShannon, SampledToken, TopK
from opdboard.domain.run_config import RunConfig
from opdboard.domain.selection import Selection
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.teachers import OneOfSeveral, RemoteTeacher, SeveralTeachers

REMOTE = RemoteTeacher(url="http://gpu1:8000/v1", model="big", top_logprobs=8)


@pytest.mark.parametrize(
    "objective", [SampledToken(), SampledToken(reward_scale=1.25), TopK(k=8, support="teacher"), Grpo()]
)
def test_a_server_is_enough_for_these(objective):
    config = RunConfig(teacher=REMOTE, objective=objective)
    assert config.teacher.label == "big (remote)"
    assert RunConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    "objective", [FullVocabulary(), JensenShannon(), TopK(k=9, support="teacher"), TopK(k=2, support="union")]
)
def test_what_needs_more_is_refused_with_what_to_choose(objective):
    with pytest.raises(ValidationError, match="choose 'sampled_token', or 'top_k' with support 'teacher'"):
        RunConfig(teacher=REMOTE, objective=objective)


def test_a_search_by_reverse_kl_needs_a_whole_teacher():
    with pytest.raises(ValidationError, match=r"with strategy.score 'accuracy'"):
        RunConfig(teacher=REMOTE, objective=SampledToken(), strategy=EffOPD(score="negative_reverse_kl"))
    RunConfig(teacher=REMOTE, objective=SampledToken(), strategy=EffOPD())


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"url": "gpu1:8000", "model": "m"}, "url"),
        ({"url": "http://x/v1", "model": "m", "api": "echo", "top_logprobs": 2}, "ambiguous"),
        ({"url": "http://x/v1", "model": "m", "key_variable": "a b"}, "key_variable"),
    ],
)
def test_settings_that_make_no_sense(values, sentence):
    with pytest.raises(ValidationError, match=sentence):
        RemoteTeacher(**values)


def test_what_is_best_is_told_by_an_estimate():
    assert RunConfig(teacher=REMOTE, objective=SampledToken()).selection_metrics == ("eval/reverse_kl_k3",)
    assert RunConfig(teacher=REMOTE, objective=Grpo()).selection_metrics == ("eval/accuracy", "eval/reverse_kl_k3")
    with pytest.raises(ValidationError, match="choose 'auto'"):
        RunConfig(teacher=REMOTE, objective=SampledToken(), selection=Selection(metric="eval/reverse_kl"))


def several(*names: str, **changes) -> SeveralTeachers:
    return SeveralTeachers(teachers=[OneOfSeveral(name=name, source=DemoModel()) for name in names], **changes)


def test_several_teachers_are_named_and_their_weights_found():
    teacher = SeveralTeachers(
        teachers=[
            OneOfSeveral(name="math", source=RunModel(run_id="r1")),
            OneOfSeveral(name="code", source=RunModel(run_id="r2"), weight=3),
        ]
    )
    config = RunConfig(teacher=teacher)
    assert RunConfig.model_validate_json(config.model_dump_json()) == config
    assert config.teacher.label == "math, code"
    assert [(relation, source.run_id) for relation, source in config.runs_loaded] == [
        ("teacher", "r1"),
        ("teacher", "r2"),
    ]
    assert list(config.teacher.sources) == ["teacher.teachers.0.source", "teacher.teachers.1.source"]


def test_several_teachers_that_cannot_be_told_apart_or_chosen():
    with pytest.raises(ValidationError, match="name of its own"):
        several("a", "a")
    with pytest.raises(ValidationError, match="at least 2"):
        several("a")
    with pytest.raises(ValidationError, match="generated sums name no teacher"):
        RunConfig(teacher=several("a", "b", route_by="data_source"))
