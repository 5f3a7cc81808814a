"""Which answers are right, and which verdict the majority of several gives."""

import pytest

from opdboard.domain.data import ArithmeticData, FileData
from opdboard_worker.data import judging
from opdboard_worker.data.examples import Example
from opdboard_worker.data.judging import judged, majority_right

MATH = FileData(path="x.jsonl")
CHOICE = FileData(path="x.jsonl", verifier="choice")
REGEX = FileData(path="x.jsonl", verifier="regex", verifier_pattern=r"= (\d+)")


def example(answer: str | None = "18", prefix: str = "") -> Example:
    return Example(0, "?", answer, None, prefix=prefix)


def verdict(data, texts, answer="18", prefix=""):
    asked = example(answer, prefix)
    right = judged(data, [asked] * len(texts), texts)
    return majority_right(data, asked, texts, [bool(one) for one in right])


def test_nobody_is_right_where_no_answer_is_known():
    assert judged(MATH, [example(None), example()], ["18", "18"]) == [None, True]


@pytest.mark.parametrize(
    ("data", "texts", "answer", "expected"),
    [
        (ArithmeticData(), ["531", "531 ", "530", "530", "530"], "531", 0.0),
        (ArithmeticData(), ["531", "531 ", "530", "530"], "531", 0.5),
        (ArithmeticData(), ["531", "", " ", "530"], "531", 0.5),
        (CHOICE, ["(B)", "The answer is A.", "A", "I cannot say"], "B", 0.0),
        (CHOICE, ["(B)", "I cannot say", "no idea"], "B", 1.0),
        (REGEX, ["x = 18", "x = 17", "no sum", "no sum"], "18", 0.5),
        (MATH, ["\\boxed{18}", "so 36/2 = 18", "\\boxed{17}", "\\boxed{16}"], "18", 1.0),
        (MATH, ["\\boxed{18}", "18.", "\\boxed{0.5}", "\\boxed{\\frac{1}{2}}", "\\boxed{1/2}"], "18", 0.0),
        (MATH, ["\\boxed{18}", "\\boxed{0.5}", "\\boxed{\\frac12}", "\\boxed{3}", "18"], "18", 0.5),
        (MATH, ["\\boxed{18}", "I do not know.", "", "Who am I to say?"], "18", 1.0),
        (MATH, ["\\boxed{17}", "\\boxed{16}"], "18", 0.0),
    ],
)
def test_the_majority_is_of_equal_answers_by_the_verifiers_own_notion(data, texts, answer, expected):
    assert verdict(data, texts, answer) == expected


def test_an_answer_that_had_begun_votes_as_a_whole():
    assert verdict(MATH, ["8}", "7}", "7}"], prefix="\\boxed{1") == 0.0
    assert verdict(MATH, ["8}", "8}", "7}"], prefix="\\boxed{1") == 1.0


def test_the_judge_is_asked_only_where_it_can_change_the_verdict(monkeypatch):
    asked = example()
    monkeypatch.setattr(judging, "verify", lambda *_: pytest.fail("asked"))
    texts = ["\\boxed{18}", "\\boxed{18}", "\\boxed{0.5}", "\\boxed{1/2}", "no"]
    assert majority_right(MATH, asked, texts[:1] * 3 + texts[2:4], [True] * 3 + [False] * 2) == 1.0
    assert majority_right(MATH, asked, texts[2:4], [False] * 2) == 0.0
    assert majority_right(MATH, asked, [texts[0], *texts[2:3] * 2, "\\boxed{7}"], [True] + [False] * 3) == 0.0
