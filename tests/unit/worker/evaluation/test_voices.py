"""Who answers: what training says of its weights, the job says too, and each of several teachers for itself."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.pairs import ending_otherwise, in_folder
from support.short_run import CONFIG, Undisturbed, no_runs

from opdboard.domain.cadence import Cadence
from opdboard.domain.data import ArithmeticData
from opdboard.domain.errors import BadInput
from opdboard.domain.evaluation import Evaluate
from opdboard.domain.reading import Reading
from opdboard.domain.run_config import RunConfig
from opdboard.domain.teachers import ModelTeacher
from opdboard.settings import Settings
from opdboard_worker.analysis.subject import Subject
from opdboard_worker.evaluation.scoring import SetScores, score
from opdboard_worker.evaluation.voices import Pair
from opdboard_worker.sinks import MemorySink
from opdboard_worker.training.assembly import assemble
from opdboard_worker.training.loop import Training

SETS = [
    {"name": "sums", "prompts": 8, "samples": 2, "max_response_tokens": 6},
    {"name": "longer", "prompts": 4, "samples": 1, "max_response_tokens": 12, "temperature": 0.7},
]

FEW = CONFIG.model_copy(update={"data": ArithmeticData(digits=1)})
"""Trains on a hundred sums, which are read at once, and on none of those that are asked."""

pytestmark = pytest.mark.slow


def answers(
    config: RunConfig, root: Path, checkpoints: dict[int, Path] | None = None, **asked
) -> dict[str, list[SetScores]]:
    """What each voice says, by its label."""
    subject = Subject(config, datetime.now(UTC), no_runs, checkpoints or {}, {})
    evaluate = Evaluate.model_validate({"sets": SETS, "steps": list(checkpoints or {})} | asked)
    voices = Pair(subject, evaluate, "cpu", Settings(data_dir=root)).voices()
    return {one.label: [score(each, one.speak(), seed=0, pass_size=64) for each in one.sets] for one in voices}


def ends_otherwise(folder: Path) -> dict[str, Any]:
    """Of a run: a teacher with another end token, both of which count as one event."""
    loaded = ending_otherwise()
    return {
        "teacher": ModelTeacher(source=in_folder(loaded.model, folder, loaded.tokenizer)),
        "reading": Reading.model_validate({"ends": "map", "teacher": {"end_tokens": ["<bos>"]}}),
    }


def test_a_teacher_with_other_end_tokens_ends_where_it_ends(tmp_path):
    otherwise = FEW.model_copy(update=ends_otherwise(tmp_path / "teacher"))
    mapped, plain = (list(answers(one, tmp_path, teacher=True).values())[1] for one in (otherwise, FEW))
    assert [one.prompts for one in mapped] == [one.prompts for one in plain]


@pytest.mark.parametrize("mapped", [False, True])
def test_a_run_as_it_trains_and_the_job_afterwards_find_the_same(tmp_path, mapped):
    budget = FEW.budget.model_copy(update={"steps": 1})
    evaluation = Cadence.model_validate({"sets": SETS, "every": 1})
    pair = ends_otherwise(tmp_path / "teacher") if mapped else {}
    config = FEW.model_copy(update={"budget": budget, "evaluation": evaluation, **pair})
    sink = MemorySink()
    parts = assemble(config, Settings(data_dir=tmp_path), no_runs, tmp_path / "snapshots")
    Training(parts, sink, Undisturbed(), tmp_path / "checkpoints", tmp_path).run()
    told = {
        (one.x, one.details["set"], each.measure): each.per_prompt
        for batch in sink.batches
        for one in batch.set_scores
        for each in one.scores
    }
    found = answers(config, tmp_path, {1: tmp_path / "checkpoints" / "step-000001"})
    again = {
        (step, one.ready.asked.name, measure): values.tolist()
        for step, label in ((0.0, "base weights"), (1.0, "checkpoint of step 1"))
        for one in found[label]
        for measure, values in one.per_prompt().items()
    }
    assert again == told


def test_each_of_several_teachers_answers_for_itself(tmp_path):
    base, teacher = ({"kind": "demo", "role": role} for role in ("base", "teacher"))
    several = [{"name": "strong", "source": teacher}, {"name": "weak", "source": base}]
    config = RunConfig.model_validate(FEW.model_dump() | {"teacher": {"kind": "several", "teachers": several}})
    found = answers(config, tmp_path, teacher=True)
    labels = list(found)
    assert (
        labels[0] == "base weights"
        and labels[1].startswith("teacher strong: ")
        and labels[2].startswith("teacher weak: ")
    )
    assert [one.prompts for one in found[labels[2]]] == [one.prompts for one in found["base weights"]]
    assert [one.prompts for one in found[labels[1]]] != [one.prompts for one in found["base weights"]]


def test_a_teacher_that_gives_scores_alone_is_not_asked_to_answer(tmp_path):
    served = {"kind": "remote", "url": "http://127.0.0.1:9/v1", "model": "m"}
    changes = {"teacher": served, "objective": {"kind": "sampled_token"}}
    config = RunConfig.model_validate(FEW.model_dump() | changes)
    with pytest.raises(
        BadInput, match=r"teacher\.kind 'remote' cannot be asked to answer; evaluate without the teacher"
    ):
        answers(config, tmp_path, teacher=True)
    assert list(answers(config, tmp_path)) == ["base weights"]  # for which the server is not asked either
