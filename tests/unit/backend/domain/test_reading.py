"""What each side reads: which choices fit together, and what is refused with what to choose."""

import pytest
from pydantic import ValidationError

from opdboard.domain.budget import Budget
from opdboard.domain.chain import recipe, teacher_run
from opdboard.domain.data import FileData
from opdboard.domain.model_sources import HubModel
from opdboard.domain.objectives import Grpo, SampledToken, TopK
from opdboard.domain.reading import Reading
from opdboard.domain.run_config import RunConfig
from opdboard.domain.sampler import VllmSampler
from opdboard.domain.teachers import ModelTeacher, NoTeacher, PrivilegedTeacher, RemoteTeacher, Teacher, TrainedTeacher

MODEL = HubModel(repo_id="org/student", revision="main")
OTHER = ModelTeacher(source=HubModel(repo_id="org/teacher", revision="main"))
REMOTE = RemoteTeacher(url="http://gpu1:8000/v1", model="big")
ROWS = FileData(path="rows.jsonl")


def config(reading, teacher: Teacher = OTHER, **changes):
    return RunConfig(student=MODEL, teacher=teacher, data=ROWS, reading=reading, **changes)


@pytest.mark.parametrize(
    "reading",
    [
        {},
        {"system_prompt": "Be brief.", "student": {"template": "teacher"}, "teacher": {"template": "own"}},
        {"student": {"template_arguments": {"enable_thinking": False, "tools": [{"name": "sum"}]}}},
        {"teacher": {"template": "own", "template_arguments": {"enable_thinking": True}}},
        {
            "student": {"template": "plain", "end_tokens": ["<|im_end|>"]},
            "teacher": {"template": "plain"},
            "ends": "map",
        },
    ],
)
def test_what_fits_is_stored_and_read_back(reading):
    made = config(Reading.model_validate(reading))
    assert RunConfig.model_validate_json(made.model_dump_json()) == made


@pytest.mark.parametrize(
    ("reading", "teacher", "says"),
    [
        ({"student": {"template": "teacher"}}, PrivilegedTeacher(), "needs one loaded teacher with a tokenizer of its own"),
        ({"student": {"template": "teacher"}}, REMOTE, "choose 'own' or 'plain'"),
        ({"teacher": {"template": "own"}}, REMOTE, "does not give: choose 'student' or 'plain', or load the teacher"),
        ({"teacher": {"template_arguments": {"a": 1}}}, OTHER, "has no effect with reading.teacher.template 'student'"),
        ({"student": {"template": "plain", "template_arguments": {"a": 1}}}, OTHER, "empty it, or choose 'own'"),
        ({"student": {"template_arguments": {"tokenize": True}}}, OTHER, "'tokenize' cannot be handed to a template"),
        ({"student": {"template_arguments": {"not a name": 1}}}, OTHER, "'not a name' cannot be handed"),
    ],
)  # fmt: skip
def test_what_nobody_would_read_is_refused(reading, teacher, says):
    with pytest.raises(ValidationError, match=says):
        config(Reading.model_validate(reading), teacher, objective=SampledToken())


@pytest.mark.parametrize("reading", [{"system_prompt": "Be brief."}, {"teacher": {"template": "own"}}])
def test_sums_are_read_as_they_are(reading):
    with pytest.raises(ValidationError, match="sums are read as they are"):
        RunConfig(reading=Reading.model_validate(reading))
    RunConfig(reading=Reading.model_validate({"student": {"template": "plain"}}))


def test_a_teacher_that_is_trained_first_reads_as_the_student_does():
    readings = [
        {"teacher": {"template": name}, "student": {"template": "plain"}} for name in ("student", "own", "plain")
    ]
    made = [teacher_run(config(Reading.model_validate(reading), TrainedTeacher())) for reading in readings]
    assert [run.reading.student.template for run in made if run] == ["plain"] * 3
    assert len({recipe(run) for run in made if run}) == 1


TELLING = REMOTE.model_copy(update={"top_logprobs": 4})
MAPPED = {"ends": "map", "teacher": {"end_tokens": ["<|im_end|>"]}}


@pytest.mark.parametrize(
    ("reading", "changes", "says"),
    [
        ({"ends": "map"}, {"teacher": REMOTE, "objective": SampledToken()}, "needs reading.teacher.end_tokens"),
        (
            MAPPED,
            {"teacher": TELLING, "objective": TopK(k=4, support="teacher")},
            "too little for objective.kind 'top_k': choose 'sampled_token'",
        ),
        (
            MAPPED,
            {"sampler": VllmSampler(), "device": "cuda", "budget": Budget(temperature=0.7)},
            "budget.temperature is 0.7, at which sampler.kind 'vllm'",
        ),
    ],
)
def test_end_tokens_that_cannot_be_counted_as_one_are_refused(reading, changes, says):
    with pytest.raises(ValidationError, match=says):
        config(Reading.model_validate(reading), **changes)


def test_end_tokens_that_can_be_counted_as_one_are_taken():
    reading = Reading.model_validate(MAPPED)
    assert config(reading, REMOTE, objective=SampledToken()).reading.ends == "map"
    assert config(reading, sampler=VllmSampler(), device="cuda").reading.ends == "map"


@pytest.mark.parametrize(
    ("reading", "says"),
    [
        ({"teacher": {"template": "own"}}, "reading.teacher has no effect with teacher.kind 'none'"),
        ({"teacher": {"end_tokens": ["<|im_end|>"]}}, "reading.teacher has no effect"),
        (
            {"ends": "map"},
            "reading.ends has no effect with teacher.kind 'none': leave it as it was, or choose a teacher",
        ),
    ],
)
def test_without_a_teacher_nothing_is_said_of_how_it_reads(reading, says):
    with pytest.raises(ValidationError, match=says):
        config(Reading.model_validate(reading), NoTeacher(), objective=Grpo())
    assert config(Reading(system_prompt="Be brief."), NoTeacher(), objective=Grpo())
