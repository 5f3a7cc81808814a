"""A rule made in the page is tripped by a live run: the alert appears, leads to its module and step, and is sent on."""

import json
import queue
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from playwright.sync_api import Page, expect
from typing_extensions import override

from e2e.axe import assert_accessible
from e2e.conftest import Server, demo_config

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def receiver() -> Iterator[tuple[str, "queue.Queue[dict]"]]:
    """The address of a local web server, and what is posted to it."""
    received: queue.Queue[dict] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", received
    server.shutdown()
    server.server_close()


def add_rule(page: Page, name: str, measure: str, threshold: str, *, module: bool = False) -> None:
    """Through the form."""
    page.get_by_test_id("rule-add").click()
    form = page.get_by_test_id("rule-form")
    form.get_by_label("Name").fill(name)
    if module:
        page.get_by_test_id("rule-scope").click()
        page.get_by_role("option", name="a statistic of every module").click()
    page.get_by_test_id("rule-measure").fill(measure)
    if module:
        page.get_by_role("option", name=measure, exact=True).click()
    form.get_by_label("Threshold").fill(threshold)
    form.get_by_label("On runs").fill("watched run")
    page.get_by_test_id("rule-keep").click()
    expect(form).to_be_hidden()
    expect(page.get_by_test_id("rule-table")).to_contain_text(name)


def test_a_rule_made_in_the_page_watches_a_live_run(page: Page, server: Server, receiver) -> None:
    address, received = receiver
    page.goto("/alerts?section=webhooks")
    page.get_by_test_id("webhook-url").fill(address)
    page.get_by_test_id("webhook-add").click()
    page.get_by_role("button", name="Send a test").click()
    assert received.get(timeout=30)["alert"] is None
    assert_accessible(page)

    page.goto("/alerts?section=rules")
    add_rule(page, "Trained enough", "tokens", "100")
    add_rule(page, "Any module moved", "update_norm", "0", module=True)
    expect(page.get_by_test_id("rule-table")).to_contain_text("update_norm of any module > 0")
    assert_accessible(page)

    run_id = server.create(demo_config(12, name="a watched run"))
    page.goto(f"/runs/{run_id}?tab=health")
    expect(page.get_by_test_id("alert-badge")).to_contain_text("alert")
    alerts = page.get_by_test_id("run-alerts")
    expect(alerts).to_contain_text("Trained enough")
    expect(alerts).to_contain_text("Any module moved")
    server.wait_for(run_id, states=("finished",))
    page.get_by_test_id("panel-health-kl").scroll_into_view_if_needed()
    page.wait_for_function(
        """() => document.querySelector('[data-testid="panel-health-kl"] .js-plotly-plot')?._fullData
          .some((trace) => trace.uid.endsWith('alerts') && trace.x.length > 0)"""
    )
    assert_accessible(page)

    stored = server.get("alerts", run=run_id)["alerts"]
    by_title = {alert["title"]: alert for alert in stored}
    moved = by_title["Any module moved"]
    assert moved["others"] == 41
    sent = [received.get(timeout=30)["alert"]["title"] for _ in stored]
    assert sorted(sent) == sorted(alert["title"] for alert in stored)
    assert received.get(timeout=30)["finished"]["run"] == run_id

    page.goto("/alerts")
    expect(page.get_by_test_id("unseen-alerts")).to_be_visible()
    assert_accessible(page)
    page.get_by_test_id(f"alert-link-{moved['id']}").click()
    page.wait_for_url(re.compile(rf"/runs/{run_id}\?"))
    assert f"module={moved['module']}" in page.url
    expect(page.get_by_test_id("panel-module_allocation").get_by_test_id("step-shown")).to_have_text(f"step {moved['step']}")  # fmt: skip
    page.wait_for_selector('[data-testid="panel-module_history"] .js-plotly-plot .main-svg')

    page.goto("/alerts")
    page.get_by_test_id(f"alert-seen-{moved['id']}").click()
    expect(page.get_by_test_id(f"alert-{moved['id']}")).to_have_attribute("data-seen", "true")
    page.get_by_test_id("all-seen").click()
    expect(page.get_by_test_id("unseen-alerts")).to_be_hidden()
    page.get_by_label("Not seen yet").check()
    expect(page.get_by_text("No alert matches")).to_be_visible()

    page.goto("/alerts?section=rules")
    for name in ("Trained enough", "Any module moved"):
        page.get_by_role("button", name=f"Delete: {name}").click()
        page.get_by_role("button", name="Delete the rule", exact=True).click()
        expect(page.get_by_role("button", name=f"Delete: {name}")).to_be_hidden()
    page.goto("/alerts?section=webhooks")
    expect(page.get_by_text(f"{len(stored) + 1} delivered"), "with that of the run's end").to_be_visible()
    page.get_by_role("button", name=re.compile("^Remove ")).click()
    expect(page.get_by_text("Alerts are shown here only")).to_be_visible()


def test_a_new_alert_is_told_on_the_page_of_its_run(page: Page, server: Server) -> None:
    run_id = server.create(demo_config(30, name="told"))
    page.goto(f"/runs/{run_id}")
    expect(page.get_by_test_id("run-name")).to_have_text("told")
    server.wait_for(run_id, step=1)
    rule = {
        "name": "Later on",
        "scope": "scalar",
        "measure": "tokens",
        "comparison": ">",
        "threshold": 0,
        "runs": "told",
    }
    made = httpx.post(f"{server.url}/api/alert-rules", json=rule, timeout=30).raise_for_status().json()
    expect(page.get_by_role("status").filter(has_text="Later on at step")).to_be_visible()
    expect(page.get_by_test_id("alert-badge")).to_contain_text("1 alert")
    httpx.delete(f"{server.url}/api/alert-rules/{made['id']}", timeout=30).raise_for_status()
    server.wait_for(run_id, states=("finished",))
