"""What pydantic refuses is said in words, and a wrong name leads to the right one."""

import json
import re

import pytest
from pydantic import ValidationError

from opdboard.api.problems import problems
from opdboard.domain.field_names import TRL, hint
from opdboard.domain.patterns import PATTERNS
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_fields import configuration

FILE = {"kind": "file", "path": "a.jsonl"}


def refused(config: dict) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        RunConfig.model_validate(config)
    return {one.path: one.message for one in problems(caught.value.errors(), config, of_run=True)}


@pytest.mark.parametrize(
    ("config", "path", "words"),
    [
        ({"student": {"kind": "folder", "path": ""}}, "student.path", "give the student a folder"),
        ({"student": {"kind": "folder"}}, "student.path", "give the student a folder"),
        ({"student": {"kind": "hub", "repo_id": ""}}, "student.repo_id", "give the student a name on the hub"),
        (
            {"teacher": {"kind": "model", "source": {"kind": "gguf", "path": ""}}},
            "teacher.source.path",
            "give the teacher a GGUF file",
        ),
        ({"data": {"kind": "file", "path": ""}}, "data.path", "give the data a file"),
        ({"data": {"kind": "hub", "repo_id": ""}}, "data.repo_id", "give the data a name on the hub"),
        (
            {"data": {"kind": "upload", "file": "gsm8k.jsonl"}},
            "data.file",
            "is no uploaded file: choose one in the form",
        ),
        ({"data": {"kind": "upload", "file": ""}}, "data.file", "choose a file to upload"),
        ({"budget": {"steps": 0}}, "budget.steps", "must be at least 1"),
        ({"budget": {"steps": 1.5}}, "budget.steps", "must be a whole number"),
        ({"budget": {"steps": "many"}}, "budget.steps", "must be a whole number"),
        ({"budget": {"temperature": 0}}, "budget.temperature", "must be above 0"),
        ({"budget": {"temperature": None}}, "budget.temperature", "must be a number"),
        ({"optimizer": {"learning_rate": 2}}, "optimizer.learning_rate", "must be at most 1"),
        ({"optimizer": {"learning_rate": "nan"}}, "optimizer.learning_rate", "must be a finite number"),
        ({"optimizer": {"schedule": "step"}}, "optimizer.schedule", "must be 'constant', 'linear' or 'cosine'"),
        ({"budget": 3}, "budget", "must hold fields of its own"),
        ({"name": 3}, "name", "must be text"),
        ({"name": "a" * 300}, "name", "must have at most 200 characters"),
        ({"strategy": {"kind": "magic"}}, "strategy", "'magic' is none of 'none'"),
        ({"student": {}}, "student", "needs a kind"),
        ({"teacher": {"kind": "remote", "url": "gpu1", "model": "m"}}, "teacher.url", "must be an address"),
        ({"evaluation": {"sets": [{"name": "A b"}]}}, "evaluation.sets.0.name", "must be lower-case letters"),
        ({"teacher": {"kind": "several", "teachers": []}}, "teacher.teachers", "needs at least 2 entries"),
        ({"budget": {"gradient_checkpointing": "perhaps"}}, "budget.gradient_checkpointing", "must be true or false"),
        ({"budget": {"stepps": 3}}, "budget.stepps", "there is no such key; did you mean budget.steps?"),
        ({"learning_rate": 1}, "learning_rate", "there is no such key; did you mean optimizer.learning_rate?"),
        (
            {"max_completion_length": 64},
            "max_completion_length",
            "there is no such key; TRL's max_completion_length is budget.max_response_tokens here",
        ),
        (
            {"budget": {"per_device_train_batch_size": 4}},
            "budget.per_device_train_batch_size",
            "TRL's per_device_train_batch_size is budget.micro_batch_size here",
        ),
        ({"lmbda": 0.5}, "lmbda", "TRL's lmbda is always 1: every batch is sampled from the student"),
        ({"beta": 0.5}, "beta", "TRL's beta is objective.beta with objective.kind 'jensen_shannon', or objective.kl"),
        ({"seeds": 1}, "seeds", "did you mean seed?"),
        ({"colour": 1}, "colour", "there is no such key"),
    ],
)
def test_what_is_wrong_is_said_in_words(config: dict, path: str, words: str):
    message = refused(config)[path]
    assert words in message
    assert not re.search(r"Input should|should be|\^|unable to parse", message)


def test_a_word_of_nowhere_means_nothing():
    assert hint("budget.colour") == ""


def test_every_pattern_of_a_run_has_words():
    patterns = set(re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(RunConfig.model_json_schema())))
    assert {json.loads(one) for one in patterns} <= PATTERNS.keys()


def test_every_name_of_trl_leads_to_a_field_that_there_is():
    known = set(configuration())
    lost = {name: path for name, one in TRL.items() for path in one.paths if path not in known}
    assert lost == {}
    unsaid = [name for name, one in TRL.items() if not one.says and len(one.paths) > 1]
    assert unsaid == []
