"""Right answers are seen as right, wrong ones as wrong, and nothing a model writes can stop the judge."""

import sys
import threading

import pytest

from opdboard.domain.data import FileData
from opdboard.domain.errors import DataProblem
from opdboard_worker.data.verifiers import _Judge, verify


def test_exact_ignores_white_space_at_the_ends_only():
    assert verify("exact", " 975\n", "975")
    assert not verify("exact", "9 75", "975")
    assert not verify("exact", "", "975")


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("9 * 2 = 18 dollars, so \\boxed{18}", "18"),
        ("She makes 9 * 2 = $18 every day at the market.", "18"),
        ("The profit is $70,000.", "70000"),
        ("\\boxed{17}, no: \\boxed{18}", "18"),
        ("\\boxed{0.5}", "\\frac{1}{2}"),
        ("\\boxed{(3, \\pi/2)}", "\\left( 3, \\frac{\\pi}{2} \\right)"),
        ("\\boxed{q - p}", "-p + q"),
        ("\\boxed{Evelyn}", "\\text{Evelyn}"),
        ("\\boxed{18}", "$18$"),
    ],
)
def test_mathematically_equal_answers_are_right(response, answer):
    assert verify("math", response, answer)


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("\\boxed{19}", "18"),
        ("18 ducks, so 19 eggs", "18"),
        ("\\boxed{18}, no: \\boxed{17}", "18"),
        ("\\boxed{(3, \\pi)}", "\\left( 3, \\frac{\\pi}{2} \\right)"),
        ("\\boxed{p - q}", "-p + q"),
        ("", "18"),
        ("I do not know.", "18"),
        ("\x00{{{}\\boxed{\\frac{", "18"),
        ("\ud800", "18"),
        ("{" * 50_000, "18"),
    ],
)
def test_other_answers_are_wrong(response, answer):
    assert not verify("math", response, answer)


def test_an_endless_computation_is_cut_off_and_the_next_answer_judged():
    assert not verify("math", "\\boxed{\\binom{10000000000}{5000000000}}", "18")
    assert verify("math", "\\boxed{36/2}", "18")


@pytest.mark.parametrize(
    "response",
    [
        "\\boxed{9^{9^{9^{9}}}}",
        "\\boxed{9^9^9^9}",
        "\\boxed{x^{9^{9^{9}}}}",
        "\\boxed{999999999!}",
        "\\boxed{" + "(" * 400 + "1" + ")" * 400 + "}",
        "\\boxed{" + "\\frac{1}{" * 100 + "2" + "}" * 100 + "}",
        "\\boxed{" * 2800,
        "\\boxed{" + "1" * 1_000_000 + "}",
        "1" * 20_000,
        "$" * 20_000,
        "1:" * 9_000,
        "is " * 6_000,
        "\\text{" * 4_000,
    ],
    ids=lambda text: text[:24],
)
@pytest.mark.parametrize("answer", ["18", "\\text{red}"])
def test_hostile_responses_are_wrong_in_bounded_time(response, answer):
    assert not verify("math", response, answer)


def test_answers_are_judged_from_any_thread():
    verdicts = {}

    def judge(number):
        verdicts[number] = verify("math", f"\\boxed{{{2 * number}/2}}", str(number))

    threads = [threading.Thread(target=judge, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == dict.fromkeys(range(1, 5), True)


def test_an_unknown_verifier_is_a_programming_error():
    with pytest.raises(ValueError, match="'exact', 'math', 'regex', 'choice' and 'python'"):
        verify("taste", "a", "a")


def test_a_machine_that_cannot_judge_says_so_instead_of_marking_everything_wrong(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(DataProblem, match="is math-verify installed"):
        _Judge().equal("\\boxed{36/2}", "18")


@pytest.mark.parametrize(
    ("response", "answer", "right"),
    [
        ("B", "B", True),
        ("b) Paris", "(B)", True),
        ("So \\boxed{\\text{C}}", "C", True),
        ("(A) is wrong, so the answer is (D).", "d", True),
        ("I think A dog, so option (B) it is", "B", True),
        ("The answer is B. Paris", "A", False),
        ("A dog is an animal", "A", False),
        ("\\boxed{2}", "B", False),
        ("", "B", False),
    ],
)
def test_a_choice_is_a_letter(response, answer, right):
    assert verify("choice", response, answer) is right


def test_an_expression_finds_the_answer_at_its_last_match():
    pattern = r"<final>(.*?)</final>"
    assert verify("regex", "<final>1</final> no, <final> 18 </final>", "18", pattern)
    assert not verify("regex", "<final>18</final> no, <final>1</final>", "18", pattern)
    assert not verify("regex", "18", "18", pattern)
    assert not verify("regex", "x" * 5000, "18", "(?:(?:x+x+)+)+(y|z\\Z)")


def test_an_expression_is_given_where_it_is_used_alone():
    with pytest.raises(ValueError, match="'regex' needs"):
        FileData(path="rows.jsonl", verifier="regex")
    with pytest.raises(ValueError, match="no other verifier takes one"):
        FileData(path="rows.jsonl", verifier_pattern="(a)")
    assert FileData(path="rows.jsonl", verifier="regex", verifier_pattern="(a)").verifier_pattern == "(a)"
