"""Prompts through templates of every kind, held against transformers' own writing of the same messages."""

from datetime import UTC, datetime

import pytest
from support.smollm2 import smollm2_tokenizer
from support.tokenizers import DATED, DEFAULT_SYSTEM, SIMPLE, STRICT, THINKING, byte_tokenizer

from opdboard.domain.data import FileData
from opdboard.domain.errors import BadInput, DataProblem
from opdboard.domain.reading import Reading
from opdboard.domain.teachers import ModelTeacher, PrivilegedTeacher, Teacher
from opdboard_worker.data.examples import Example, Turn
from opdboard_worker.data.prompts import PromptBuilder

OTHER_MODEL: Teacher = ModelTeacher.model_validate({"source": {"kind": "demo"}})
ROWS = FileData(path="rows.jsonl", instruction="")
LAUNCHED = datetime(2024, 2, 29, 23, 59, tzinfo=UTC)

ALONE = Example(0, " How many? ", "18", None)
TALK = Example(
    1, "And now?", "20", None, before=(Turn("user", "How many?"), Turn("assistant", "<think>Nine twice.</think>\n18"))
)
TAUGHT = Example(2, "How many?", "18", None, before=(Turn("system", "Count."),), where="rows.jsonl:3")
BEGUN = Example(3, "How many?", "18", None, prefix="The answer is \\boxed{")
BEGUN_TALK = Example(4, "And now?", "20", None, before=TALK.before, prefix="<think>Ten")
MULTILINGUAL = Example(5, "½ of it,\n東京?", "18", None, before=(Turn("system", "🙂"), *TALK.before), prefix="Ja, ")
EVERY = [ALONE, TALK, TAUGHT, BEGUN, BEGUN_TALK, MULTILINGUAL]
WITHOUT_SYSTEM = [ALONE, TALK, BEGUN, BEGUN_TALK]


def messages_of(example, system=""):
    turns = [(turn.role, turn.content) for turn in example.before] + [("user", example.prompt)]
    if system and turns[0][0] != "system":
        turns.insert(0, ("system", system))
    if example.prefix:
        turns.append(("assistant", example.prefix))
    return [{"role": role, "content": content} for role, content in turns]


def by_transformers(tokenizer, messages, **arguments):
    """Token ids as `apply_chat_template` makes them."""
    continued = messages[-1]["role"] == "assistant"
    return tokenizer.apply_chat_template(
        messages,
        tokenize=True,
        return_dict=False,
        add_generation_prompt=not continued,
        continue_final_message=continued,
        **arguments,
    )


def builder(tokenizer, reading=None, teacher: Teacher = OTHER_MODEL, **others):
    reading = Reading.model_validate(reading or {})
    return PromptBuilder(tokenizer, ROWS, teacher, reading, launched=LAUNCHED, **others)


@pytest.mark.parametrize("system", ["", "Be brief."])
@pytest.mark.parametrize(
    ("template", "arguments"),
    [
        (SIMPLE, {}),
        (DEFAULT_SYSTEM, {}),
        (THINKING, {}),
        (THINKING, {"enable_thinking": False}),
        (THINKING, {"enable_thinking": True}),
        (DATED, {}),
        (DATED, {"date_string": "1 May 2020"}),
    ],
)
def test_ids_are_those_of_transformers(template, arguments, system):
    tokenizer = byte_tokenizer(template)
    prompts = builder(tokenizer, {"system_prompt": system, "student": {"template_arguments": arguments}})
    told = {"date_string": "29 Feb 2024"} | arguments if template == DATED else arguments
    for example in EVERY:
        ids = prompts.student_ids(example)
        assert ids == by_transformers(tokenizer, messages_of(example, system), **told)
        assert prompts.teacher_ids(example) == ids
    prompts.check(EVERY)


@pytest.mark.parametrize("example", WITHOUT_SYSTEM)
def test_a_strict_template_reads_what_it_allows_as_transformers_does(example):
    tokenizer = byte_tokenizer(STRICT)
    assert builder(tokenizer).student_ids(example) == by_transformers(tokenizer, messages_of(example))


def test_smollm2_reads_as_transformers_has_it_read():
    tokenizer = smollm2_tokenizer()
    for system in ("", "Be brief."):
        prompts = builder(tokenizer, {"system_prompt": system})
        for example in EVERY:
            assert prompts.student_ids(example) == by_transformers(tokenizer, messages_of(example, system))
        prompts.check(EVERY)
    plain = builder(tokenizer, {"student": {"template": "plain"}})
    assert plain.student_ids(ALONE) == tokenizer(ALONE.prompt)["input_ids"]


def test_each_side_reads_through_its_own_template_with_its_own_arguments():
    student, teacher = byte_tokenizer(DEFAULT_SYSTEM), byte_tokenizer(THINKING)
    reading = {
        "system_prompt": "Be brief.",
        "teacher": {"template": "own", "template_arguments": {"enable_thinking": False}},
    }
    prompts = builder(student, reading, teachers={"": teacher})
    for example in EVERY:
        messages = messages_of(example, "Be brief.")
        assert prompts.student_ids(example) == by_transformers(student, messages)
        assert prompts.teacher_ids(example) == by_transformers(teacher, messages, enable_thinking=False)


@pytest.mark.parametrize("template", [THINKING, DATED, SIMPLE])
def test_a_tokenizer_without_a_template_borrows_the_teachers(template):
    teacher = byte_tokenizer(template)
    prompts = builder(byte_tokenizer(None), {"student": {"template": "teacher"}}, teachers={"": teacher})
    told = {"date_string": "29 Feb 2024"} if template == DATED else {}
    for example in EVERY:
        assert prompts.student_ids(example) == by_transformers(teacher, messages_of(example), **told)
        assert prompts.teacher_ids(example) == prompts.student_ids(example)
    prompts.check(EVERY)


def test_a_borrowed_template_whose_tokens_the_student_does_not_know_is_refused():
    student = byte_tokenizer(None, knows_specials=False)
    prompts = builder(student, {"student": {"template": "teacher"}}, teachers={"": byte_tokenizer(THINKING)})
    with pytest.raises(DataProblem, match="does not know that template's special tokens"):
        prompts.check([ALONE])


def test_a_student_may_read_plain_text_and_the_teacher_through_its_template():
    teacher = byte_tokenizer(THINKING)
    reading = {"student": {"template": "plain"}, "teacher": {"template": "own"}}
    prompts = builder(byte_tokenizer(None, wrapped=False), reading, teachers={"": teacher})
    assert prompts.text(prompts.student_ids(ALONE)) == " How many? "
    assert prompts.teacher_ids(ALONE) == by_transformers(teacher, messages_of(ALONE))


def test_a_teacher_with_another_habit_begins_plain_text_as_its_own_tokenizer_does():
    reading = {"student": {"template": "plain"}, "teacher": {"template": "plain"}}
    prompts = builder(byte_tokenizer(None, wrapped=False), reading, teachers={"": byte_tokenizer(None)})
    assert prompts.text(prompts.student_ids(ALONE)) == " How many? "
    assert prompts.text(prompts.teacher_ids(ALONE)) == "<s> How many? "


def test_of_several_teachers_each_reads_through_its_own_template():
    teachers = {"plain": byte_tokenizer(SIMPLE), "thinks": byte_tokenizer(THINKING)}
    reading = {"teacher": {"template": "own", "template_arguments": {"enable_thinking": False}}}
    prompts = builder(byte_tokenizer(DATED), reading, teachers=teachers, route=lambda example: example.route or "")
    asked = [Example(0, "How many?", "18", None, route=name) for name in teachers]
    assert [prompts.teacher_ids(one) for one in asked] == [
        by_transformers(teachers["plain"], messages_of(asked[0])),
        by_transformers(teachers["thinks"], messages_of(asked[1]), enable_thinking=False),
    ]


@pytest.mark.parametrize("template", [DEFAULT_SYSTEM, THINKING, SIMPLE])
def test_a_privileged_teacher_reads_the_answer_in_a_talk_that_goes_on(template):
    tokenizer = byte_tokenizer(template)
    prompts = builder(tokenizer, {"system_prompt": "Be brief."}, PrivilegedTeacher(context="{prompt} [{solution}]"))
    for example in EVERY:
        messages = messages_of(example, "Be brief.")
        assert prompts.student_ids(example) == by_transformers(tokenizer, messages)
        asked = next(one for one in reversed(messages) if one["role"] == "user")
        asked["content"] = f"{example.prompt} [{example.answer}]"
        assert prompts.teacher_ids(example) == by_transformers(tokenizer, messages)


def test_a_privileged_teacher_may_think_where_the_student_does_not():
    tokenizer = byte_tokenizer(THINKING)
    reading = {
        "student": {"template_arguments": {"enable_thinking": False}},
        "teacher": {"template": "own", "template_arguments": {"enable_thinking": True}},
    }
    prompts = builder(tokenizer, reading, PrivilegedTeacher(context="{prompt} [{solution}]"))
    told = [{"role": "user", "content": " How many?  [18]"}]
    assert prompts.student_ids(ALONE) == by_transformers(tokenizer, messages_of(ALONE), enable_thinking=False)
    assert prompts.teacher_ids(ALONE) == by_transformers(tokenizer, told, enable_thinking=True)


@pytest.mark.parametrize(
    ("example", "reading", "says"),
    [
        (TAUGHT, {}, r"^rows.jsonl:3: the student's chat template cannot render the turns system, user .*System role not supported"),
        (ALONE, {"system_prompt": "Be brief."}, "row 1: .*leave reading.system_prompt empty.* or choose reading.student.template"),
        (
            Example(6, "b", "", None, before=(Turn("user", "a"),)),
            {},
            "row 7: .*the turns user, user .*must alternate.*; choose reading.student.template 'plain'",
        ),
    ],
)  # fmt: skip
def test_a_template_that_refuses_a_conversation_is_named_with_the_row(example, reading, says):
    with pytest.raises(DataProblem, match=says):
        builder(byte_tokenizer(STRICT), reading).student_ids(example)


def test_a_teachers_template_that_refuses_is_named_as_such():
    prompts = builder(byte_tokenizer(), {"teacher": {"template": "own"}}, teachers={"": byte_tokenizer(STRICT)})
    with pytest.raises(
        DataProblem, match=r"^rows.jsonl:3: the teacher's chat template .* choose reading.teacher.template 'plain'"
    ):
        prompts.teacher_ids(TAUGHT)


def test_a_template_that_leaves_the_system_prompt_out_is_refused():
    deaf = "{% for message in messages if message.role != 'system' %}[{{ message.content }}]{% endfor %}>"
    with pytest.raises(DataProblem, match=r"leaves the system's message out: of 'Be brief.'"):
        builder(byte_tokenizer(deaf), {"system_prompt": "Be brief."}).student_ids(ALONE)


def test_a_date_that_cannot_be_kept_is_refused():
    moving = "{% set form = '%d' %}{{ strftime_now(form) }}{{ messages[0].content }}"
    with pytest.raises(DataProblem, match="asks for today's date in a form that is not plain text"):
        builder(byte_tokenizer(moving))


@pytest.mark.parametrize(
    ("reading", "says"),
    [
        ({"student": {"template_arguments": {"enable_thinkin": False}}}, "student's .* asks for enable_thinkin; .*enable_thinking:"),
        (
            {"teacher": {"template": "own", "template_arguments": {"enable_thinking": False}}},
            "the teacher's .* never asks for enable_thinking; it asks for nothing",
        ),
    ],
)  # fmt: skip
def test_an_argument_that_no_template_asks_for_is_refused(reading, says):
    with pytest.raises(BadInput, match=says):
        builder(byte_tokenizer(THINKING), reading, teachers={"": byte_tokenizer(SIMPLE)})


def test_what_a_template_sets_itself_or_marks_as_generated_is_no_obstacle():
    marked = (
        "{% for message in messages %}{%- generation -%}{{ message.content }}{%- endgeneration -%}{% endfor %}"
        "{% if loud is defined and loud %}!{% endif %}"
    )
    prompts = builder(byte_tokenizer(marked), {"student": {"template_arguments": {"loud": True}}})
    assert prompts.text(prompts.student_ids(TAUGHT)) == "Count.How many?!"


@pytest.mark.parametrize(
    ("student", "teacher", "reading", "says"),
    [
        (None, SIMPLE, {}, "the student's tokenizer has no chat template; choose reading.student.template 'teacher', to read"),
        (SIMPLE, None, {"student": {"template": "teacher"}}, "the teacher's tokenizer .* reading.student.template 'own' or 'plain'"),
        (SIMPLE, None, {"teacher": {"template": "own"}}, "the teacher's .* reading.teacher.template 'student', to read what"),
    ],
)  # fmt: skip
def test_a_template_that_is_not_there_is_refused_with_what_to_choose(student, teacher, reading, says):
    with pytest.raises(DataProblem, match=says):
        builder(byte_tokenizer(student), reading, teachers={"": byte_tokenizer(teacher)})
