"""The query language: what it means, and where it says that something is wrong."""

import pytest

from opdboard.domain.errors import BadInput, QueryProblem
from opdboard.domain.run_fields import configuration, find_field
from opdboard.domain.run_query import Both, Comparison, Either, Empty, Not, OneOf, Words, equals, parse_query

NOW = 1_800_000_000.0


def one(text: str) -> Comparison:
    parsed = parse_query(text, now=NOW)
    assert isinstance(parsed, Comparison)
    return parsed


def test_nothing_asked_is_no_condition():
    assert parse_query("") is None
    assert parse_query("  \n ") is None


def test_and_binds_closer_than_or_and_not_closer_still():
    parsed = parse_query("a or b and not c d")
    assert parsed == Either((Words("a"), Both((Words("b"), Not(Words("c")), Words("d")))))
    assert parse_query("(a or b) not not c") == Both((Either((Words("a"), Words("b"))), Words("c")))


def test_keywords_are_words_inside_others_and_in_quotation_marks():
    assert parse_query("island OR orbit") == Either((Words("island"), Words("orbit")))
    assert parse_query('"and" nothing') == Both((Words("and"), Words("nothing")))
    assert one("name = not").value.text == "not"


@pytest.mark.parametrize(
    ("name", "source", "key"),
    [
        ("name", "run", "name"),
        ("tags", "run", "tags"),
        ("STATE", "run", "state"),
        ("accuracy", "measure", "eval/accuracy"),
        ("eval/accuracy", "measure", "eval/accuracy"),
        ("latest.accuracy", "measure", "accuracy"),
        ("kl", "measure", "eval/reverse_kl"),
        ("loss", "measure", "loss"),
        ("lr", "config", "optimizer.learning_rate"),
        ("optimizer.learning_rate", "config", "optimizer.learning_rate"),
        ("batch_size", "config", "budget.batch_size"),
        ("seed", "config", "seed"),
        ("config.name", "config", "name"),
        ("teacher.source.repo_id", "config", "teacher.source.repo_id"),
    ],
)
def test_a_name_is_looked_up_in_order(name: str, source: str, key: str):
    field = find_field(name)
    assert (field.source, field.key) == (source, key)
    assert find_field(field.name) == field


def test_a_name_that_only_stored_runs_have():
    with pytest.raises(BadInput, match="no field 'model/size'"):
        find_field("model/size")
    assert find_field("model/size", lambda field: field.source == "measure").key == "model/size"
    assert find_field("extra.size", lambda field: field.source == "config").name == "extra.size"
    with pytest.raises(BadInput):
        find_field('a"b', lambda field: True)


def test_every_path_of_the_configuration_is_known():
    paths = configuration()
    assert {"budget.steps", "strategy.candidates", "student.repo_id", "data.digits", "precision"} <= paths.keys()
    assert "strategy" not in paths
    assert paths["device"].choices == ("auto", "cpu", "cuda")


@pytest.mark.parametrize(
    ("text", "number"), [("0.5", 0.5), ("50%", 0.5), ("1e-5", 1e-5), ("-.5", -0.5), ('"3"', 3.0), ("+2", 2.0)]
)
def test_numbers_and_shares(text: str, number: float):
    assert one(f"accuracy > {text}").value.number == pytest.approx(number)


@pytest.mark.parametrize(
    ("text", "start", "length"),
    [
        ("2027-01-15", 1_799_971_200.0, 86_400.0),
        ("2027-01-15T08:00", NOW, 60.0),
        ("2027-01-15T08:00:00", NOW, 1.0),
        ("2027-01-15T10:00+02:00", NOW, 60.0),
        ("-2d", NOW - 172_800, 0.0),
        ("-1.5h", NOW - 5400, 0.0),
    ],
)
def test_times_are_days_minutes_or_distances(text: str, start: float, length: float):
    span = one(f"created >= {text}").value.span
    assert span == (start, start + length)


def test_states_may_stand_for_several():
    assert one("state = active").value.words == ("paused", "running", "starting", "stopping")
    assert parse_query("state not in (failed, stopped)") == Not(
        OneOf(find_field("state"), tuple(one(f"state = {state}").value for state in ("failed", "stopped")))
    )
    assert parse_query("notes is not empty") == Not(Empty(find_field("notes")))


@pytest.mark.parametrize(
    ("text", "start", "end", "words"),
    [
        ("method =", 8, 8, "character 9: expected a value, found the end"),
        ("method = = 3", 9, 10, "expected a value, found '='"),
        ("acuracy > 1", 0, 7, "did you mean accuracy"),
        ("name = x and zzzzzzzzz = 1", 13, 22, "fields are name, id, state"),
        ("accuracy > high", 11, 15, "such as 0.5, 1e-5 or 50%"),
        ("accuracy ~ 5", 11, 12, "is a number"),
        ("lr > fast", 5, 9, "number"),
        ("name > 3", 7, 8, "name is text"),
        ("state = runnig", 8, 14, "states are queued"),
        ("created > soon", 10, 14, "2026-05-31"),
        ("created > 2026-02-31", 10, 20, "is a time"),
        ("(a or b", 7, 7, "expected ')'"),
        ("a)", 1, 2, "found ')'"),
        ('name = "abc', 7, 11, "does not end"),
        ("a is b", 5, 6, "'empty' or 'not'"),
        ("state in running", 9, 16, "expected '('"),
        ("x not", 5, 5, "expected a condition"),
        ("!", 0, 1, "expected a condition"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, start: int, end: int, words: str):
    with pytest.raises(QueryProblem) as caught:
        parse_query(text, now=NOW)
    assert caught.value.where == f"query:{start}-{end}"
    assert words in caught.value.detail


@pytest.mark.parametrize("text", ["(" * 60 + "a" + ")" * 60, "a " * 101, "x" * 5000, "not " * 900 + "a = "])
def test_a_query_has_limits(text: str):
    with pytest.raises(QueryProblem):
        parse_query(text)


@pytest.mark.parametrize("value", ["plain", 'with "quotes" inside', "back\\slash", "a'b", " and ", ""])
def test_a_condition_written_for_a_value_reads_back_as_it(value: str):
    assert one(equals(find_field("group"), value)).value.text == value
    assert parse_query(equals(find_field("group"), None)) == Empty(find_field("group"))
