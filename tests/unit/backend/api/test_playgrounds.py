"""Playgrounds over HTTP: opened once for all their readers, asked, and read piece by piece."""

import time
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from support.stored_runs import claim, create

from opdboard.api.app import create_app
from opdboard.db import playgrounds, runs, workers
from opdboard.db.database import Database
from opdboard.domain.playground import About, Ending, Piece
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import claims, talking, transitions
from opdboard.settings import Settings

ABOUT = About(
    base="base", teacher="teacher", kl="reverse_kl", temperature=1.0, max_tokens=8, system_prompt="", held_out=[]
)
ASKED = {"voices": [{"kind": "base"}, {"kind": "candidate", "step": 2, "factor": 2.5}], "prompt": "1+1="}


@pytest.fixture
def on_either(settings: Settings, database: Database, tmp_path) -> Iterator[TestClient]:
    """A client of the application on the engine of the test."""
    app = create_app(settings.model_copy(update={"database_url": database.url}), static=tmp_path)
    with TestClient(app, base_url="http://127.0.0.1:8765", raise_server_exceptions=False) as opened:
        yield opened


def opened(client: TestClient, run_id: str) -> dict:
    answer = client.post(f"/api/runs/{run_id}/playground")
    assert answer.status_code == 201, answer.text
    return answer.json()


def end(database: Database, playground: str, state: RunState = RunState.FINISHED, reason: str = "") -> None:
    with database.write() as session:
        transitions.transition(session, runs.get(session, playground, lock=True), state, reason=reason)


def test_a_talk_is_read_as_it_comes(on_either: TestClient, database: Database) -> None:
    run_id = create(database)
    assert on_either.get(f"/api/runs/{run_id}/playground").status_code == 404
    playground = opened(on_either, run_id)
    assert (playground["state"], playground["run_id"], playground["about"]) == ("queued", run_id, None)
    assert playground["waits_for"] == "No worker is alive. It starts as soon as one is."
    assert opened(on_either, run_id)["id"] == playground["id"]
    assert on_either.get("/api/runs").json()["total"] == 1
    as_run = on_either.get(f"/api/runs/{playground['id']}").json()
    assert (as_run["kind"], as_run["commands"], as_run["is_job"]) == ("playground", ["stop"], True)

    address = f"/api/playgrounds/{playground['id']}"
    asked = on_either.post(f"{address}/questions", json=ASKED | {"temperature": 0.5, "seed": 3})
    assert asked.status_code == 201, asked.text
    question = asked.json()
    assert question["question"]["voices"][1]["factor"] == 2.5 and question["question"]["temperature"] == 0.5

    attempt = claim(database, playground["id"])
    with database.write() as session:
        talking.open_up(session, playground["id"], attempt, ABOUT)
    before = on_either.get(f"/api/runs/{playground['id']}").json()["topics"]["talk"]
    with database.write() as session:
        first = Piece(voice=0, tokens=["a", "b"], logp=[-0.5, float("-inf")], kl=[0.1, 0.2])
        talking.tell(session, playground["id"], attempt, question["id"], [first])
    talk = on_either.get(f"{address}/talk").json()
    assert [one["id"] for one in talk["questions"]] == [question["id"]] and not talk["more"]
    (piece,) = talk["pieces"]
    assert piece["tokens"] == ["a", "b"] and piece["logp"] == [-0.5, None] and piece["end"] is None
    assert on_either.get(f"/api/runs/{playground['id']}").json()["topics"]["talk"] > before
    with database.write() as session:
        more = [Piece(voice=0, start=2, tokens=["c"]), Piece(voice=1, end=Ending(text="", error="gone"))]
        talking.tell(session, playground["id"], attempt, question["id"], more, done=True)
    rest = on_either.get(f"{address}/talk?after={piece['id']}&asked_after={question['id']}&limit=1").json()
    assert rest["questions"] == [] and [one["start"] for one in rest["pieces"]] == [2] and rest["more"]
    rest = on_either.get(f"{address}/talk?after={rest['pieces'][0]['id']}").json()
    assert rest["pieces"][0]["end"]["error"] == "gone" and rest["questions"][0]["done"]
    told = on_either.get(f"/api/runs/{run_id}/playground").json()
    assert told["about"]["kl"] == "reverse_kl" and told["waits_for"] == ""


def test_pages_are_counted_and_a_farewell_is_taken_back_by_the_next_sign_of_life(
    client: TestClient, sqlite_database: Database
) -> None:
    playground = opened(client, create(sqlite_database))["id"]
    for leaving, expected in ((False, (1, False)), (True, (2, True)), (False, (3, False))):
        assert client.post(f"/api/playgrounds/{playground}/beats", json={"leaving": leaving}).status_code == 204
        with sqlite_database.read() as session:
            look = playgrounds.look(session, playground)
        assert (look.beats, look.left) == expected and look.waiting is None


def test_what_cannot_be_asked_is_refused(client: TestClient, sqlite_database: Database) -> None:
    run_id = create(sqlite_database)
    playground = opened(client, run_id)["id"]
    address = f"/api/playgrounds/{playground}/questions"
    first = client.post(address, json=ASKED).json()["id"]
    for body, status, told in (
        (ASKED | {"voices": []}, 422, "voices"),
        (ASKED | {"voices": [{"kind": "base", "step": 1}]}, 422, "a checkpoint has a step"),
        (ASKED | {"held_out": 1}, 422, "give a prompt"),
        (ASKED | {"prompt": " "}, 422, "give a prompt"),
        (ASKED | {"prompt": "a\x00"}, 422, "NUL"),
        (ASKED | {"follows": first + 1}, 422, "there is no question"),
        (ASKED | {"follows": first, "voices": [{"kind": "base"}]}, 422, "voices that it began with"),
        (ASKED | {"follows": first, "system_prompt": "x"}, 422, "same system prompt"),
    ):
        refused = client.post(address, json=body)
        assert refused.status_code == status and told in refused.text, refused.text
    assert client.post(address, json=ASKED | {"follows": first}).status_code == 201
    for _ in range(talking.MOST_WAITING - 2):
        client.post(address, json=ASKED)
    assert client.post(address, json=ASKED).status_code == 409
    stopped = client.post(f"{address}/{first}/stop")
    assert stopped.status_code == 200 and not stopped.json()["done"]
    with sqlite_database.read() as session:
        assert playgrounds.look(session, playground).stop_asked
    assert client.post(f"/api/playgrounds/{run_id}/beats", json={}).status_code == 404
    assert client.post("/api/runs/00000000/playground").status_code == 404
    reported = client.post("/api/reported-runs", json={"name": "r", "method": "x", "total_steps": 1}).json()["run_id"]
    assert client.post(f"/api/runs/{reported}/playground").status_code == 409


def test_one_that_has_ended_says_why_stays_for_an_hour_and_goes_with_its_run(
    on_either: TestClient, database: Database
) -> None:
    run_id = create(database)
    first = opened(on_either, run_id)["id"]
    on_either.post(f"/api/playgrounds/{first}/questions", json=ASKED)
    attempt = claim(database, first)
    assert on_either.delete(f"/api/runs/{run_id}").status_code == 409  # its weights are in use
    with database.write() as session:
        transitions.transition(session, runs.get(session, first, lock=True), RunState.RUNNING)
    end(database, first, reason="its page was closed")
    told = on_either.get(f"/api/runs/{run_id}/playground").json()
    assert (told["state"], told["why_ended"]) == ("finished", "its page was closed")
    refused = on_either.post(f"/api/playgrounds/{first}/questions", json=ASKED)
    assert refused.status_code == 409 and "Open it again" in refused.json()["detail"]
    with database.write() as session:
        try:
            talking.tell(session, first, attempt, 1, [])
        except claims.StaleAttempt:
            pass
        else:
            raise AssertionError("a zombie may not write")
    second = opened(on_either, run_id)["id"]
    assert second != first and on_either.get(f"/api/playgrounds/{first}/talk").json()["questions"]
    with database.write() as session:
        runs.get(session, first, lock=True).ended_at = time.time() - 4000
    opened(on_either, run_id)
    assert on_either.get(f"/api/playgrounds/{first}/talk").status_code == 404
    end(database, second, RunState.STOPPED)
    assert on_either.delete(f"/api/runs/{run_id}").status_code == 204
    assert on_either.get(f"/api/runs/{second}").status_code == 404


def test_the_page_is_told_what_its_playground_waits_for(client: TestClient, sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        workers.beat(session, "w", host="h", pid=1, started_at=0.0, queues=["any", "cpu"], run_id=None, load={})
    busy = create(sqlite_database, name="a long run")
    claim(sqlite_database, busy, "w")
    run_id = create(sqlite_database)
    opened(client, run_id)
    playground = client.get(f"/api/runs/{run_id}/playground").json()
    assert "The only worker that can take it" in playground["waits_for"] and "a long run" in playground["waits_for"]


def test_what_another_page_has_deleted_meanwhile_does_not_keep_one_from_opening(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playgrounds, "ended_before", lambda *_: ["00000000"])
    assert opened(client, create(sqlite_database))["state"] == "queued"


def test_what_another_attempt_says_comes_behind_all_that_was_read(on_either: TestClient, database: Database) -> None:
    playground = opened(on_either, create(database))["id"]
    address = f"/api/playgrounds/{playground}"
    question = on_either.post(f"{address}/questions", json=ASKED).json()["id"]
    read = 0
    for told in ([Piece(voice=0, tokens=["a"]), Piece(voice=0, start=1, tokens=["b"])], [Piece(voice=0, tokens=["c"])]):
        attempt = claim(database, playground)
        with database.write() as session:
            talking.open_up(session, playground, attempt, ABOUT)
            talking.tell(session, playground, attempt, question, told)
        pieces = on_either.get(f"{address}/talk?after={read}").json()["pieces"]
        assert [one["tokens"] for one in pieces] == [one.tokens for one in told]
        read = pieces[-1]["id"]
        with database.write() as session:
            transitions.transition(session, runs.get(session, playground, lock=True), RunState.QUEUED)
