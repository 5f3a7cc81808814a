"""Samples over HTTP: by step, by prompt."""

from fastapi.testclient import TestClient
from support.stored_runs import filled, record, start

from opdboard.db.database import Database
from opdboard.domain.records import SampleRecord


def sample(step: int, index: int, prompt: str, kl: list[float], *, correct: bool | None = True) -> SampleRecord:
    return SampleRecord(step, index, prompt, "2", "x", ["t"] * len(kl), kl, [0.0] * len(kl), correct, truncated=False)


def test_a_prompt_is_followed_over_the_training(client: TestClient, sqlite_database: Database):
    run_id, attempt = start(sqlite_database)
    for step in range(10):
        both = [sample(step, 0, "1+1=", [step, float("nan")]), sample(step, 1, "2+2=", [1.0], correct=step > 4)]
        record(sqlite_database, run_id, attempt, step, samples=both)
    listed = client.get(f"/api/runs/{run_id}/samples/prompts").json()["prompts"]
    assert [(one["prompt"], one["responses"]) for one in listed] == [("1+1=", 10), ("2+2=", 10)]
    first = client.get(f"/api/runs/{run_id}/samples/prompts/{listed[0]['prompt_id']}?most=4").json()
    assert [(point["step"], point["mean_kl"], point["tokens"]) for point in first["points"]] == [
        (step, step, 2) for step in range(10)
    ]
    assert [one["step"] for one in first["samples"]] == [0, 3, 6, 9]
    assert first["samples"][1]["token_kl"] == [3.0, None]
    second = client.get(f"/api/runs/{run_id}/samples/prompts/{listed[1]['prompt_id']}").json()
    assert [point["correct"] for point in second["points"]] == [False] * 5 + [True] * 5
    assert len(second["samples"]) == 10


def test_the_same_text_has_the_same_id_in_every_run(client: TestClient, sqlite_database: Database):
    one, other = filled(sqlite_database)[0], filled(sqlite_database)[0]
    ids = {
        sample["prompt_id"]
        for run in (one, other)
        for sample in client.get(f"/api/runs/{run}/samples").json()["samples"]
    }
    assert len(ids) == 1
    assert client.get(f"/api/runs/{other}/samples/prompts/{ids.pop()}").status_code == 200


def test_an_unknown_prompt_is_not_found(client: TestClient, sqlite_database: Database):
    run_id, _ = filled(sqlite_database)
    answer = client.get(f"/api/runs/{run_id}/samples/prompts/{'0' * 16}")
    assert (answer.status_code, answer.json()["where"]) == (404, "prompt_id")
    assert client.get(f"/api/runs/{run_id}/samples/prompts/nothex").status_code == 422
