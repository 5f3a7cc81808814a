import pytest

from opdboard.domain.errors import (
    DataProblem,
    DataUnreachable,
    DiskFull,
    ModelProblem,
    ModelUnreachable,
    NonFiniteLoss,
    OpdboardError,
    OutOfMemory,
    RemoteTeacherProblem,
    TrainingProblem,
    VocabularyMismatch,
)
from opdboard.domain.failures import field_of, may_pass
from opdboard.domain.run_config import RunConfig

CONFIG = {
    "name": "lab",
    "student": {"kind": "folder", "path": "/models/small"},
    "teacher": {"kind": "none"},
    "data": {"kind": "hub", "repo_id": "lab/sums", "split": "a", "held_out": None},
    "budget": {"max_prompt_tokens": 8, "micro_batch_size": None},
    "optimizer": {"learning_rate": 1.0},
    "above": {"path": "/models/teachers"},
    "reading": {"path": "/models/teachers/big"},
}


@pytest.mark.parametrize("kind", [ModelUnreachable, DataUnreachable, DiskFull, OutOfMemory, RemoteTeacherProblem])
def test_what_may_be_otherwise_next_time_is_worth_another_try(kind: type[OpdboardError]):
    assert may_pass(kind("why").as_dict())


@pytest.mark.parametrize("kind", [ModelProblem, VocabularyMismatch, DataProblem, NonFiniteLoss, TrainingProblem])
def test_what_the_configuration_is_to_blame_for_is_not(kind: type[OpdboardError]):
    assert not may_pass(kind("why").as_dict())


def test_a_process_that_was_lost_and_a_reason_that_nobody_recorded_may_pass():
    assert may_pass({"error": "TrainerDied", "detail": "killed", "where": "00000001"})
    assert may_pass(None)
    assert not may_pass({"error": "OfAnotherVersion"})


@pytest.mark.parametrize(
    ("where", "field"),
    [
        ("budget.max_prompt_tokens", "budget.max_prompt_tokens"),
        ("teacher", "teacher"),
        ("/models/small", "student.path"),
        ("/models/small/config.json", "student.path"),
        ("lab/sums", "data.repo_id"),
        ("lab/sums:12", "data.repo_id"),
        ("lab/other", None),
        ("data.held_out", "data.held_out"),
        ("/models/teachers/big/config.json", "reading.path"),
        ("/models/smaller", None),
        ("step 3", None),
        ("budget.no_such", None),
        (None, None),
    ],
)
def test_the_field_is_named_by_its_path_or_by_what_it_holds(where: str | None, field: str | None):
    assert field_of(ModelProblem("why", where=where).as_dict(), CONFIG) == field


def test_some_errors_know_what_to_change():
    assert field_of(NonFiniteLoss("nan", where="step 5").as_dict(), CONFIG) == "optimizer.learning_rate"
    assert field_of(OutOfMemory("full").as_dict(), CONFIG) == "budget.micro_batch_size"
    assert field_of(OutOfMemory("full").as_dict(), {"base": "x"}) is None
    assert field_of(None, CONFIG) is None


def test_the_fields_that_errors_name_are_there():
    config = RunConfig().model_dump(mode="json")
    for kind in (NonFiniteLoss, OutOfMemory, RemoteTeacherProblem):
        assert field_of(kind("why").as_dict(), config) == kind.field
