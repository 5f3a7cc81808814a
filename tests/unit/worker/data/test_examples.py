"""Which examples a run has, which it never trains on, and in which order it takes them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hub_server import Repository

from opdboard.domain.data import ArithmeticData, HubData
from opdboard.domain.errors import DataProblem
from opdboard.domain.monitoring import Monitoring
from opdboard_worker.data.examples import (
    Example,
    Turn,
    arithmetic_example,
    batch_indices,
    load_examples,
    load_held_out,
    split,
)


def _examples(count):
    return [Example(number, f"prompt {number}", str(number), None) for number in range(count)]


def test_a_sum_is_answered_from_its_last_digit():
    example = arithmetic_example(7_123, digits=3)
    assert (example.prompt, example.answer) == ("007+123=", "031")
    assert arithmetic_example(999_999, digits=3).answer == "8991"
    assert arithmetic_example(73, digits=1).prompt == "7+3="


def test_sums_are_different_right_and_the_same_each_time():
    examples = load_examples(ArithmeticData(), generate=3000)
    assert examples == load_examples(ArithmeticData(), generate=3000)
    assert examples != load_examples(ArithmeticData(), generate=3000, seed=1)
    assert len({example.prompt for example in examples}) == 3000
    for example in examples:
        first, second = example.prompt.rstrip("=").split("+")
        assert (len(first), len(second)) == (3, 3)
        assert example.answer is not None and int(example.answer[::-1]) == int(first) + int(second)


def test_one_digit_has_a_hundred_sums():
    assert {example.id for example in load_examples(ArithmeticData(digits=1))} == set(range(100))


def test_held_out_examples_are_never_trained_on():
    train, held_out = split(_examples(100), 30)
    assert len(held_out) == 30 and len(train) == 70
    assert not {example.id for example in train} & {example.id for example in held_out}


def test_what_is_held_out_does_not_depend_on_the_order_of_rows():
    examples = _examples(100)
    held_out = split(examples, 30)[1]
    assert split(examples[::-1], 30)[1] == held_out
    assert split(examples, 30, seed=1)[1] != held_out
    assert [example.id for example in held_out] != sorted(example.id for example in held_out)
    assert split(examples, 10)[1] == held_out[:10]


def test_a_repeated_prompt_does_not_leak_into_training():
    twice = _examples(20) + [Example(20 + number, f"prompt {number}", str(number), None) for number in range(20)]
    train, held_out = split(twice, 5)
    assert not {example.prompt for example in train} & {example.prompt for example in held_out}


def test_one_prompt_after_other_turns_or_with_another_start_of_an_answer_is_no_repetition():
    asked = [((), ""), ((Turn("system", "Be brief."),), ""), ((), "First,")]
    examples = [Example(number, "Why?", "1", None, None, *one) for number, one in enumerate(asked)]
    train, held_out = split(examples, 1)
    assert len(train) == 2 and train[0].asked != train[1].asked != held_out[0].asked


def test_a_held_out_file_gives_what_is_held_out_and_takes_its_prompts_from_training():
    own = [Example(number, f"prompt {number}", None, None) for number in (3, 4, 100, 101)]
    train, held_out = split(_examples(10), 64, own=own)
    assert {example.prompt for example in held_out} == {"prompt 3", "prompt 4", "prompt 100", "prompt 101"}
    assert [example.id for example in train] == [0, 1, 2, 5, 6, 7, 8, 9]
    assert len(split(_examples(10), 2, own=own)[1]) == 2
    with pytest.raises(DataProblem, match="none is left to train on") as caught:
        split(_examples(10), 64, own=_examples(10))
    assert caught.value.where == "data.held_out"


def test_a_share_is_of_the_prompts_there_are():
    shared = Monitoring(held_out_size=None, held_out_share=0.05)
    assert [shared.held_out_of(prompts) for prompts in (1, 100, 1319)] == [1, 5, 66]
    assert Monitoring(held_out_size=None, held_out_share=1).held_out_of(7) == 7
    for wrong in ({"held_out_share": 0.5}, {"held_out_size": None}):
        with pytest.raises(ValueError, match="set one of"):
            Monitoring.model_validate(wrong)


def test_too_few_examples_say_how_many_are_needed():
    with pytest.raises(DataProblem, match=r"provide 9 or more") as caught:
        split(_examples(8), 8)
    assert caught.value.where == "monitoring.held_out_size"
    assert len(split(_examples(9), 8)[0]) == 1


@given(batch=st.integers(1, 40), n=st.integers(1, 25), seed=st.integers(0, 5), epochs=st.integers(1, 4))
def test_every_epoch_takes_every_example_once(batch, n, seed, epochs):
    steps = -(-epochs * n // batch)
    order = [index for step in range(1, steps + 1) for index in batch_indices(step, batch, n, seed)]
    for epoch in range(epochs):
        assert sorted(order[epoch * n : (epoch + 1) * n]) == list(range(n))


def test_order_is_a_function_of_step_and_seed():
    wanted = [batch_indices(step, 7, 50, 3) for step in range(1, 30)]
    assert [batch_indices(step, 7, 50, 3) for step in reversed(range(1, 30))] == wanted[::-1]
    assert batch_indices(5, 7, 50, 4) != wanted[4]
    epochs = [[index for batch in wanted[at : at + 7] for index in batch][:49] for at in (0, 7)]
    assert epochs[0] != epochs[1]


def test_a_split_of_a_hub_data_set_is_held_out(hub_rows):
    rows = {"train": [{"prompt": "a"}, {"prompt": "b"}], "test": [{"prompt": "b"}]}
    files = {f"{name}.jsonl": "".join(json.dumps(row) + "\n" for row in found).encode() for name, found in rows.items()}
    hub_rows.datasets["me/rows"] = Repository(files=files)
    data = HubData(repo_id="me/rows", held_out="test")
    train, held_out = split(load_examples(data, Path()), 8, own=load_held_out(data, Path()))
    assert ([one.prompt for one in train], [one.where for one in held_out]) == (["a"], ["me/rows test:1"])
