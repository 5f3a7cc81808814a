"""End tokens of student and teacher that differ: told, or counted as one event."""

import math
from typing import Any

import pytest
import torch
from invariant.conftest import tiny_config
from support.pairs import ending_otherwise, in_folder
from support.teacher_server import serving

from opdboard.domain.errors import BadInput
from opdboard.domain.objectives import FullVocabulary, Grpo, JensenShannon, SampledToken, Sft, TopK
from opdboard.domain.reading import Reading
from opdboard.domain.teachers import ModelTeacher, NoTeacher, RemoteTeacher
from opdboard_worker.models.demo import BOS_ID, EOS_ID

MAPPED = Reading.model_validate({"ends": "map", "teacher": {"end_tokens": ["<bos>"]}})


@pytest.fixture
def otherwise(tmp_path):
    loaded = ending_otherwise()
    return ModelTeacher(source=in_folder(loaded.model, tmp_path / "otherwise", loaded.tokenizer))


def responses(training, step=1):
    return training.parts.learner.gather(step, 0).rollout


def test_end_tokens_that_differ_are_told_in_a_sentence(train, otherwise, caplog):
    _, sink = train(tiny_config(steps=2))
    assert "lengths explode" not in caplog.text
    _, left = train(tiny_config(steps=2, teacher=otherwise))
    assert "demo base ends a response with <eos>, otherwise with <bos>" in caplog.text
    assert caplog.text.count("lengths explode") == 1
    assert left.series("reverse_kl")[1] > 2 * sink.series("reverse_kl")[1], "it is taught not to end"
    # The teacher's own answers end where it ends them.
    assert left.series("eval/teacher_accuracy") == sink.series("eval/teacher_accuracy")


def test_end_tokens_named_of_a_server_are_told_of_too(train, caplog):
    reading = Reading.model_validate({"teacher": {"end_tokens": ["<bos>"]}})
    with serving(ending_otherwise()) as server:
        remote = RemoteTeacher(url=server.url, model="far")
        train(tiny_config(steps=1, objective=SampledToken(), teacher=remote, reading=reading))
    assert "demo base ends a response with <eos>, far (remote) with <bos>" in caplog.text


def test_mapped_end_tokens_are_one_event(train, otherwise, caplog):
    _, plain = train(tiny_config(steps=2))
    training, sink = train(tiny_config(steps=2, teacher=otherwise, reading=MAPPED))
    assert "lengths explode" not in caplog.text
    # Nearly, since the student's <bos> and the teacher's <eos> count too.
    assert sink.series("reverse_kl")[1] == pytest.approx(plain.series("reverse_kl")[1], rel=0.02)
    token_N = responses(training).responses.token_N
    assert (token_N == EOS_ID).any() and not (token_N == BOS_ID).any()


@pytest.mark.parametrize(
    ("objective", "precision"),
    [
        (FullVocabulary(), "bf16"),
        *(
            (objective, "float32")
            for objective in (
                FullVocabulary(reward_scale=1.25),
                SampledToken(reward_scale=1.25),
                TopK(k=1, support="union"),
                TopK(k=40, support="union"),
                JensenShannon(beta=0.0),
                JensenShannon(beta=1.0),
                Grpo(group_size=4),
            )
        ),
    ],
    ids=repr,
)
def test_every_objective_bears_tokens_of_probability_zero(train, otherwise, objective, precision):
    training, sink = train(
        tiny_config(steps=1, teacher=otherwise, reading=MAPPED, objective=objective, precision=precision)
    )
    assert all(math.isfinite(value) for batch in sink.batches for value in batch.scalars.values())
    assert all(bool(one.isfinite().all()) for one in training.parts.scorer.student.model.parameters())
    assert not any(sink.series("skipped_updates").values())


def test_a_server_can_be_asked_for_the_whole_event(train, otherwise):
    config = tiny_config(steps=2, objective=SampledToken(), reading=MAPPED)
    _, local = train(config.model_copy(update={"teacher": otherwise}))
    asked: list[dict[str, Any]] = [{}, {"api": "echo"}, {"top_logprobs": 3}]
    for settings in asked:
        with serving(ending_otherwise()) as server:
            remote = RemoteTeacher(url=server.url, model="demo", **settings)
            _, told = train(config.model_copy(update={"teacher": remote}))
        for key in ("loss", "teacher_logprob", "reverse_kl_k3"):
            assert told.series(key) == pytest.approx(local.series(key), rel=1e-3, abs=1e-5), key


@pytest.mark.parametrize("objective", [Sft(), Grpo(group_size=4), SampledToken()], ids=lambda one: one.kind)
def test_responses_end_at_the_named_tokens(train, objective):
    reading = Reading.model_validate({"student": {"end_tokens": ["="]}, "teacher": {"end_tokens": ["="]}})
    teacher = {} if objective.needs_teacher else {"teacher": NoTeacher()}
    training, _ = train(tiny_config(steps=1, objective=objective, reading=reading, **teacher))
    rollout = responses(training)
    last_B = rollout.responses.token_BR.gather(1, rollout.lengths_B[:, None] - 1).squeeze(1)
    assert torch.equal(last_B == 11, rollout.ended_B)
    if objective.kind == "sft":
        assert rollout.ended_B.all(), "given answers end with it"
        assert not any("=" in text for text in training.parts.scorer.texts(rollout)), "the end is no part of the text"


def test_given_answers_carry_the_event(train, otherwise):
    reading = Reading.model_validate({"ends": "map", "teacher": {"end_tokens": ["<bos>", "1"]}})
    training, sink = train(tiny_config(steps=1, objective=Sft(), teacher=otherwise, reading=reading))
    token_N = responses(training).responses.token_N
    assert not torch.isin(token_N, torch.tensor([BOS_ID, 1])).any(), "no response holds a token of probability 0"
    assert sink.series("loss")[1] < 100


def test_an_end_that_is_no_token_is_refused(train):
    reading = Reading.model_validate({"student": {"end_tokens": ["12"]}})
    with pytest.raises(BadInput, match=r"'12' in reading\.student\.end_tokens is tokens \[1, 2\]"):
        train(tiny_config(reading=reading))
