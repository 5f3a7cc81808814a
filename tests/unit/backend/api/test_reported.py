"""Runs of other trainers: begun, written and ended over HTTP, fenced, never doubled, and left alone by workers."""

import base64
import math
import time
from contextlib import suppress

import numpy as np
import pytest
from fastapi.testclient import TestClient
from support.stored_runs import start

from opdboard.client import RequestRefused, ServerNotReached
from opdboard.db import runs, series
from opdboard.db.database import Database
from opdboard.reporter import Reporter


def decoded(array: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(array["bdata"]), f"<{array['dtype']}")


MODULES = [{"name": f"model.layers.{layer}.mlp.up_proj.weight", "shape": [4, 4]} for layer in range(2)]


def begin(client: TestClient, **about) -> str:
    body = {"name": "theirs", "method": "trl-gkd", "total_steps": 100, "config": {"learning_rate": 1e-4, "x": {"y": 1}}}
    answer = client.post("/api/reported-runs", json=body | about)
    assert answer.status_code == 201, answer.text
    assert answer.json()["attempt"] == 1
    return answer.json()["run_id"]


def send(client: TestClient, run_id: str, columns: dict, attempt: int = 1, **more):
    return client.post(f"/api/runs/{run_id}/points", json={"attempt": attempt, "series": columns} | more)


def loss(*steps: int, **changed: float) -> dict:
    return {"loss": {"steps": list(steps), "values": [changed.get(f"at{step}", 1.0 / (step + 1)) for step in steps]}}


def test_a_reported_run_is_running_with_its_points_and_its_own_configuration(client: TestClient):
    run_id = begin(client, tags=["trl"], group="g", modules=MODULES)
    columns = {"loss": {"steps": [1, 2, 3], "values": [1.5, None, "Infinity"], "times": [10.0, 11.0, 12.0]}}
    vectors = [{"statistic": "update_norm", "step": 2, "values": [0.5, None]}]
    assert send(client, run_id, columns, vectors=vectors).json() == {"seq": 3, "added": 4, "repeated": 0}
    run = client.get(f"/api/runs/{run_id}").json()
    assert (run["kind"], run["state"], run["step"], run["learning_rate"]) == ("reported", "running", 3, 1e-4)
    assert (run["config"], run["reported_config"]["x"]) == (None, {"y": 1})
    stored = client.get(f"/api/runs/{run_id}/series?keys=loss").json()["series"]["loss"]
    np.testing.assert_array_equal(decoded(stored["values"]), [1.5, math.nan, math.inf])
    assert decoded(stored["times"]).tolist() == [10.0, 11.0, 12.0]
    drawn = client.get(f"/api/panels/module_allocation?runs={run_id}&scale=linear").json()["figure"]["data"]
    assert 0.5 in decoded(next(trace for trace in drawn if trace["uid"] == f"{run_id}:mlp")["z"])
    assert client.get(f"/api/panels/position?runs={run_id}").status_code == 200


def test_a_report_sent_again_is_stored_once_and_a_contradiction_is_refused_as_a_whole(client: TestClient):
    run_id = begin(client, modules=MODULES)
    vector = {"statistic": "grad_norm", "step": 3, "values": [1, 2]}
    assert send(client, run_id, loss(1, 3), vectors=[vector]).json()["added"] == 3
    assert send(client, run_id, loss(1, 3, 4), vectors=[vector]).json() == {"seq": 4, "added": 1, "repeated": 3}
    for wrong in (loss(2, 5), loss(3, 5, at3=7.0)):
        answer = send(client, run_id, wrong)
        assert (answer.status_code, answer.json()["where"]) == (409, "loss")
    assert send(client, run_id, {}, vectors=[vector | {"values": [1, 3]}]).status_code == 409
    assert decoded(client.get(f"/api/runs/{run_id}/series").json()["series"]["loss"]["steps"]).tolist() == [1, 3, 4]


@pytest.mark.parametrize(
    ("columns", "more", "where"),
    [
        ({"loss": {"steps": [2, 1], "values": [1, 1]}}, {}, "series.loss"),
        ({"loss": {"steps": [1], "values": [1, 1]}}, {}, "series.loss"),
        ({"a,b": {"steps": [1], "values": [1]}}, {}, "series.a,b"),
        ({}, {"vectors": [{"statistic": "nonsense", "step": 1, "values": []}]}, "vectors.0.statistic"),
        ({}, {"vectors": [{"statistic": "grad_norm", "step": 1, "values": [1]}]}, "vectors.0.values"),
    ],
)
def test_malformed_reports_are_refused_at_the_field(client: TestClient, columns: dict, more: dict, where: str):
    answer = send(client, begin(client, modules=MODULES), columns, **more)
    assert answer.status_code == 422
    assert answer.json()["where"].startswith(where)


def test_a_new_attempt_fences_the_old_one_and_drops_what_it_will_report_again(client: TestClient):
    run_id = begin(client)
    send(client, run_id, loss(*range(1, 301)))
    assert client.post(f"/api/runs/{run_id}/attempts", json={"step": 280}).json() == {"run_id": run_id, "attempt": 2}
    stale = send(client, run_id, loss(301))
    assert (stale.status_code, stale.json()["error"]) == (409, "StaleAttempt")
    send(client, run_id, loss(281, 282), attempt=2)
    steps = decoded(client.get(f"/api/runs/{run_id}/series").json()["series"]["loss"]["steps"])
    assert steps.tolist() == list(range(1, 283))
    assert (
        client.post(f"/api/runs/{run_id}/end", json={"attempt": 2, "state": "failed", "detail": "boom"}).status_code
        == 204
    )
    assert client.get(f"/api/runs/{run_id}").json()["error"]["detail"] == "boom"


def test_workers_leave_reported_runs_alone_and_users_can_only_stop_them(client: TestClient, sqlite_database: Database):
    run_id = begin(client)
    with sqlite_database.read() as session:
        assert runs.silent_since(session, time.time() + 1e6) == []
        assert runs.waiting(session, time.time() + 1e6) == []
    assert client.post(f"/api/runs/{run_id}/commands", json={"command": "pause"}).status_code == 409
    assert client.post(f"/api/runs/{run_id}/clone", json={}).status_code == 409
    assert client.post(f"/api/runs/{run_id}/commands", json={"command": "stop"}).json()["ok"] is True
    assert send(client, run_id, loss(9)).json()["error"] == "StaleAttempt"
    assert client.post(f"/api/runs/{run_id}/commands", json={"command": "resume"}).status_code == 409
    assert client.delete(f"/api/runs/{run_id}").status_code == 204


def test_nobody_reports_a_run_of_a_worker(client: TestClient, sqlite_database: Database):
    run_id, attempt = start(sqlite_database)
    assert send(client, run_id, loss(1), attempt=attempt).json()["error"] == "Conflict"
    assert client.post(f"/api/runs/{run_id}/attempts", json={}).json()["error"] == "Conflict"


class Line:
    """A connection that breaks when told to, after or before the server has the request."""

    def __init__(self, client: TestClient, run_id: str) -> None:
        self.broken: list[str] = []
        self._client, self._run_id = client, run_id

    def __call__(self, path: str, body: dict) -> None:
        fault = self.broken.pop(0) if self.broken and path == "points" else ""
        if fault == "before":
            raise ServerNotReached("nobody answers")
        answer = self._client.post(f"/api/runs/{self._run_id}/{path}", json=body)
        if fault == "after":
            raise ServerNotReached("the connection broke")
        if answer.is_error:
            raise RequestRefused(answer.status_code, answer.json())


def test_a_reporter_loses_and_doubles_nothing_over_a_broken_line(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("opdboard.reporter.FIRST_WAIT_SECONDS", 0.01)
    run_id = begin(client)
    line = Line(client, run_id)
    line.broken = ["before", "after", "after", "before"]
    with Reporter(run_id, 1, line) as reporter:
        for step in range(1, 1203):
            reporter.log(step, {"loss": math.nan if step == 5 else 1.0 / step, "rate": 0.1})
        with pytest.raises(ValueError, match="too late"):
            reporter.log(1202, {"loss": 1.0})
    stored = client.get(f"/api/runs/{run_id}/series").json()["series"]
    assert decoded(stored["loss"]["steps"]).tolist() == list(range(1, 1203))
    assert client.get(f"/api/runs/{run_id}").json()["state"] == "finished"


def test_a_reporter_says_how_training_ended_and_hears_of_a_stop(client: TestClient, sqlite_database: Database):
    failed, stopped = begin(client), begin(client)
    with suppress(ZeroDivisionError), Reporter(failed, 1, Line(client, failed)) as reporter:
        reporter.log(1, {"loss": 1.0})
        raise ZeroDivisionError("no")
    run = client.get(f"/api/runs/{failed}").json()
    assert (run["state"], run["error"]["detail"], run["step"]) == ("failed", "ZeroDivisionError: no", 1)
    client.post(f"/api/runs/{stopped}/commands", json={"command": "stop"})
    reporter = Reporter(stopped, 1, Line(client, stopped))
    reporter.log(1, {"loss": 1.0})
    reporter.close()
    assert reporter.stopped
    with sqlite_database.read() as session:
        assert series.scalar_keys(session, [stopped]) == []
        assert runs.get(session, stopped).state == "stopped"
