"""What voices say and what is told of it, against plain transformers."""

from typing import Any

import pytest
import torch
from support.talking import FACTOR, Folders, config_of
from support.teacher_server import serving
from support.tokenizers import byte_tokenizer

from opdboard.db import evidence, playgrounds, runs
from opdboard.domain.errors import OutOfMemory
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import claims, talking
from opdboard_worker.data.examples import load_examples, split
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.playground import cast
from opdboard_worker.playground.speaker import Speaker
from opdboard_worker.training.rollout import draw, uniforms

BASE, TEACHER = {"kind": "base"}, {"kind": "teacher"}
TRAINED, CANDIDATE = {"kind": "checkpoint", "step": 2}, {"kind": "candidate", "step": 2, "factor": FACTOR}
TOKENIZER: Any = byte_tokenizer()
TEMPERATURE = 0.8
"""The run's, at which probabilities are told."""


def logits_after(model: Any, prompt: list[int], said: list[int]) -> torch.Tensor:
    """(R, V) that expected each token, in one plain pass."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([prompt + said])).logits[0]
    return logits[len(prompt) - 1 : -1, :263].double()


def spoken(
    model: Any,
    prompt: list[int],
    seed: int,
    count: int,
    temperature: float,
    turn: int = 0,
    other_end: int | None = None,
) -> list[int]:
    """An answer sampled by transformers alone, one whole pass per token. other_end: counts as the end token, 257."""
    said: list[int] = []
    for uniform in uniforms(1, count, seed, "playground", turn)[0]:
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([prompt + said])).logits[0, -1:, :263]
        if other_end is not None:
            logits[:, 257] = logits[:, [257, other_end]].logsumexp(1)
            logits[:, other_end] = -torch.inf
        token = int(logits.argmax()) if not temperature else int(draw(logits / temperature, uniform.unsqueeze(0))[0])
        said.append(token)
        if token == 257:
            break
    return said


def prompt_of(*turns: tuple[str, str]) -> list[int]:
    messages = [{"role": role, "content": content} for role, content in turns]
    text = TOKENIZER.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return TOKENIZER(str(text), add_special_tokens=False)["input_ids"]


ASKED = ("user", "How are you?\n\nBe brief.")


def test_all_voices_say_and_score_what_plain_transformers_does(talk, folders: Folders) -> None:
    playground = talk()
    question = playground.ask(
        voices=[BASE, TRAINED, CANDIDATE, TEACHER], prompt="How are you?", temperature=1.3, max_tokens=24, seed=5
    )
    assert playground.work().startswith("nothing was asked for")
    told = playground.answers(question)
    prompt = prompt_of(ASKED)
    names = ["base", "trained", "candidate", "teacher"]
    for voice, name in enumerate(names):
        said, one = spoken(folders.models[name], prompt, 5, 24, 1.3), told[voice]
        assert "".join(one["tokens"]) == TOKENIZER.decode(said), name
        assert len(one["tokens"]) == len(said)
        logp = {
            other: torch.log_softmax(logits_after(folders.models[other], prompt, said) / TEMPERATURE, -1)
            for other in names
        }
        at = torch.tensor(said).unsqueeze(1)
        torch.testing.assert_close(
            torch.tensor(one["logp"]).double(), logp[name].gather(1, at)[:, 0], atol=2e-4, rtol=1e-4
        )
        kl = (logp[name].exp() * (logp[name] - logp["teacher"])).sum(1)
        torch.testing.assert_close(torch.tensor(one["kl"]).double(), kl, atol=2e-4, rtol=1e-4)
        for place, other in enumerate(names):
            torch.testing.assert_close(
                torch.tensor(one["by_others"][place]).double(), logp[other].gather(1, at)[:, 0], atol=2e-4, rtol=1e-4
            )
        assert one["end"].truncated == (said[-1] != 257) and not one["end"].error
        assert one["read"].student.ids == prompt and one["read"].differing == 0
    assert len({"".join(told[voice]["tokens"]) for voice in range(4)}) == 4


def test_the_same_seed_says_the_same_again_and_the_same_voice_twice_too(talk) -> None:
    playground = talk()
    first, again, other = (
        playground.ask(voices=[BASE, BASE], prompt="Say something", temperature=1.5, max_tokens=16, seed=seed)
        for seed in (1, 1, 2)
    )
    playground.work()
    texts = {
        (question, voice): one["tokens"]
        for question in (first, again, other)
        for voice, one in playground.answers(question).items()
    }
    assert texts[first, 0] == texts[first, 1] == texts[again, 0] == texts[again, 1] != texts[other, 0]


def test_temperature_0_says_the_likeliest_token_whatever_the_seed(talk, folders: Folders) -> None:
    playground = talk()
    question = playground.ask(voices=[BASE], prompt="How are you?", temperature=0, max_tokens=6, seed=9)
    playground.work()
    said = spoken(folders.models["base"], prompt_of(ASKED), 0, 6, 0.0)
    assert "".join(playground.answers(question)[0]["tokens"]) == TOKENIZER.decode(said)


def test_each_voice_goes_on_from_its_own_answer(talk, folders: Folders) -> None:
    playground = talk()
    first = playground.ask(voices=[BASE, TRAINED], prompt="How are you?", system_prompt="Be kind.", seed=3)
    second = playground.ask(voices=[BASE, TRAINED], prompt="And now?", follows=first, seed=3)
    playground.work()
    before, after = playground.answers(first), playground.answers(second)
    for voice, name in enumerate(("base", "trained")):
        turns = (
            ("system", "Be kind."),
            ASKED,
            ("assistant", before[voice]["end"].text),
            ("user", "And now?\n\nBe brief."),
        )
        prompt = prompt_of(*turns)
        assert after[voice]["read"].student.ids == prompt
        said = spoken(folders.models[name], prompt, 3, 8, 1.0, turn=1)
        assert "".join(after[voice]["tokens"]) == TOKENIZER.decode(said)


def test_a_held_out_prompt_is_read_as_the_run_reads_it_and_an_unknown_one_is_told(talk) -> None:
    playground = talk()
    with pytest.raises(ValueError, match="give a prompt"):
        playground.ask(voices=[BASE], prompt="a", held_out=1)
    unknown = playground.ask(voices=[BASE], held_out=99)
    playground.work()
    assert "holds out no prompt 99" in playground.answers(unknown)[0]["end"].error
    with playground.database.read() as session:
        about = playgrounds.row_of(session, playground.id).about
    assert about is not None and len(about["held_out"]) == 4 and about["kl"] == "reverse_kl"
    assert about["temperature"] == TEMPERATURE
    again = talk()
    asked = about["held_out"][0]
    question = again.ask(voices=[BASE], held_out=asked["id"])
    again.work()
    read = again.answers(question)[0]["read"].student.ids
    assert read == prompt_of(("user", f"{asked['prompt']}\n\nBe brief."))


def test_a_voice_that_cannot_be_loaded_says_so_and_the_others_go_on(talk) -> None:
    playground = talk()
    gone = {"kind": "checkpoint", "step": 7}
    with playground.database.write() as session:
        evidence.mark_candidates_removed(session, playground.run_id, 2, [2])
    question = playground.ask(voices=[gone, BASE, CANDIDATE], prompt="Hello")
    follow = playground.ask(voices=[gone, BASE, CANDIDATE], prompt="Hello again", follows=question)
    playground.work()
    told = playground.answers(question)
    assert "no checkpoint at step 7; present: 2" in told[0]["end"].error
    assert told[1]["tokens"] and not told[1]["end"].error
    assert "keeps no candidates of step 2" in told[2]["end"].error
    after = playground.answers(follow)
    assert "no answer to the question before" in after[0]["end"].error and after[1]["tokens"]


def test_without_its_teacher_the_others_speak_and_why_is_told(talk, folders: Folders) -> None:
    missing = {"kind": "model", "source": {"kind": "folder", "path": str(folders.root / "nowhere")}}
    playground = talk(teacher=missing)
    question = playground.ask(voices=[BASE, TEACHER], prompt="Hello")
    playground.work()
    told = playground.answers(question)
    assert told[0]["tokens"] and told[0]["kl"] == [] and "there is no folder" in told[1]["end"].error


def test_answers_of_a_lost_worker_begin_anew_and_finished_ones_stay(talk, monkeypatch: pytest.MonkeyPatch) -> None:
    playground = talk()
    first = playground.ask(voices=[BASE], prompt="Hello", seed=1)
    second = playground.ask(voices=[BASE], prompt="Hello", seed=1)
    said = 0
    say = Speaker.say

    def die(self: Any) -> None:
        nonlocal said
        said += 1
        if said == 12:
            raise KeyboardInterrupt
        say(self)

    monkeypatch.setattr(Speaker, "say", die)
    with pytest.raises(KeyboardInterrupt):
        playground.work()
    with playground.database.write() as session:
        run = runs.get(session, playground.id, lock=True)
        assert claims.give_back(session, run, "killed") is RunState.QUEUED
    playground.work()
    assert playground.answers(first)[0]["tokens"] == playground.answers(second)[0]["tokens"]
    assert sum("end" in playground.answers(one)[0] for one in (first, second)) == 2


def test_a_teacher_that_knows_the_answer_scores_prompts_that_have_one(talk, folders: Folders) -> None:
    playground = talk(teacher={"kind": "privileged"})
    held_out = split(load_examples(config_of(folders.root).data), 4)[1][0].id
    known = playground.ask(voices=[BASE], held_out=held_out)
    typed = playground.ask(voices=[BASE], prompt="Hello")
    playground.work()
    told = playground.answers(known)[0]
    assert len(told["kl"]) == len(told["tokens"]) and max(told["kl"]) > 1e-3
    assert told["read"].differing > 0 and not told["end"].unscored
    told = playground.answers(typed)[0]
    assert told["kl"] == [] and "reads the worked answer" in told["end"].unscored and told["read"].teacher is None


def test_a_question_that_is_stopped_keeps_what_was_said(talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opdboard_worker.playground.answer.ROUND_SECONDS", 0.0)
    playground = talk()
    question = playground.ask(voices=[BASE, TRAINED], prompt="Hello", max_tokens=400, seed=8)
    say = Speaker.say

    def stop_soon(self: Speaker) -> None:
        if len(self.ids) == 3:
            with playground.database.write() as session:
                row = playgrounds.question_at(session, playground.id, question)
                assert row is not None
                talking.stop(runs.get(session, playground.id, lock=True), row)
        say(self)

    monkeypatch.setattr(Speaker, "say", stop_soon)
    playground.work()
    for one in playground.answers(question).values():
        assert one["end"].stopped and not one["end"].truncated and 3 <= len(one["tokens"]) <= 4


def test_a_teacher_behind_a_server_scores_whole_answers_and_does_not_speak(talk, folders: Folders) -> None:
    with serving(LoadedModel(folders.models["teacher"], TOKENIZER, "teacher")) as server:
        remote = {"kind": "remote", "url": server.url, "model": "teacher"}
        playground = talk(
            teacher=remote, objective={"kind": "sampled_token"}, budget={"max_response_tokens": 8, "batch_size": 2}
        )
        question = playground.ask(voices=[BASE, TEACHER], prompt="How are you?", seed=4)
        playground.work()
        told = playground.answers(question)
        server.faults[:] = ["refuse"] * 20
        again = playground.again()
        refused = again.ask(voices=[BASE], prompt="How are you?", seed=4)
        again.work()
    assert "asked for scores alone" in told[1]["end"].error
    prompt, one = prompt_of(ASKED), told[0]
    said = spoken(folders.models["base"], prompt, 4, 8, 1.0)
    assert "".join(one["tokens"]) == TOKENIZER.decode(said)
    at = torch.tensor(said).unsqueeze(1)
    own = torch.log_softmax(logits_after(folders.models["base"], prompt, said), -1).gather(1, at)[:, 0]
    with torch.no_grad():  # the server knows nothing of padding: its row is among what it tells
        logits = folders.models["teacher"](input_ids=torch.tensor([prompt + said])).logits[0, len(prompt) - 1 : -1]
    theirs = torch.log_softmax(logits.double(), -1).gather(1, at)[:, 0]
    estimate = torch.expm1(theirs - own) - (theirs - own)
    torch.testing.assert_close(torch.tensor(one["kl"]).double(), estimate, atol=2e-4, rtol=1e-4)
    one = again.answers(refused)[0]
    assert one["tokens"] == told[0]["tokens"] and one["kl"] == []


def test_the_teacher_reads_and_speaks_behind_its_own_prompt(talk, folders: Folders) -> None:
    playground = talk(reading={"teacher": {"template": "plain"}})
    question = playground.ask(voices=[BASE, TEACHER], prompt="How are you?", seed=6)
    playground.work()
    told = playground.answers(question)
    ours, theirs = prompt_of(ASKED), [256, *TOKENIZER(ASKED[1], add_special_tokens=False)["input_ids"]]
    assert told[0]["read"].student.ids == ours and told[0]["read"].teacher.ids == theirs
    for voice, (name, prompt) in enumerate((("base", ours), ("teacher", theirs))):
        said = spoken(folders.models[name], prompt, 6, 8, 1.0)
        assert "".join(told[voice]["tokens"]) == TOKENIZER.decode(said)
        logp = [
            torch.log_softmax(logits_after(folders.models[one], read, said) / TEMPERATURE, -1)
            for one, read in (("base", ours), ("teacher", theirs))
        ]
        kl = (logp[voice].exp() * (logp[voice] - logp[1])).sum(1)
        torch.testing.assert_close(torch.tensor(told[voice]["kl"]).double(), kl, atol=2e-4, rtol=1e-4)
        at = torch.tensor(said).unsqueeze(1)
        torch.testing.assert_close(
            torch.tensor(told[voice]["by_others"][1 - voice]).double(),
            logp[1 - voice].gather(1, at)[:, 0],
            atol=2e-4,
            rtol=1e-4,
        )


def test_an_answer_ends_at_the_end_tokens_that_the_run_names(talk, folders: Folders) -> None:
    said = spoken(folders.models["base"], prompt_of(ASKED), 7, 8, 1.0)
    end = TOKENIZER.convert_ids_to_tokens(said[4])
    playground = talk(reading={"student": {"end_tokens": [end]}})
    question = playground.ask(voices=[BASE], prompt="How are you?", seed=7)
    playground.work()
    one = playground.answers(question)[0]
    assert len(one["tokens"]) == said.index(said[4]) + 1 and not one["end"].truncated
    assert one["end"].text == TOKENIZER.decode(said[: said.index(said[4])], skip_special_tokens=True)


def test_voices_that_nobody_asks_make_room(talk, monkeypatch: pytest.MonkeyPatch) -> None:
    room = 1
    freed: list[bool] = []

    def check_room(_like: object) -> None:
        nonlocal room
        if room == 0:
            raise OutOfMemory("memory does not suffice")
        room -= 1

    def collect() -> None:
        nonlocal room
        room += 1
        freed.append(True)

    monkeypatch.setattr(cast, "_check_room", check_room)
    monkeypatch.setattr(cast, "_collect", collect)
    playground = talk()
    alone = playground.ask(voices=[TRAINED], prompt="Hello")
    other = playground.ask(voices=[CANDIDATE], prompt="Hello")
    both = playground.ask(voices=[CANDIDATE, TRAINED], prompt="Hello")
    playground.work()
    assert playground.answers(alone)[0]["tokens"] and playground.answers(other)[0]["tokens"] and freed == [True]
    told = playground.answers(both)
    assert told[0]["tokens"] and "memory does not suffice" in told[1]["end"].error


def test_ends_that_the_run_maps_are_one_event_here_too(talk, folders: Folders) -> None:
    reading = {"ends": "map", "teacher": {"end_tokens": ["<|eot|>"]}}
    playground = talk(reading=reading)
    question = playground.ask(voices=[BASE], prompt="How are you?", seed=3)
    playground.work()
    one, prompt, other = playground.answers(question)[0], prompt_of(ASKED), TOKENIZER.convert_tokens_to_ids("<|eot|>")
    said = spoken(folders.models["base"], prompt, 3, 8, 1.0, other_end=other)
    assert "".join(one["tokens"]) == TOKENIZER.decode(said)

    def logp(name: str) -> torch.Tensor:
        logits = logits_after(folders.models[name], prompt, said)
        logits[:, 257] = logits[:, [257, other]].logsumexp(1)
        return torch.log_softmax(logits[:, [one for one in range(263) if one != other]] / TEMPERATURE, -1)

    kl = (logp("base").exp() * (logp("base") - logp("teacher"))).sum(1)
    torch.testing.assert_close(torch.tensor(one["kl"]).double(), kl, atol=2e-4, rtol=1e-4)


def test_nothing_is_loaded_for_a_page_that_closed_while_it_waited(talk, monkeypatch: pytest.MonkeyPatch) -> None:
    playground = talk()
    playground.ask(voices=[BASE], prompt="Hello")
    with playground.database.write() as session:
        playgrounds.beat(session, playground.id, leaving=True)
    monkeypatch.delattr("opdboard_worker.playground.job.make_cast")
    assert playground.work() == "its page was closed before a worker was free"


def test_what_cannot_be_read_is_told_of_the_prompt(talk) -> None:
    demo = {"student": {"kind": "demo"}, "teacher": {"kind": "model", "source": {"kind": "demo", "role": "teacher"}}}
    playground = talk(**demo, data={"kind": "arithmetic"})
    question = playground.ask(voices=[BASE], prompt="Hello")
    sums = playground.ask(voices=[BASE], prompt="012+345=")
    playground.work()
    assert playground.answers(question)[0]["end"].error.startswith("the prompt: the student's tokenizer cannot encode")
    assert playground.answers(sums)[0]["tokens"]
