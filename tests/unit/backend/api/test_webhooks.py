"""Alerts sent to a real local server: what arrives, when it is tried again, and that two senders send once."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from fastapi.testclient import TestClient
from support.stored_runs import move, record, start
from typing_extensions import override

from opdboard.api.webhooks import sender
from opdboard.api.webhooks.endpoints import shortened
from opdboard.db import alert_rules, webhooks
from opdboard.db.database import Database
from opdboard.domain.measures import scalar
from opdboard.domain.run_state import RunState


class Receiver:
    """A server that keeps what it is sent and answers as told: one status after the other, the last one for good."""

    def __init__(self) -> None:
        self.received: list[dict] = []
        self.statuses = [200]
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.received.append(json.loads(body))
                status = receiver.statuses.pop(0) if len(receiver.statuses) > 1 else receiver.statuses[0]
                self.send_response(status)
                if status == 302:
                    self.send_header("location", f"{receiver.url}/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            @override
            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/services/secret-token"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    opened = Receiver()
    yield opened
    opened.close()


def raise_alert(database: Database, url: str) -> tuple[str, int]:
    """An alert that waits to be sent; its run, and its webhook."""
    with database.write() as session:
        webhook_id = webhooks.create(session, url).id
        alert_rules.create(
            session, name="too much", scope="scalar", measure="loss", comparison=">", threshold=2.0, steps=1,
            severity="critical", runs="", enabled=True,
        )  # fmt: skip
    run_id, attempt = start(database, name="first")
    record(database, run_id, attempt, 1, {"loss": 3.0})
    return run_id, webhook_id


def send_due(database: Database, senders: int = 1) -> None:
    """What so many web processes do at one time."""

    async def story() -> None:
        async with sender.open_client() as client:
            each = [sender.Sender(database, "https://opd.example/").send_due(client) for _ in range(senders)]
            await asyncio.gather(*each)

    asyncio.run(story())


def make_due(database: Database) -> None:
    with database.write() as session:
        for row in session.query(webhooks.WebhookDelivery).where(webhooks.WebhookDelivery.due_at.is_not(None)):
            row.due_at = 0.0


def test_what_arrives_can_be_read_by_people_and_programs(sqlite_database: Database, receiver: Receiver):
    run_id, webhook_id = raise_alert(sqlite_database, receiver.url)
    send_due(sqlite_database)
    (body,) = receiver.received
    link = f"https://opd.example/runs/{run_id}?tab=health&module_allocation.step=1"
    assert body["text"] == f"[critical] too much in run “first” at step 1. loss is 3; the rule is loss > 2. {link}"
    assert body["alert"] == body["alert"] | {
        "run": run_id, "run_name": "first", "step": 1, "kind": "rule", "severity": "critical", "measure": "loss",
        "value": 3.0, "module": None, "url": link,
    }  # fmt: skip
    with sqlite_database.read() as session:
        state = webhooks.counts(session, webhook_id)
    assert (state.waiting, state.delivered, state.given_up, state.last_error) == (0, 1, 0, None)


def test_a_finished_run_is_told_where_that_is_wanted(sqlite_database: Database, receiver: Receiver):
    with sqlite_database.write() as session:
        webhooks.create(session, receiver.url)
        webhooks.tell_finished(session, webhooks.create(session, f"{receiver.url}/alerts-only").id, finished=False)
    run_id, attempt = start(sqlite_database, name="first")
    record(sqlite_database, run_id, attempt, 100, {"eval/reverse_kl": 0.25, "loss": 2.5})
    move(sqlite_database, run_id, RunState.FINISHED)
    stopped, _ = start(sqlite_database, name="second")
    move(sqlite_database, stopped, RunState.STOPPING)
    move(sqlite_database, stopped, RunState.STOPPED)
    send_due(sqlite_database)
    (body,) = receiver.received
    link = f"https://opd.example/runs/{run_id}"
    assert body["text"] == f"Run “first” finished at step 100: {scalar('eval/reverse_kl').title} 0.25. {link}"
    assert body["alert"] is None
    told = body["finished"]
    assert (told["run"], told["run_name"], told["step"], told["url"]) == (run_id, "first", 100, link)
    assert told["latest"] == {"eval/reverse_kl": 0.25, "loss": 2.5}


def test_two_senders_send_once(database: Database, receiver: Receiver):
    raise_alert(database, receiver.url)
    send_due(database, senders=2)
    send_due(database, senders=2)
    assert len(receiver.received) == 1


def test_a_refused_delivery_is_tried_again_later(sqlite_database: Database, receiver: Receiver):
    receiver.statuses = [500, 200]
    _, webhook_id = raise_alert(sqlite_database, receiver.url)
    send_due(sqlite_database)
    send_due(sqlite_database)
    assert len(receiver.received) == 1, "not before its time"
    with sqlite_database.read() as session:
        assert webhooks.counts(session, webhook_id).last_error == "it answered 500 Internal Server Error"
    make_due(sqlite_database)
    send_due(sqlite_database)
    with sqlite_database.read() as session:
        state = webhooks.counts(session, webhook_id)
    assert (len(receiver.received), state.delivered, state.last_error) == (2, 1, None)


def test_a_delivery_that_never_arrives_is_given_up(
    sqlite_database: Database, receiver: Receiver, caplog: pytest.LogCaptureFixture
):
    receiver.statuses = [302]
    _, webhook_id = raise_alert(sqlite_database, receiver.url)
    for _ in range(webhooks.MOST_ATTEMPTS + 2):
        make_due(sqlite_database)
        send_due(sqlite_database)
    with sqlite_database.read() as session:
        state = webhooks.counts(session, webhook_id)
    assert (state.waiting, state.given_up) == (0, 1)
    assert state.last_error == "it answered 302, a redirect, which is not followed"
    assert "secret-token" not in caplog.text


def test_a_webhook_is_kept_tried_and_removed(client: TestClient, receiver: Receiver):
    made = client.post("/api/webhooks", json={"url": receiver.url})
    assert made.status_code == 201
    assert "secret" not in made.text
    assert client.post("/api/webhooks/1/test").json() == {"delivered": True, "error": None}
    assert receiver.received == [{"text": receiver.received[0]["text"], "alert": None, "finished": None}]
    receiver.statuses = [404]
    assert client.post("/api/webhooks/1/test").json() == {"delivered": False, "error": "it answered 404 Not Found"}
    receiver.close()
    assert client.post("/api/webhooks/1/test").json()["error"] == "the address cannot be reached"
    assert client.patch("/api/webhooks/1", json={"enabled": False}).json()["enabled"] is False
    assert [(webhook["enabled"], webhook["finished"]) for webhook in client.get("/api/webhooks").json()] == [
        (False, True)
    ]
    assert client.patch("/api/webhooks/1", json={"finished": False}).json()["finished"] is False
    assert client.delete("/api/webhooks/1").status_code == 204
    assert client.post("/api/webhooks/1/test").status_code == 404


@pytest.mark.parametrize("url", ["ftp://host/x", "file:///etc/passwd", "https://", "not an address", "//host/path/x"])
def test_other_addresses_are_refused(client: TestClient, url: str):
    assert client.post("/api/webhooks", json={"url": url}).status_code == 422


def test_an_address_is_shown_without_its_secret():
    assert shortened("https://hooks.slack.com/services/T000/B000/abcdWXYZ") == "https://hooks.slack.com/…WXYZ"
    assert shortened("http://user:pass@127.0.0.1:9/hook?key=1") == "http://127.0.0.1:9/hook?…"
