"""What is said to each side, and how plain text says it."""

import pytest
from support.tokenizers import byte_tokenizer

from opdboard.domain.data import FileData
from opdboard_worker.data.conversation import Speaker, in_plain_text
from opdboard_worker.data.examples import Example, Turn

ALONE = Example(0, "How many?", "18", "Nine and nine.")
TALK = Example(1, "And now?", "20", None, before=(Turn("user", "How many?"), Turn("assistant", "18")))
SIMPLE_OF_TRL = (
    "{% for message in messages %}{{ message['role'].capitalize() + ': ' + message['content'] + '\n\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)


def speaker(place="after", system="", context=None):
    data = {"path": "rows.jsonl", "instruction": " Box it. ", "instruction_place": place}
    return Speaker(FileData.model_validate(data), system, context)


@pytest.mark.parametrize(
    ("place", "system", "said"),
    [
        ("after", "", [("user", "How many?\n\nBox it.")]),
        ("before", "Be kind.", [("system", "Be kind."), ("user", "Box it.\n\nHow many?")]),
        ("system", "", [("system", "Box it."), ("user", "How many?")]),
        ("system", "Be kind.", [("system", "Be kind.\n\nBox it."), ("user", "How many?")]),
    ],
)
def test_the_instruction_stands_where_it_is_put(place, system, said):
    assert [(turn.role, turn.content) for turn in speaker(place, system).to_student(ALONE)] == said


def test_a_row_with_a_system_prompt_keeps_its_own():
    own = Example(0, "How many?", "18", None, before=(Turn("system", "Count."),))
    said = speaker("system", "Be kind.").to_student(own)
    assert said == (Turn("system", "Count.\n\nBox it."), Turn("user", "How many?"))


def test_only_the_last_question_has_the_instruction_and_the_solution():
    said = speaker(context="{prompt} [{solution}]").to_teacher(TALK)
    assert said == (*TALK.before, Turn("user", "And now?\n\nBox it. [20]"))
    assert speaker(context="{prompt} [{solution}]").to_student(TALK) == (
        *TALK.before,
        Turn("user", "And now?\n\nBox it."),
    )


def test_a_single_question_is_plain_text_behind_its_system_prompt():
    assert in_plain_text([Turn("user", "How many?")]) == "How many?"
    assert in_plain_text([Turn("system", "Be kind."), Turn("user", "How many?")]) == "Be kind.\n\nHow many?"


@pytest.mark.parametrize(
    "roles",
    [
        ["user", "assistant", "user"],
        ["system", "user", "assistant", "user"],
        ["user", "assistant"],
        ["system", "user", "assistant", "user", "assistant"],
    ],
)
def test_several_turns_are_named_in_plain_text_as_trl_does_it(roles):
    turns = [Turn(role, f"{number}. Nine?") for number, role in enumerate(roles)]
    continued = roles[-1] == "assistant"
    assert in_plain_text(turns) == byte_tokenizer(SIMPLE_OF_TRL).apply_chat_template(
        [{"role": turn.role, "content": turn.content} for turn in turns],
        tokenize=False,
        add_generation_prompt=not continued,
        continue_final_message=continued,
    )
