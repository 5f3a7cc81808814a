"""Data without answers: nothing is judged, nothing else changes, and what needs answers is refused by the first row."""

import json

import pytest
from invariant.conftest import tiny_config

from opdboard.domain.commands import Command, Extrapolate
from opdboard.domain.data import FileData
from opdboard.domain.errors import DataProblem
from opdboard.domain.objectives import Dapo, Grpo, Sft
from opdboard.domain.reading import Reading, StudentReading
from opdboard.domain.selection import Selection
from opdboard.domain.strategies.alpharl import AlphaRL
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.teachers import NoTeacher, PrivilegedTeacher
from opdboard_worker.data.examples import arithmetic_example
from opdboard_worker.training.control import Orders

ACCURACIES = {"accuracy", "eval/accuracy", "eval/teacher_accuracy", "eval/gap_recovery", "eval/judged"}


@pytest.fixture
def sums(tmp_path):
    """sums(which have an answer, whether all have a solution) -> a configuration on 40 sums."""

    def make(answered=lambda number: False, solved=False, **changes):
        lines = []
        for number in range(40):
            example = arithmetic_example(number * 1_003, digits=3)
            row = {"prompt": example.prompt, "answer": example.answer if answered(number) else None}
            lines.append(json.dumps(row | ({"solution": example.answer} if solved else {})))
        path = tmp_path / f"sums{len(list(tmp_path.iterdir()))}.jsonl"
        path.write_text("\n".join(lines))
        data = FileData(path=str(path), instruction="", verifier="exact")
        plain = Reading(student=StudentReading(template="plain"))
        return tiny_config(data=data, reading=plain, **changes)

    return make


def test_without_answers_the_run_is_the_same_and_accuracy_is_absent(train, sums):
    """The loss of each step to the last bit, and every other scalar that is no time."""
    _, judged = train(sums(lambda number: True))
    training, alone = train(sums())
    assert alone.series("loss") == judged.series("loss") and len(alone.series("loss")) == 4
    assert alone.series("eval/reverse_kl") == judged.series("eval/reverse_kl")
    told = {name for batch in alone.batches for name in batch.scalars}
    assert {name for batch in judged.batches for name in batch.scalars} - told == ACCURACIES - {"eval/judged"}
    assert not told & ACCURACIES
    samples = [one for batch in alone.batches for one in batch.samples]
    assert samples and all(one.answer is None and one.correct is None for one in samples)
    assert training.progress.best_step == 4  # by the KL


def test_of_mixed_rows_those_with_an_answer_are_judged_and_counted(train, sums):
    training, sink = train(sums(lambda number: number % 2 == 0))
    held_out = training.parts.held_out
    known = [place for place, one in enumerate(held_out) if one.answer is not None]
    assert 0 < len(known) < len(held_out), "the case must hold out both"
    _, whole = train(sums(lambda number: True))
    assert set(sink.series("eval/judged").values()) == {len(known)}
    assert sink.series("loss") == whole.series("loss")
    answers = training.parts.scorer.answer(held_out, "held-out")
    verdicts = [answers.correct[place] for place in known]
    assert answers.accuracy == sum(map(bool, verdicts)) / len(known) and None not in verdicts
    assert answers.correct.count(None) == len(held_out) - len(known)


def test_candidates_are_scored_by_their_kl_without_answers(train, sums):
    _, sink = train(sums(strategy=EffOPD(score="negative_reverse_kl", validation_size=4, candidates=1)))
    tried = [one for batch in sink.batches for decision in batch.decisions for one in decision.candidates]
    assert tried and all(one.accuracy is None for one in tried)


def test_a_search_by_accuracy_draws_its_examples_from_those_with_an_answer(train, sums):
    training, _ = train(sums(lambda number: number % 4 == 0, strategy=EffOPD(validation_size=4, candidates=1)))
    validation = training.parts.lookahead._validation
    assert len(validation) == 4 and all(one.answer is not None for one in validation)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"objective": Grpo(group_size=2)}, "'grpo' rewards right answers"),
        ({"objective": Dapo(group_size=2)}, "'dapo' rewards right answers"),
        ({"objective": Sft(), "teacher": NoTeacher()}, "'sft' learns worked solutions"),
        ({"teacher": PrivilegedTeacher()}, "reads the solution, or else the answer"),
        ({"strategy": EffOPD()}, "scores by the accuracy: choose strategy.score 'negative_reverse_kl'"),
        ({"strategy": EffOPD(score="both")}, "scores by the accuracy"),
        ({"strategy": AlphaRL(score="accuracy")}, "scores by the accuracy"),
        ({"selection": Selection(metric="eval/accuracy")}, "selection.metric is 'eval/accuracy'"),
    ],
)
def test_what_needs_answers_is_refused_by_the_first_row_without_one(train, sums, changes, says):
    config = sums(**changes)
    with pytest.raises(DataProblem, match=says) as caught:
        train(config)
    assert str(caught.value.where).startswith(f"{config.data.path}:")


def test_one_row_without_an_answer_is_named_where_all_are_needed(train, sums):
    """A row that is trained on."""
    rows = [number for number in range(40) if number != 11]
    config = sums(lambda number: number in rows, objective=Grpo(group_size=2))
    with pytest.raises(DataProblem, match="no answer, and objective") as caught:
        train(config)
    assert caught.value.where == f"{config.data.path}:12"


def test_an_answer_that_is_no_letter_is_no_multiple_choice(train, sums):
    config = sums(lambda number: number > 4)
    with pytest.raises(DataProblem, match="'choice' wants a letter") as caught:
        train(config.model_copy(update={"data": config.data.model_copy(update={"verifier": "choice"})}))
    assert str(caught.value.where).startswith(config.data.path)


def test_supervised_training_on_solutions_alone_has_no_accuracy_and_judges_nothing(train, sums):
    """No teacher and no answers: no best state, and a commanded extrapolation is refused in words."""
    config = sums(solved=True, objective=Sft(), teacher=NoTeacher())
    training, sink = train(config, Orders(extrapolate=[(7, Extrapolate(command=Command.EXTRAPOLATE))]))
    results = [one for batch in sink.batches for one in batch.command_results]
    assert [(one.command_id, one.ok) for one in results] == [(7, False)]
    assert "nothing tells better weights from worse" in results[0].result
    assert training.progress.best_value is None
    with pytest.raises(DataProblem, match="selection can tell no best state"):
        train(config.model_copy(update={"selection": Selection(keep_best=True)}))


def test_supervised_training_with_a_teacher_is_selected_by_the_kl(train, sums):
    training, sink = train(sums(solved=True, objective=Sft()))
    curve = sink.series("eval/reverse_kl")
    assert training.progress.best_value == min(curve.values())


def test_a_held_out_file_is_read_like_the_data(train, sums, tmp_path):
    """With answers that the data lacks, one prompt of which is among the data's."""
    config = sums()
    rows = [arithmetic_example(number * 1_003, digits=3) for number in (39, 40, 41)]
    file = tmp_path / "held-out.csv"
    file.write_text("prompt,answer\n" + "".join(f"{row.prompt},{row.answer}\n" for row in rows))
    monitoring = config.monitoring.model_copy(update={"held_out_size": None, "held_out_share": 1.0})
    data = config.data.model_copy(update={"held_out": str(file)})
    training, sink = train(config.model_copy(update={"data": data, "monitoring": monitoring}))
    assert {one.prompt for one in training.parts.held_out} == {row.prompt for row in rows}
    assert len(training.parts.train) == 39
    assert len(sink.series("eval/accuracy")) == 3 and not sink.series("accuracy")
