"""Several teachers: each example is scored by its own, whatever else is in its micro-batch."""

import json

import pytest
import torch
from invariant.conftest import PLAIN, tiny_config

from opdboard.domain.data import FileData
from opdboard.domain.errors import DataProblem
from opdboard.domain.model_sources import DemoModel
from opdboard.domain.teachers import ModelTeacher, OneOfSeveral, SeveralTeachers
from opdboard_worker.data.examples import Example
from opdboard_worker.training.teacher import route_of

BASE, GOOD = DemoModel(role="base"), DemoModel(role="teacher")


def several(**changes) -> SeveralTeachers:
    teachers = [OneOfSeveral(name="same", source=BASE), OneOfSeveral(name="good", source=GOOD, weight=3)]
    return SeveralTeachers(teachers=teachers, **changes)


def sums(tmp_path, routes):
    file = tmp_path / "sums.jsonl"
    rows = [
        {"prompt": f"{number:03d}+{2 * number:03d}=", "answer": str(3 * number)[::-1], "data_source": routes(number)}
        for number in range(64)
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    return FileData(path=str(file), instruction="", verifier="exact")


def test_each_example_is_scored_by_the_teacher_that_its_row_names(train, tmp_path):
    """A student that is one of its teachers has nothing to learn where that one scores, and is unlike the other."""
    data = sums(tmp_path, lambda number: "good" if number % 3 else "same")
    config = tiny_config(steps=1, teacher=several(route_by="data_source"), data=data, reading=PLAIN)
    training, _ = train(config)
    scorer = training.parts.scorer
    examples = list(training.parts.train[:12])
    model = scorer.student.model
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(training.parts.monitor.initial.get(name, parameter))
    rollout = scorer.roll(examples, "test")
    measures = scorer.measures(examples, rollout.responses)
    alone = torch.cat(
        [scorer.measures([one], rollout.responses.rows(row, row + 1)).reverse_kl for row, one in enumerate(examples)]
    )
    torch.testing.assert_close(measures.reverse_kl, alone, rtol=1e-3, atol=1e-5)
    routes = [examples[row].route for row in rollout.responses.row_N.tolist()]
    mine = torch.tensor([route == "same" for route in routes])
    assert mine.any() and not mine.all()
    assert measures.reverse_kl[mine].abs().max() < 0.05 < measures.reverse_kl[~mine].mean()


def test_two_of_the_same_are_one(train):
    twins = SeveralTeachers(teachers=[OneOfSeveral(name=name, source=GOOD) for name in ("a", "b")])
    _, one = train(tiny_config(teacher=ModelTeacher(source=GOOD)))
    _, two = train(tiny_config(teacher=twins))
    assert two.series("loss") == pytest.approx(one.series("loss"), rel=1e-4)
    assert two.series("eval/reverse_kl") == pytest.approx(one.series("eval/reverse_kl"), rel=1e-4)
    assert two.series("eval/teacher_accuracy").keys() >= {0}


def test_a_name_that_no_teacher_has_is_refused_before_anything_is_trained(train, tmp_path):
    data = sums(tmp_path, lambda number: "good" if number < 63 else "unknown")
    with pytest.raises(DataProblem, match="names 'unknown' in data_source, but the teachers are same, good"):
        train(tiny_config(teacher=several(route_by="data_source"), data=data, reading=PLAIN))


def test_teachers_are_drawn_by_weight_and_always_alike():
    examples = [Example(number, "", "", None) for number in range(4000)]
    first, again = ([route_of(several())(example) for example in examples] for _ in range(2))
    assert first == again
    assert first.count("good") / len(first) == pytest.approx(0.75, abs=0.03)
