"""Rows of logits beyond the tokenizer are padding: training with them is training with the rows cut off by hand."""

from typing import Any

import pytest
import torch
from invariant.conftest import tiny_config
from support.pairs import in_folder, padded
from support.teacher_server import serving
from transformers import Gemma2Config, Gemma2ForCausalLM, LlamaConfig, LlamaForCausalLM

from opdboard.domain.errors import RemoteTeacherProblem
from opdboard.domain.objectives import (
    Dapo,
    FullVocabulary,
    Grpo,
    JensenShannon,
    ObjectiveSettings,
    SampledToken,
    Sft,
    TopK,
)
from opdboard.domain.teachers import ModelTeacher, NoTeacher, OneOfSeveral, RemoteTeacher, SeveralTeachers
from opdboard.settings import Settings
from opdboard_worker.models.demo import load_demo
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.training.assembly import assemble

TOKENS = 15
DISTILLATIONS = [
    FullVocabulary(chunk_tokens=3),
    FullVocabulary(reward_scale=1.25),
    SampledToken(),
    SampledToken(reward_scale=1.25),
    *(TopK(k=4, support=support) for support in ("student", "teacher", "union")),
    *(JensenShannon(beta=beta) for beta in (0.0, 0.5, 1.0)),
]
SMALL: dict[str, Any] = {
    "vocab_size": TOKENS,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 64,
    "pad_token_id": 12,
    "bos_token_id": 13,
    "eos_token_id": 14,
}


def demo(role):
    return load_demo(role).model


def tied(seed):
    torch.manual_seed(seed)
    return LlamaForCausalLM(LlamaConfig(**SMALL, initializer_range=0.2, tie_word_embeddings=True))


def capped(seed):
    torch.manual_seed(seed)
    return Gemma2ForCausalLM(Gemma2Config(**SMALL, initializer_range=0.2, final_logit_softcapping=2.0))


def step(config, tmp_path):
    """Loss, measures and gradients of the first step."""
    torch.set_num_threads(1)
    parts = assemble(config, Settings(data_dir=tmp_path), lambda _: tmp_path, tmp_path / "snapshots")
    experience = parts.learner.gather(1, 0)
    loss, scalars = parts.learner.backward(experience, experience.minibatches[0])
    gradients = {name: p.grad for name, p in parts.trained.parameters.items() if p.grad is not None}
    return loss, scalars, gradients


def agree(with_padding, by_hand):
    loss, scalars, gradients = with_padding
    loss_by_hand, scalars_by_hand, gradients_by_hand = by_hand
    assert loss == pytest.approx(loss_by_hand, rel=1e-5, abs=1e-7)
    assert scalars == pytest.approx(scalars_by_hand, rel=1e-4, abs=1e-6, nan_ok=True)
    assert gradients.keys() == gradients_by_hand.keys()
    cut = 0
    for name, gradient in gradients.items():
        own = gradients_by_hand[name]
        torch.testing.assert_close(gradient[: len(own)], own, rtol=1e-4, atol=1e-6)
        cut += len(gradient) > len(own)
        assert not gradient[len(own) :].any(), "padding gets no gradient"
    return cut


@pytest.mark.parametrize(
    ("objective", "of_student", "of_teacher"),
    [*((one, 2, 7) for one in DISTILLATIONS), (DISTILLATIONS[0], 3, 0), (DISTILLATIONS[0], 0, 5)],
    ids=lambda one: repr(one) if isinstance(one, ObjectiveSettings) else str(one),
)
def test_a_step_of_distillation_is_that_with_the_rows_cut_off(objective, of_student, of_teacher, tmp_path):
    def config(student, teacher):
        source = in_folder(teacher, tmp_path / f"teacher{teacher.config.vocab_size}")
        return tiny_config(
            student=in_folder(student, tmp_path / f"student{student.config.vocab_size}"),
            teacher=ModelTeacher(source=source),
            objective=objective,
        )

    by_hand = step(config(demo("base"), demo("teacher")), tmp_path)
    student, teacher = padded(demo("base"), of_student), padded(demo("teacher"), of_teacher, seed=1)
    cut = agree(step(config(student, teacher), tmp_path), by_hand)
    assert cut == (2 if of_student else 0), "embeddings and head"


@pytest.mark.parametrize(
    "objective", [Grpo(group_size=4), Dapo(group_size=4, updates_per_batch=2), Sft()], ids=lambda one: one.kind
)
def test_a_step_without_teacher_is_that_with_the_rows_cut_off(objective, tmp_path):
    def config(student):
        source = in_folder(student, tmp_path / f"student{student.config.vocab_size}")
        return tiny_config(student=source, teacher=NoTeacher(), objective=objective)

    by_hand = step(config(demo("base")), tmp_path)
    assert agree(step(config(padded(demo("base"), 3)), tmp_path), by_hand)


@pytest.mark.parametrize("make", [tied, capped])
@pytest.mark.parametrize("objective", [FullVocabulary(chunk_tokens=5), SampledToken(), JensenShannon()], ids=repr)
def test_tied_and_capped_heads_too(make, objective, tmp_path):
    def config(student, teacher):
        return tiny_config(
            student=in_folder(student, tmp_path / f"student{student.config.vocab_size}"),
            teacher=ModelTeacher(source=in_folder(teacher, tmp_path / f"teacher{teacher.config.vocab_size}")),
            objective=objective,
        )

    by_hand = step(config(make(1), make(2)), tmp_path)
    assert agree(step(config(padded(make(1), 1), padded(make(2), 4)), tmp_path), by_hand) == 1


def test_several_teachers_may_have_different_padding(train, tmp_path):
    def several(*sources):
        teachers = [OneOfSeveral(name=f"t{place}", source=source) for place, source in enumerate(sources)]
        return tiny_config(steps=2, teacher=SeveralTeachers(teachers=teachers))

    plain = in_folder(demo("teacher"), tmp_path / "plain")
    other = in_folder(padded(demo("teacher"), 6), tmp_path / "padded")
    _, by_hand = train(several(plain, plain))
    _, sink = train(several(plain, other))
    for key in ("loss", "reverse_kl", "eval/reverse_kl"):
        assert sink.series(key) == pytest.approx(by_hand.series(key), rel=1e-4), key


@pytest.mark.parametrize("objective", [SampledToken(), TopK(k=4, support="teacher")], ids=repr)
def test_padding_among_a_servers_likeliest_tokens_is_left_out(train, objective, caplog):
    teacher = LoadedModel(padded(demo("teacher"), 2), load_demo("teacher").tokenizer, "padded")
    with serving(teacher) as server:
        remote = RemoteTeacher(url=server.url, model="demo", top_logprobs=TOKENS + 2)
        _, told = train(tiny_config(objective=objective, teacher=remote))
    _, by_hand = train(tiny_config(objective=objective))
    for key in ("loss", "teacher_logprob", "reverse_kl_k3"):
        assert told.series(key) == pytest.approx(by_hand.series(key), rel=1e-3, abs=1e-5), key
    assert "rows beyond the tokenizer" in caplog.text


def test_too_few_likeliest_tokens_beside_padding_end_the_run_in_a_sentence(train):
    teacher = LoadedModel(padded(demo("teacher"), 4, size=9.0), load_demo("teacher").tokenizer, "padded")
    with serving(teacher) as server:
        remote = RemoteTeacher(url=server.url, model="demo", top_logprobs=4)
        with pytest.raises(RemoteTeacherProblem, match=r"padding \(ids from 15\)"):
            train(tiny_config(objective=TopK(k=4, support="teacher"), teacher=remote))
