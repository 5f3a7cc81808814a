"""Do the rows have what a run needs of them? Distillation needs prompts alone; rewards, scores and worked solutions need more."""

from collections.abc import Sequence

import regex

from opdboard.domain.data import Data
from opdboard.domain.errors import DataProblem
from opdboard.domain.run_config import RunConfig
from opdboard.domain.teachers import Teacher
from opdboard_worker.data.choices import letter_of
from opdboard_worker.data.examples import Example
from opdboard_worker.data.own_verifier import own_verifier


def check_answers(config: RunConfig, train: Sequence[Example], held_out: Sequence[Example]) -> None:
    """DataProblem that names the first row without what some setting needs, and the setting."""
    objective, strategy, selection = config.objective, config.strategy, config.selection
    if objective.needs_answers:
        _every(train, f"objective.kind '{objective.kind}' rewards right answers", worked=False)
    if objective.needs_solutions:
        _every(train, f"objective.kind '{objective.kind}' learns worked solutions, or else answers", worked=True)
    check_read_by(config.teacher, [*train, *held_out])
    check_judged(config.data, [*train, *held_out])
    if strategy.needs_answers:
        _some(
            train,
            f"strategy.kind '{strategy.kind}' scores by the accuracy: choose strategy.score 'negative_reverse_kl', or another strategy",
        )
    if selection.evaluation_set:
        return  # which is looked at with the other sets
    if selection.metric == "eval/accuracy":
        _some(held_out, "selection.metric is 'eval/accuracy': choose 'auto'")
    elif (selection.keep_best or selection.patience is not None) and not config.teacher.scores:
        _some(held_out, "selection can tell no best state without a teacher or answers: unset keep_best and patience")


def check_read_by(teacher: Teacher, examples: Sequence[Example]) -> None:
    """DataProblem where a teacher that is shown the solution would find none."""
    if teacher.reads is not None:
        _every(examples, f"teacher.kind '{teacher.kind}' reads the solution, or else the answer", worked=True)


def check_judged(data: Data, examples: Sequence[Example]) -> None:
    """DataProblem where the verifier of the data cannot judge answers to these examples."""
    if getattr(data, "verifier", "") == "choice":
        _letters(examples)
    if getattr(data, "verifier", "") == "python":
        _check_own(getattr(data, "verifier_file", ""), examples)
    _check_pattern(getattr(data, "verifier_pattern", ""))


def _check_own(file: str, examples: Sequence[Example]) -> None:
    """The user's verifier can be imported, and has a verdict on the first row's own answer, be it that it is wrong."""
    first = next((one for one in examples if one.answer is not None), None)
    verifier = own_verifier(file)
    if first is None or first.answer is None:
        return
    _, why = verifier.asked(first.worked, first.answer)
    if why:
        raise DataProblem(
            f"{file} fails on this row, given its own {'solution' if first.solution else 'answer'} as the response: {why}",
            where=first.where or "data.verifier_file",
        )


def _check_pattern(pattern: str) -> None:
    try:
        regex.compile(pattern)
    except regex.error as error:  # the few that the standard library, which the configuration is checked by, takes
        raise DataProblem(f"this is no regular expression: {error}", where="data.verifier_pattern") from error


def _letters(examples: Sequence[Example]) -> None:
    for one in examples:
        if one.answer is not None and letter_of(one.answer) is None:
            raise DataProblem(
                f"the answer is {one.answer[:80]!r}, and data.verifier 'choice' wants a letter: map one (data.columns.answer, with a "
                "pattern perhaps), or choose another verifier",
                where=one.where or "data",
            )


def _every(examples: Sequence[Example], why: str, *, worked: bool) -> None:
    without = (one for one in examples if one.answer is None and not (worked and one.solution))
    if (first := next(without, None)) is not None:
        raise DataProblem(
            f"the row has no answer{' and no solution' if worked else ''}, and {why}: give every row one (data.columns says "
            "where it stands), or choose another",
            where=first.where or "data",
        )


def _some(examples: Sequence[Example], why: str) -> None:
    if all(example.answer is None for example in examples):
        raise DataProblem(f"no row has an answer, this one to begin with, and {why}", where=examples[0].where or "data")
