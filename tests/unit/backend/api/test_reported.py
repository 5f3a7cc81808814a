"""Runs of other trainers: begun, written and ended over HTTP, fenced, never doubled, and left alone by workers."""

import base64
import math
import time
from contextlib import suppress

import numpy as np
import pytest
from fastapi.testclient import TestClient
from support.stored_runs import start

from opdboard.client import Client, RequestRefused, ServerNotReached
from opdboard.db import runs, series
from opdboard.db.database import Database
from opdboard.domain.errors import BadInput
from opdboard.lifecycle import reporting
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
        assert runs.held(session) == []
        assert runs.waiting(session, time.time() + 1e6) == []
    assert client.post(f"/api/runs/{run_id}/commands", json={"command": "pause"}).status_code == 409
    run = client.get(f"/api/runs/{run_id}").json()
    assert (run["commands"], run["possible"]) == (["stop"], ["stop"])
    assert client.post(f"/api/runs/{run_id}/commands", json={"command": "stop"}).json()["ok"] is True
    assert client.get(f"/api/runs/{run_id}").json()["possible"] == []
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


def test_a_reporter_loses_and_doubles_nothing_over_a_broken_line(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("opdboard.reporter.FIRST_WAIT_SECONDS", 0.01)
    run_id = begin(client)
    line = Line(client, run_id)
    line.broken = ["before", "after", "after", "before"]
    with Reporter(run_id, 1, line) as reporter:
        for step in range(1, 1203):
            reporter.log(step, {"loss": math.nan if step == 5 else 1.0 / step, "rate": 0.1})
        reporter.log(1202, {"loss": 1.0})
    assert "'loss' at step 1202 was not reported" in caplog.text
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


def test_what_waited_through_an_outage_arrives_in_requests_that_the_server_takes(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("opdboard.reporter.FIRST_WAIT_SECONDS", 0.01)
    run_id = begin(client, modules=MODULES)
    line = Line(client, run_id)
    line.broken = ["before"] * 3
    with Reporter(run_id, 1, line) as reporter:
        for step in range(810):
            reporter.log(step, {f"k{key}": step for key in range(3)})
            for statistic in ("update_norm", "grad_norm", "norm_share"):
                reporter.log_modules(step, statistic, np.array([step, 1.0]))
    for key in range(3):
        stored = client.get(f"/api/runs/{run_id}/series?keys=k{key}").json()["series"]
        assert decoded(stored[f"k{key}"]["steps"]).tolist() == list(range(810))
    for statistic in ("update_norm", "grad_norm", "norm_share"):
        assert client.get(f"/api/runs/{run_id}/statistics/{statistic}").json()["steps"] == list(range(810))


def test_more_keys_than_a_request_takes_arrive_too(client: TestClient):
    run_id = begin(client)
    with Reporter(run_id, 1, Line(client, run_id)) as reporter:
        reporter.log(1, {f"k{key}": key for key in range(4500)})
    assert len(client.get(f"/api/runs/{run_id}").json()["latest"]) == 4500


def test_what_the_server_refuses_costs_itself_alone(client: TestClient, caplog: pytest.LogCaptureFixture):
    run_id = begin(client, modules=MODULES)
    send(client, run_id, loss(5))
    with Reporter(run_id, 1, Line(client, run_id)) as reporter:  # which does not know of step 5
        for step in range(1, 40):
            reporter.log(step, {"loss": 1.0, "other": step})
        reporter.log_modules(1, "nonsense", [1, 2])
        reporter.log_modules(1, "grad_norm", [1, 2, 3])
        reporter.log_modules(1, "update_norm", [1, 2])
    stored = client.get(f"/api/runs/{run_id}/series").json()["series"]
    assert decoded(stored["loss"]["steps"]).tolist() == list(range(5, 40))
    assert decoded(stored["other"]["steps"]).tolist() == list(range(1, 40))
    assert client.get(f"/api/runs/{run_id}/statistics/update_norm").json()["steps"] == [1]
    refused = [line for line in caplog.messages if "was refused" in line]
    assert [name in line for name, line in zip(("loss", "nonsense", "grad_norm"), refused, strict=True)] == [True] * 3


def test_a_silent_run_is_failed_with_an_alert_and_goes_on_when_it_is_heard_again(
    client: TestClient, sqlite_database: Database
):
    run_id = begin(client)
    send(client, run_id, loss(1, 2))
    with sqlite_database.write() as session:
        assert reporting.fail_silent(session, time.time() - 60) == []
        assert [run.id for run in reporting.fail_silent(session, time.time() + 1)] == [run_id]
    run = client.get(f"/api/runs/{run_id}").json()
    assert (run["state"], run["error"]["error"]) == ("failed", "ReporterLost")
    (alert,) = client.get(f"/api/alerts?run={run_id}").json()["alerts"]
    assert (alert["cleared_step"], alert["step"], alert["run_ended"]) == (2, 2, True)
    assert send(client, run_id, loss(3), attempt=2).status_code == 409
    assert send(client, run_id, loss(2, 3)).json()["added"] == 1
    run = client.get(f"/api/runs/{run_id}").json()
    assert (run["state"], run["error"], run["step"], run["attempt"]) == ("running", None, 3, 1)
    assert client.get(f"/api/alerts?run={run_id}").json()["alerts"][0]["run_ended"] is False
    attempt = client.get(f"/api/runs/{run_id}/history").json()["attempts"][0]
    assert (attempt["ended_at"], attempt["outcome"]) == (None, None)


@pytest.fixture
def there(client: TestClient) -> Client:
    """The client of a trainer, whose requests the application answers."""
    made = Client()
    made._http = TestClient(client.app, base_url=f"{client.base_url}/api")  # pyright: ignore[reportAttributeAccessIssue]
    return made


def test_a_client_goes_on_with_a_run_after_a_crash(client: TestClient, there: Client):
    with suppress(ZeroDivisionError), there.report("theirs", total_steps=9) as run:
        for step in range(1, 7):
            run.log(step, {"loss": step})
        raise ZeroDivisionError
    with there.report("theirs", total_steps=9, resume=run.run_id, step=4) as again:
        for step in range(4, 10):  # step 4 is stored: passed over
            again.log(step, {"loss": 10 * step})
    stored = client.get(f"/api/runs/{run.run_id}/series").json()["series"]["loss"]
    assert decoded(stored["values"]).tolist() == [1, 2, 3, 4, 50, 60, 70, 80, 90]
    found = client.get(f"/api/runs/{run.run_id}").json()
    assert (again.run_id, found["state"], found["attempt"]) == (run.run_id, "finished", 2)


def test_what_never_reached_the_server_is_kept_and_can_be_sent_later(
    client: TestClient, there: Client, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path, caplog
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("opdboard.reporter.PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr("opdboard.reporter.FIRST_WAIT_SECONDS", 0.01)
    run_id = begin(client, modules=MODULES)
    line = Line(client, run_id)
    line.broken = ["before"] * 1000
    with Reporter(run_id, 1, line) as reporter:
        reporter.log(1, {"loss": math.nan})
        reporter.log_modules(1, "update_norm", [1, 2])
    (file,) = tmp_path.glob("*.jsonl")
    assert f"2 points and the run's end have not reached the server; they are kept in {file}" in caplog.text
    with sqlite_database.write() as session:  # meanwhile it was given up
        reporting.fail_silent(session, time.time() + 1)
    there.deliver(file)
    run = client.get(f"/api/runs/{run_id}").json()
    assert (run["state"], run["step"], "loss" in run["latest"]) == ("finished", 1, True)


def test_on_other_ranks_a_report_is_silent(client: TestClient, there: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RANK", "3")
    with there.report("theirs", total_steps=9) as run:
        run.log(1, {"loss": 1})
    assert (run.stopped, client.get("/api/runs").json()["total"]) == (False, 0)


def test_a_report_begins_with_what_can_be_stored(there: Client):
    with pytest.raises(BadInput, match=r"config.optimizer.beta: nan"):
        there.report("theirs", total_steps=9, config={"optimizer": {"beta": math.nan}})
