"""Kept extensions: right only while every run is known to be where it was."""

from opdboard.api.panels.recent import MOST, Answer, RecentAnswers


def test_an_answer_holds_until_one_of_its_runs_is_known_to_have_moved():
    kept = RecentAnswers()
    known = {"a": 3, "b": 7}
    kept.keep("question", Answer(b"answer", {"a": 3, "b": 7}))
    assert kept.still_right("question", known.get) == b"answer"
    assert kept.still_right("another", known.get) is None
    known["b"] = 8
    assert kept.still_right("question", known.get) is None


def test_nothing_is_right_when_nobody_has_looked_lately():
    kept = RecentAnswers()
    kept.keep("question", Answer(b"answer", {"a": 3}))
    assert kept.still_right("question", lambda _: None) is None


def test_the_oldest_answers_go():
    kept = RecentAnswers()
    for number in range(MOST + 1):
        kept.keep(number, Answer(b"", {}))
    assert kept.still_right(0, lambda _: None) is None
    assert kept.still_right(MOST, lambda _: None) == b""
