"""The home page's one answer, the workers and the installation, over HTTP."""

import math
import time
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from kombu.exceptions import OperationalError
from support.stored_runs import claim, create, fill_step, filled, move, record, start

from opdboard.api.installation.endpoints import _address
from opdboard.db import runs, workers
from opdboard.db.database import Database
from opdboard.db.tables import Alert
from opdboard.domain.run_state import RunState
from opdboard.queue import JobQueue, make_celery
from opdboard.settings import Settings

LOCAL_WORKER = "host:1:0"


def beat(
    database: Database, worker_id: str = LOCAL_WORKER, *, queues: tuple[str, ...] = ("any", "cpu"), **load
) -> None:
    with database.write() as session:
        workers.beat(
            session, worker_id, host="host", pid=1, started_at=0.0, queues=list(queues), run_id=None, load=load
        )


def home(client: TestClient) -> dict:
    return client.get("/api/home").raise_for_status().json()


def test_a_fresh_installation_is_empty(client: TestClient):
    assert home(client) == {
        "running": [],
        "waiting": [],
        "failed": [],
        "ended": [],
        "totals": {},
        "unseen_alerts": 0,
    }


def test_a_running_run_comes_with_its_curve(client: TestClient, sqlite_database: Database):
    run_id, attempt = filled(sqlite_database)
    record(sqlite_database, run_id, attempt, 9, {"reverse_kl": math.nan})
    (running,) = home(client)["running"]
    assert running["run"]["id"] == run_id
    curve = running["sparkline"]
    assert (curve["key"], curve["short"], curve["unit"]) == ("reverse_kl", "KL on the batch", "nats/token")
    assert curve["steps"] == list(range(10))
    assert curve["values"] == [pytest.approx(1 / (step + 1)) for step in range(9)] + [None]


def test_a_long_curve_is_thinned_and_keeps_its_spike(client: TestClient, sqlite_database: Database):
    run_id, attempt = start(sqlite_database)
    for step in range(300):
        record(sqlite_database, run_id, attempt, step, {"reverse_kl": 9.0 if step == 151 else 1.0})
    (running,) = home(client)["running"]
    assert len(running["sparkline"]["steps"]) <= 130
    assert max(running["sparkline"]["values"]) == 9.0


def test_waiting_runs_say_why(client: TestClient, sqlite_database: Database):
    first, second = create(sqlite_database, name="first"), create(sqlite_database, name="second", device="cuda")
    assert [waiting["reason"] for waiting in home(client)["waiting"]] == ["no_worker", "no_worker"]
    beat(sqlite_database)
    with sqlite_database.write() as session:
        for run_id in (first, second):
            runs.get(session, run_id).sent_at = time.time()
    told = {waiting["run"]["id"]: waiting["reason"] for waiting in home(client)["waiting"]}
    assert told == {first: "taking", second: "no_listener"}
    claim(sqlite_database, first, LOCAL_WORKER)
    third = create(sqlite_database, name="third")
    told = {waiting["run"]["id"]: waiting for waiting in home(client)["waiting"]}
    assert told[third]["reason"] == "not_sent"
    with sqlite_database.write() as session:
        runs.get(session, third).sent_at = time.time()
    told = {waiting["run"]["id"]: waiting for waiting in home(client)["waiting"]}
    assert told[third]["detail"] == "Next in line. The only worker that can take it is busy with first."


def test_a_failed_run_says_what_it_can_be_resumed_from(client: TestClient, sqlite_database: Database):
    with_checkpoint, attempt = start(sqlite_database)
    fill_step(sqlite_database, with_checkpoint, attempt, 4)
    without, _ = start(sqlite_database)
    long_ago, _ = start(sqlite_database)
    for run_id in (with_checkpoint, without, long_ago):
        move(sqlite_database, run_id, RunState.FAILED)
    with sqlite_database.write() as session:
        runs.get(session, long_ago).ended_at = time.time() - 30 * 86400
    answer = home(client)
    assert [(run["run"]["id"], run["resumes_from"]) for run in answer["failed"]] == [
        (without, None),
        (with_checkpoint, 4),
    ]
    assert answer["totals"] == {"failed": 3}


def test_unseen_alerts_are_counted(client: TestClient, sqlite_database: Database):
    run_id = create(sqlite_database)
    with sqlite_database.write() as session:
        for seen_at in (None, None, 5.0):
            session.add(
                Alert(run_id=run_id, seq=1, at=1.0, step=1, kind="rule", severity="warning", title="t", message="m", seen_at=seen_at)
            )  # fmt: skip
    assert home(client)["unseen_alerts"] == 2


def test_a_broker_that_cannot_be_told_leaves_the_run_unsent(
    settings: Settings, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
):
    run_id = create(sqlite_database)
    celery = make_celery(settings)

    def refuse(*_, **__) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(celery, "send_task", refuse)
    with pytest.raises(OperationalError):
        JobQueue(sqlite_database, celery).send(run_id)
    with sqlite_database.read() as session:
        assert runs.get(session, run_id).sent_at is None


def test_workers_come_with_their_run_and_load(client: TestClient, sqlite_database: Database):
    run_id, _ = start(sqlite_database)
    gpu = {"index": 0, "name": "H100", "utilisation": 0.5, "memory_used": 1.0, "memory_total": 2.0, "temperature": 60.0}
    beat(sqlite_database, cpu=0.25, gpus=[gpu], history=[{"at": 1.0, "cpu": 0.1, "memory": 0.2, "gpus": [0.3]}])
    (worker,) = client.get("/api/workers").json()["workers"]
    assert worker["run"]["id"] == run_id
    assert worker["load"]["gpus"] == [gpu]
    assert worker["load"]["history"][0]["gpus"] == [0.3]
    assert worker["load"]["memory_used"] is None


def test_only_a_silent_worker_can_be_forgotten(client: TestClient, sqlite_database: Database):
    beat(sqlite_database)
    assert client.delete(f"/api/workers/{LOCAL_WORKER}").status_code == 409
    with sqlite_database.write() as session:
        workers.get(session, LOCAL_WORKER).heartbeat_at = time.time() - 3600
    run_id, _ = start(sqlite_database)
    refusal = client.delete(f"/api/workers/{LOCAL_WORKER}")
    assert refusal.status_code == 409
    assert "still holds" in refusal.json()["detail"]
    move(sqlite_database, run_id, RunState.FINISHED)
    assert client.delete(f"/api/workers/{LOCAL_WORKER}").status_code == 204
    assert client.delete(f"/api/workers/{LOCAL_WORKER}").status_code == 404


def test_the_installation_describes_itself(client: TestClient, sqlite_database: Database, settings: Settings):
    beat(sqlite_database)
    create(sqlite_database, device="cuda")
    told = client.get("/api/installation").raise_for_status().json()
    assert told["database"]["kind"].startswith("SQLite 3")
    assert told["database"]["bytes"] > 0
    assert told["data_dir"] == str(settings.root)
    assert told["token_required"] is False
    queues = {queue["name"]: (queue["workers"], queue["waiting"]) for queue in told["queues"]}
    assert queues == {"any": (1, 0), "cpu": (1, 0), "cuda": (0, 1)}
    assert 0 < told["disk"]["free"] < told["disk"]["total"]


@pytest.mark.parametrize(
    "path", ["installation", "imports/folders", "workers", "home", "runs", "checkpoints?run={run}"]
)
def test_a_web_server_without_the_data_folder_answers(client: TestClient, sqlite_database: Database, path: str):
    """As behind a load balancer, where only the workers' machines have it."""
    run_id = create(sqlite_database)
    app: Any = client.app
    context = app.state.context
    elsewhere = Settings(data_dir=context.settings.root / "file" / "absent", broker_url=context.settings.broker_url)
    app.state.context = replace(context, settings=elsewhere)
    answer = client.get(f"/api/{path.format(run=run_id)}")
    assert answer.status_code < 500, answer.text
    if path == "installation":
        assert answer.json()["disk"] == {"total": None, "free": None, "checkpoints": 0}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://me:s3cret@db.example:5433/opd?password=other", "db.example:5433/opd"),
        ("redis://:s3cret@cache:6379/0", "cache:6379/0"),
        ("sqlite:////data/opdboard.db", "/data/opdboard.db"),
    ],
)
def test_an_address_tells_no_secret(url: str, shown: str):
    assert _address(url) == shown


def test_facts_of_either_database(database: Database):
    facts = database.facts()
    assert facts.product in ("SQLite", "PostgreSQL")
    assert facts.version[0].isdecimal()
    assert facts.bytes is not None and facts.bytes > 0
