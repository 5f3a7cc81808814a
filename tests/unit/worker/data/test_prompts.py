"""What the models read, and their tokens back as text."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from support.tokenizers import byte_tokenizer
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from opdboard.domain.data import ArithmeticData, FileData
from opdboard.domain.errors import DataProblem
from opdboard.domain.reading import Reading, StudentReading
from opdboard.domain.teachers import ModelTeacher, PrivilegedTeacher
from opdboard_worker.data.examples import Example, arithmetic_example
from opdboard_worker.data.prompts import PromptBuilder
from opdboard_worker.models.demo import build_tokenizer

PLAIN = Reading(student=StudentReading(template="plain"))
OTHER_MODEL = ModelTeacher.model_validate({"source": {"kind": "demo"}})
EXAMPLE = Example(0, "How many?", "18", "Nine and nine, {prompt} makes \\boxed{18}.")


TOKENIZER = byte_tokenizer()


def _data(**changes):
    return FileData.model_validate({"path": "rows.jsonl", "instruction": "Box it.", **changes})


def test_a_sum_is_read_as_it_is_behind_one_begin_token():
    tokenizer = build_tokenizer()
    prompts = PromptBuilder(tokenizer, ArithmeticData(), OTHER_MODEL, Reading())
    ids = prompts.student_ids(arithmetic_example(123_456, 3))
    assert tokenizer.convert_ids_to_tokens(ids) == ["<bos>", *"123+456="]
    assert prompts.teacher_ids(arithmetic_example(123_456, 3)) == ids


def test_the_chat_template_wraps_prompt_and_instruction_once():
    prompts = PromptBuilder(TOKENIZER, _data(), OTHER_MODEL, Reading())
    ids = prompts.student_ids(EXAMPLE)
    assert TOKENIZER.decode(ids) == "<s><|user|>How many?\n\nBox it.</s><|assistant|>"
    assert TOKENIZER.convert_ids_to_tokens(ids).count("<s>") == 1


def test_a_plain_prompt_gets_the_begin_token_but_no_end():
    plain = PromptBuilder(TOKENIZER, _data(instruction=""), OTHER_MODEL, PLAIN)
    assert TOKENIZER.decode(plain.student_ids(EXAMPLE)) == "<s>How many?"
    own = Example(1, "<s>How many?", "18", None)
    assert TOKENIZER.decode(plain.student_ids(own)) == "<s>How many?"


def test_a_tokenizer_that_does_not_use_its_begin_token_is_followed():
    tokenizer = byte_tokenizer(wrapped=False)
    plain = PromptBuilder(tokenizer, _data(instruction=""), OTHER_MODEL, PLAIN)
    assert tokenizer.decode(plain.student_ids(EXAMPLE)) == "How many?"


def test_a_privileged_teacher_reads_the_solution_and_the_student_does_not():
    teacher = PrivilegedTeacher(context="{prompt} [{solution}] {braces} stay")
    prompts = PromptBuilder(TOKENIZER, _data(), teacher, Reading())
    assert TOKENIZER.decode(prompts.teacher_ids(EXAMPLE)) == (
        "<s><|user|>How many?\n\nBox it. [Nine and nine, {prompt} makes \\boxed{18}.] {braces} stay</s><|assistant|>"
    )
    assert TOKENIZER.decode(prompts.student_ids(EXAMPLE)) == "<s><|user|>How many?\n\nBox it.</s><|assistant|>"


@pytest.mark.parametrize("solution", [None, ""])
def test_without_a_solution_the_privileged_teacher_reads_the_answer(solution):
    prompts = PromptBuilder(TOKENIZER, _data(), PrivilegedTeacher(context="{prompt} [{solution}]"), Reading())
    assert "[18]" in TOKENIZER.decode(prompts.teacher_ids(Example(0, "How many?", "18", solution)))


def test_a_template_that_refuses_is_named():
    refusing = byte_tokenizer(template="{{ raise_exception('tools only') }}")
    with pytest.raises(DataProblem, match="tools only"):
        PromptBuilder(refusing, _data(), OTHER_MODEL, Reading()).student_ids(EXAMPLE)


@pytest.mark.parametrize(
    "template",
    [
        "{% for message in messages %}<|user|>{% endfor %}<|assistant|>",
        "{% for message in messages %}{% if message.role == 'system' %}{{ message.content }}{% endif %}{% endfor %}>",
        "{{ messages[0]['content'][:9] }}",
    ],
)
def test_a_template_that_keeps_nothing_of_a_prompt_is_refused(template):
    with pytest.raises(DataProblem, match="leaves the user's message out"):
        PromptBuilder(byte_tokenizer(template=template), _data(), OTHER_MODEL, Reading()).student_ids(EXAMPLE)


def test_a_template_that_wants_a_message_in_parts_gets_it():
    parts = "{% for part in messages[0]['content'] if part.type == 'text' %}[{{ part.text }}]{% endfor %}>"
    tokenizer = byte_tokenizer(template=parts)
    ids = PromptBuilder(tokenizer, _data(instruction=""), OTHER_MODEL, Reading()).student_ids(EXAMPLE)
    assert tokenizer.decode(ids) == "[How many?]>"


@pytest.mark.parametrize(
    "template", ["{{ messages[0]['content'] + 1 }}", "{{ 1 // 0 }}", "{{ messages[7].content.x.y }}", "{% oops"]
)
def test_whatever_a_template_raises_is_a_sentence(template):
    with pytest.raises(DataProblem, match="cannot render a user message"):
        PromptBuilder(byte_tokenizer(template=template), _data(), OTHER_MODEL, Reading()).student_ids(EXAMPLE)


def test_a_template_that_writes_the_date_writes_that_of_the_run():
    tokenizer = byte_tokenizer(template="{{ strftime_now('%d %b %Y') }}: {{ messages[0]['content'] }}>")
    launched = datetime(2024, 2, 29, 23, 59, tzinfo=UTC)
    ids = PromptBuilder(tokenizer, _data(instruction=""), OTHER_MODEL, Reading(), launched=launched).student_ids(
        EXAMPLE
    )
    assert tokenizer.decode(ids) == "29 Feb 2024: How many?>"


def test_prompts_that_become_the_same_tokens_are_refused():
    vocabulary = {"How": 0, "many": 1, "?": 2, "[UNK]": 3, "</s>": 4}
    rust = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    rust.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=rust, unk_token="[UNK]", eos_token="</s>")
    prompts = PromptBuilder(tokenizer, _data(instruction=""), OTHER_MODEL, PLAIN)
    prompts.check([EXAMPLE, Example(1, "how many?", "18", None)][:1])
    with pytest.raises(DataProblem, match="become the same 4 tokens"):
        prompts.check([Example(0, "How many cats?", "1", None), Example(1, "How many dogs?", "2", None)])
    with pytest.raises(DataProblem, match="does not keep the prompt 'How many cats"):
        prompts.check([Example(0, "How many cats?", "1", None)])


def test_prompts_that_come_back_are_fine():
    prompts = PromptBuilder(TOKENIZER, _data(), OTHER_MODEL, Reading())
    prompts.check([EXAMPLE, EXAMPLE, Example(1, "½ of  it,\n東京?", "18", None)])


def test_characters_that_the_tokenizer_lacks_are_named():
    plain = PromptBuilder(build_tokenizer(), _data(), OTHER_MODEL, PLAIN)
    with pytest.raises(DataProblem, match="cannot encode 'How many"):
        plain.student_ids(EXAMPLE)


def test_supervised_training_goes_on_behind_what_is_to_be_continued():
    prompts = PromptBuilder(TOKENIZER, _data(), OTHER_MODEL, Reading())
    begun = Example(0, "How many?", "18", "Nine and nine.", prefix="Nine")
    end = TOKENIZER.eos_token_id
    assert isinstance(end, int)
    assert TOKENIZER.decode(prompts.solution_ids(begun, end)) == " and nine.</s>"
    assert TOKENIZER.decode(prompts.solution_ids(replace(begun, prefix="Ten"), end)) == "Nine and nine.</s>"
