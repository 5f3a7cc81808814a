"""Student and teacher that read different tokens before the same response: what is measured is what plain transformers gives."""

import json
from typing import Any

import pytest
import torch
import transformers
from invariant.conftest import tiny_config
from support.tokenizers import DATED, THINKING, byte_tokenizer
from torch import Tensor

from opdboard.domain.data import FileData
from opdboard.domain.model_sources import FolderModel
from opdboard.domain.reading import Reading
from opdboard.domain.teachers import ModelTeacher, OneOfSeveral, SeveralTeachers

SHAPE: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "head_dim": 8,
}
INSTRUCTION = "Box it."


def folder_of(path, template, seed, *, wrapped):
    tokenizer = byte_tokenizer(template, wrapped=wrapped)
    torch.manual_seed(seed)
    ids: dict[str, Any] = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    config = transformers.LlamaConfig(**SHAPE, **ids, vocab_size=len(tokenizer))
    transformers.LlamaForCausalLM(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return FolderModel(path=str(path))


def read(folder):
    """Model and tokenizer as anybody would load them."""
    path = folder.path
    return transformers.AutoModelForCausalLM.from_pretrained(path), transformers.AutoTokenizer.from_pretrained(path)


def config_of(tmp_path, student, teacher, reading):
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps({"prompt": f"{n}+{n}?", "answer": str(2 * n)}) + "\n" for n in range(24)))
    config = tiny_config(
        steps=2,
        student=student,
        teacher=teacher,
        data=FileData(path=str(data), instruction=INSTRUCTION, verifier="exact"),
        reading=Reading.model_validate(reading),
    )
    return config.model_copy(update={"budget": config.budget.model_copy(update={"max_prompt_tokens": 200})})


def log_probabilities(model, prompt: list[int], response: list[int]) -> Tensor:
    """(R, V) of what stands at each place of the response."""
    with torch.no_grad():
        return model(torch.tensor([prompt + response])).logits[0, len(prompt) - 1 : -1].double().log_softmax(-1)


def plainly_templated(tokenizer, text, **arguments):
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]
    return tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False, **arguments)


@pytest.fixture
def pair(tmp_path):
    """A base student without a template that puts no token in front, and a teacher that does, with one."""
    student = folder_of(tmp_path / "student", None, 0, wrapped=False)
    return student, folder_of(tmp_path / "teacher", THINKING, 1, wrapped=True)


READINGS = {
    "plain and own": (
        {"student": {"template": "plain"}, "teacher": {"template": "own", "template_arguments": {"enable_thinking": False}}},
        lambda tokenizer, text: tokenizer(f"Be brief.\n\n{text}")["input_ids"],
        lambda tokenizer, text: plainly_templated(tokenizer, text, enable_thinking=False),
    ),
    "borrowed by the student": ({"student": {"template": "teacher"}}, None, plainly_templated),
    "plain, each in its way": (
        {"student": {"template": "plain"}, "teacher": {"template": "plain"}},
        lambda tokenizer, text: tokenizer(f"Be brief.\n\n{text}")["input_ids"],
        lambda tokenizer, text: tokenizer(f"Be brief.\n\n{text}")["input_ids"][:-1],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", READINGS)
def test_the_divergence_is_that_of_each_sides_own_reading(train, tmp_path, pair, name):
    reading, of_student, of_teacher = READINGS[name]
    (student, student_tokenizer), (teacher, teacher_tokenizer) = map(read, pair)
    config = config_of(tmp_path, pair[0], ModelTeacher(source=pair[1]), {"system_prompt": "Be brief."} | reading)
    training, sink = train(config)
    scorer, examples = training.parts.scorer, list(training.parts.held_out)
    scorer.student.model.load_state_dict(student.state_dict())
    answers = scorer.answer(examples, "test")
    for example, kl in zip(examples, answers.reverse_kl_by_example().tolist(), strict=True):
        text = f"{example.prompt}\n\n{INSTRUCTION}"
        theirs = of_teacher(teacher_tokenizer, text)
        mine = theirs if of_student is None else of_student(student_tokenizer, text)
        row = examples.index(example)
        responses = answers.rollout.responses
        assert list(responses.prompts[row]) == mine
        response = responses.token_BR[row][responses.mask_BR[row]].tolist()
        ours, wanted = (log_probabilities(*one, response) for one in ((student, mine), (teacher, theirs)))
        assert kl == pytest.approx(float((ours.exp() * (ours - wanted)).sum(-1).mean()), rel=1e-4)
    sample = next(batch.samples[0] for batch in sink.batches if batch.samples)
    assert sample.prompt == student_tokenizer.decode(
        answers.rollout.responses.prompts[0], clean_up_tokenization_spaces=False
    )


def test_of_several_teachers_each_reads_its_own_tokens(train, tmp_path, pair):
    dated = folder_of(tmp_path / "dated", DATED, 2, wrapped=True)
    both = SeveralTeachers(teachers=[OneOfSeveral(name="a", source=pair[1]), OneOfSeveral(name="b", source=dated)])
    reading = {"student": {"template": "plain"}, "teacher": {"template": "own"}}
    training, _ = train(config_of(tmp_path, pair[0], both, reading))
    prompts = training.parts.scorer.prompts
    read_by = {prompts.text(prompts.teacher_ids(example)).partition("user")[0] for example in training.parts.train}
    assert {text.partition("Today")[0] for text in read_by} == {"<|im_start|>", "<s><|start|>system<|end|>\n\n"}


def test_conversations_of_a_file_are_read_as_they_stand_and_an_answer_that_began_is_judged_whole(train, tmp_path, pair):
    config = config_of(tmp_path, pair[1], ModelTeacher(source=pair[1]), {})
    rows = [
        {
            "prompt": [
                {"role": "system", "content": "Count."},
                {"role": "user", "content": f"{number}?"},
                {"role": "assistant", "content": "Yes."},
                {"role": "user", "content": f"{number}+1?"},
                *([{"role": "assistant", "content": "It is \\boxed{"}] if number % 2 else []),
            ],
            "answer": str(number + 1),
        }
        for number in range(24)
    ]
    file = tmp_path / "talks.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = FileData(path=str(file), instruction="", verifier="math")
    training, _ = train(config.model_copy(update={"data": data}))
    scorer, (_, tokenizer) = training.parts.scorer, read(pair[1])
    for example in [*training.parts.train, *training.parts.held_out]:
        continued = example.id % 2 == 1
        assert scorer.prompts.student_ids(example) == tokenizer.apply_chat_template(
            rows[example.id]["prompt"],
            return_dict=False,
            add_generation_prompt=not continued,
            continue_final_message=continued,
        )
        response = f"{example.answer}}}" if continued else f"\\boxed{{{example.answer}}}"
        assert scorer.verdicts([example], [response]) == [True]
