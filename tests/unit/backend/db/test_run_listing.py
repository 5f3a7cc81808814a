"""The runs table on both engines: what each condition picks, every order, groups, and values of unexpected kinds."""

import math
from typing import Any

import pytest
from support.stored_runs import claim, create, move, record, start

from opdboard.db import run_listing, runs
from opdboard.db.database import Database
from opdboard.db.run_listing import Order
from opdboard.domain.run_fields import find_field
from opdboard.domain.run_query import parse_query
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import transitions

EFFOPD = {"kind": "effopd", "candidates": 3}


PICKED = {
    "": "edcba",
    "state = running": "b",
    "state = active or state in (queued, failed)": "ecba",
    "method = EffOPD": "cb",
    "not method = effopd": "eda",
    "kind = reported": "e",
    "kind != reported": "dcba",
    "accuracy > 0.5": "b",
    "accuracy >= 50%": "db",
    "accuracy != 0.5": "ecba",
    "not accuracy > 0.5": "edca",
    "latest.accuracy < 0.2": "b",
    "kl is empty": "edca",
    "kl is not empty": "b",
    "progress = 1": "d",
    "progress < 30%": "ecba",
    "lr = 3e-5": "b",
    "lr < 1e-5": "dca",
    "seed = 2": "cb",
    "seed = two": "e",
    "seed in (1, two)": "ea",
    "seed > 1": "dcb",
    "seed ~ w": "e",
    "config.fast = true": "e",
    "size = 7": "e",
    "nested.a ~ 1": "e",
    "strategy.candidates is not empty": "cb",
    "group = one": "cb",
    "group is empty": "a",
    "group ~ ON": "cb",
    "tag = ours": "cb",
    "tag != ours": "eda",
    "tag ~ OUR": "cb",
    "tag in (keep, ünder)": "eb",
    "tag is empty": "da",
    "error = OutOfMemory": "c",
    "error ~ memory": "c",
    "error is not empty": "c",
    "created >= 1970-01-01T00:16": "edcba",
    "created > 1970-01-01": "",
    "created = 1970-01-01": "edcba",
    "ended is empty": "eba",
    "started > -1h": "dcb",
    "name = beta": "b",
    "name = Beta": "",
    "name ~ BET": "b",
    "BET": "b",
    "100%": "a",
    "a_x": "d",
    "ours": "cb",
    "opd": "",
    "demo": "edcba",
    "allem": "e",
    "worker ~ host": "dcb",
    "device = cpu": "edcb",
    "forked_from is empty": "edcba",
}
SORTED = {
    "": "edcba",
    "created": "abcde",
    "name": "abdec",
    "-name": "cedba",
    "accuracy": "dbeca",
    "-accuracy": "bdeca",
    "-progress": "dbeca",
    "seed": "acbde",
    "-seed": "dcbae",
    "lr": "dcabe",
    "method,-name": "cbeda",
    "tag": "ebcda",
    "-ended": "dceba",
    "error": "cedba",
}


def set_row(database: Database, run_id: str, **values: Any) -> None:
    with database.write() as session:
        run = runs.get(session, run_id)
        for name, value in values.items():
            setattr(run, name, value)


@pytest.fixture
def some(database: Database) -> Database:
    """a: queued. b: running, 25 of 100 steps. c: failed. d: finished, its measures lacking or null. e: reported, odd."""
    a = create(database, name="alpha 100%", seed=1)
    b, attempt = start(database, name="beta", seed=2, strategy=EFFOPD, optimizer={"learning_rate": 3e-5})
    record(database, b, attempt, 25, {"eval/accuracy": 0.75, "eval/reverse_kl": 0.2, "accuracy": 0.1})
    c, _ = start(database, name="gamma", seed=2, strategy=EFFOPD)
    with database.write() as session:
        error = {"error": "OutOfMemory", "detail": "no memory left at step 3", "where": None}
        transitions.transition(session, runs.get(session, c), RunState.FAILED, error=error)
    d, attempt = start(database, name="delta_x", seed=10)
    record(database, d, attempt, 100, {"eval/reverse_kl": math.nan, "eval/accuracy": 0.5})
    move(database, d, RunState.FINISHED)
    e = create(database, name="Eclair")
    odd = {"seed": "two", "size": 7, "fast": True, "optimizer": {"learning_rate": 10**310}, "nested": {"a": [1]}}
    set_row(database, e, kind="reported", config=odd, device="cpu", notes="Über allem")
    for number, (run_id, group, tags) in enumerate(
        [(a, "", []), (b, "one", ["ours", "keep"]), (c, "one", ["ours"]), (d, "two", []), (e, 'it\'s "2"', ["ünder"])]
    ):
        set_row(database, run_id, group=group, tags=tags, created_at=1000.0 + number)
    return database


def names(database: Database, query: str = "", sort: str = "", *, limit: int = 10, offset: int = 0) -> str:
    """Initials of the runs found, in their order."""
    with database.read() as session:
        order = [Order(find_field(name.removeprefix("-")), name.startswith("-")) for name in sort.split(",") if name]

        def stored(field) -> bool:
            return run_listing.is_stored(session, field)

        found, _ = run_listing.page(session, parse_query(query, stored=stored), order, limit=limit, offset=offset)
        return "".join(run.name[0] for run in found).lower().replace("g", "c")


def test_a_query_picks(some: Database):
    assert {query: names(some, query) for query in PICKED} == PICKED


def test_every_field_sorts_and_what_is_missing_comes_last(some: Database):
    assert {sort: names(some, sort=sort) for sort in SORTED} == SORTED


def test_pages_and_totals(some: Database):
    assert names(some, limit=2) == "ed"
    assert names(some, limit=2, offset=4) == "a"
    with some.read() as session:
        assert run_listing.page(session, None, limit=2)[1] == 5
        assert run_listing.page(session, None, limit=2, offset=50) == ([], 5)
        assert run_listing.page(session, parse_query("zebra"), limit=2) == ([], 0)
        assert len(run_listing.matching_ids(session, parse_query("seed = 2"))) == 2


def test_pinned_runs_that_match_come_first_in_their_order(some: Database):
    with some.read() as session:
        by_name = {run.name[0]: run.id for run in run_listing.page(session, None, limit=5)[0]}
        pinned = [by_name["a"], by_name["d"]]

        def found(wanted: str, *order: Order, limit: int = 10, offset: int = 0) -> str:
            query = parse_query(wanted)
            rows, total = run_listing.page(session, query, order, first=pinned, limit=limit, offset=offset)
            assert total == (5 if wanted == "" else 4)
            return "".join(run.name[0] for run in rows)

        assert found("") == "daEgb"
        assert found("", limit=2, offset=1) == "aE"
        assert found("not name ~ alpha") == "dEgb"
        assert found("", Order(find_field("name"), False))[:2] == "ad"


def grouped(database: Database, by: list[str], measures: list[str] | None = None, query: str = ""):
    with database.read() as session:
        fields = [find_field(name) for name in measures or []]
        found = run_listing.groups(session, parse_query(query), [find_field(name) for name in by], fields)
        return {group.values if len(by) > 1 else group.values[0]: group for group in found}


def test_groups_count_and_summarise(some: Database):
    found = grouped(some, ["group"], ["accuracy", "lr"])
    assert {name: group.count for name, group in found.items()} == {"one": 2, "two": 1, None: 1, 'it\'s "2"': 1}
    one = found["one"]
    assert (one.active, one.failed, one.newest) == (1, 1, 1002.0)
    accuracy, rate = one.measures
    assert (accuracy.count, accuracy.mean, accuracy.low, accuracy.high) == (1, 0.75, 0.75, 0.75)
    assert rate.mean == pytest.approx(1.55e-5) and rate.total == pytest.approx(3.1e-5)
    assert found[None].measures[0].mean is None


def test_groups_by_tag_configuration_and_several_fields(some: Database):
    by_tag = grouped(some, ["tag"])
    assert {name: group.count for name, group in by_tag.items()} == {"ours": 2, "keep": 1, "ünder": 1, None: 2}
    by_seed = grouped(some, ["seed"], query="kind = trained")
    assert {name: group.count for name, group in by_seed.items()} == {"1": 1, "2": 2, "10": 1}
    both = grouped(some, ["method", "lr"], query="kind = trained")
    assert {values: group.count for values, group in both.items()} == {
        ("opd", "1e-06"): 2,
        ("effopd", "1e-06"): 1,
        ("effopd", "3e-05"): 1,
    }


def test_values_in_use_come_most_frequent_first(some: Database):
    with some.read() as session:
        assert run_listing.in_use(session, find_field("group"), 5)[0] == "one"
        assert run_listing.in_use(session, find_field("tag"), 2) == ["ours", "keep"]
        assert run_listing.in_use(session, find_field("error"), 2) == ["OutOfMemory"]


@pytest.mark.parametrize("search", ["100%", "a_b", "50\\"])
def test_wildcards_are_taken_literally(database: Database, search: str):
    create(database, name="plain 100 axb 50")
    wanted = create(database, name=f"with {search} inside")
    claim(database, wanted)
    with database.read() as session:
        condition = parse_query('"{}"'.format(search.replace("\\", "\\\\")))
        assert [run.id for run in run_listing.page(session, condition, limit=5)[0]] == [wanted]


@pytest.mark.parametrize(
    ("search", "found"),
    [("ab", "aB"), ("B c", "b C"), ('a"b', 'a"B'), ("a\\b", "A\\b"), ("ü", "für"), ("u00fc", None), ('", "', None), ("%", "5%")],
)  # fmt: skip
def test_a_search_in_tags_sees_the_tags_and_not_how_they_are_stored(database: Database, search: str, found: str | None):
    wanted = create(database, name="n")
    set_row(database, wanted, tags=["x", found or "für"])
    set_row(database, create(database, name="n"), tags=["x", "y"])
    condition = parse_query('tag ~ "{}"'.format(search.replace("\\", "\\\\").replace('"', '\\"')))
    with database.read() as session:
        assert [run.id for run in run_listing.page(session, condition, limit=5)[0]] == ([wanted] if found else [])
