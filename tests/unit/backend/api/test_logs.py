"""Logs over HTTP: pages, filters, search."""

from fastapi.testclient import TestClient
from support.stored_runs import create

from opdboard.db import logs
from opdboard.db.database import Database


def written(database: Database) -> str:
    run_id = create(database)
    with database.write() as session:
        logs.append(session, run_id, 1, [f"line {number}" for number in range(50)])
        logs.append(session, run_id, 2, ["a WARNING: 100% odd", "Traceback (most recent call last)", "line 3_0"])
    return run_id


def test_a_page_begins_anywhere_and_the_newest_lines_are_the_default(client: TestClient, sqlite_database: Database):
    run_id = written(sqlite_database)
    page = client.get(f"/api/runs/{run_id}/logs?offset=10&limit=3").json()
    assert [line["text"] for line in page["lines"]] == ["line 10", "line 11", "line 12"]
    assert (page["total"], page["attempts"]) == (53, [1, 2])
    newest = client.get(f"/api/runs/{run_id}/logs?limit=2").json()["lines"]
    assert [line["text"] for line in newest] == ["Traceback (most recent call last)", "line 3_0"]
    assert client.get(f"/api/runs/{run_id}/logs?after={newest[-1]['id']}").json()["lines"] == []


def test_lines_are_chosen_by_attempt_and_by_words_of_trouble(client: TestClient, sqlite_database: Database):
    run_id = written(sqlite_database)
    for choice, count in (
        ("attempt=1", 50),
        ("attempt=2", 3),
        ("level=warning", 2),
        ("level=error", 1),
        ("attempt=9", 0),
    ):
        answer = client.get(f"/api/runs/{run_id}/logs?{choice}").json()
        assert (len(answer["lines"]), answer["total"]) == (count, count), choice
    assert client.get(f"/api/runs/{run_id}/logs?level=loud").status_code == 422


def test_a_text_is_found_in_the_whole_log_in_any_case(client: TestClient, sqlite_database: Database):
    run_id = written(sqlite_database)

    def found(**query: str | int) -> dict:
        return client.get(f"/api/runs/{run_id}/logs/matches", params=query).json()

    assert found(search="LINE 4") == {"positions": [4, *range(40, 50)], "total": 11}
    assert found(search="trace", attempt=2) == {"positions": [1], "total": 1}
    assert found(search="100%", level="warning")["positions"] == [0]
    assert found(search="3_0")["total"] == 1
    assert client.get(f"/api/runs/{run_id}/logs/matches").status_code == 422


def test_search_works_on_every_database(database: Database):
    run_id = written(database)
    with database.read() as session:
        assert logs.matches(session, run_id, "Line 1", most=3) == ([1, 10, 11], 11)
        assert [line.text for line in logs.page(session, run_id, offset=51, limit=9)][-1] == "line 3_0"
        assert logs.count(session, run_id, logs.LogFilter(level="warning")) == 2
