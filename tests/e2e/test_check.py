"""A pair is checked from the form before it is launched; a run shows on a tab what its two sides read."""

import re

import pytest
from playwright.sync_api import Page, expect

from e2e.axe import assert_accessible
from e2e.conftest import Server, demo_config

pytestmark = pytest.mark.timeout(600)


def test_the_form_shows_what_a_worker_found_before_anything_is_launched(page: Page, server: Server) -> None:
    before = server.get("runs")["total"]
    page.goto("/launch?preset=demo-effopd&all=1")
    page.get_by_test_id("check-submit").click()
    expect(page.get_by_test_id("check-traps")).to_have_text("None of the known traps was found.", timeout=120_000)
    expect(page.get_by_test_id("check-card")).to_contain_text(re.compile(r"0\.\d+ nats/token from the teacher"))
    assert_accessible(page)
    page.get_by_test_id("check-open").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_test_id("check-prompt-1")).to_contain_text("Both sides read 9 tokens")
    expect(dialog.get_by_test_id("check-distance")).to_contain_text("nats/token")
    page.keyboard.press("Escape")
    page.locator("#root_seed").fill("7")
    expect(page.get_by_test_id("check-card")).to_contain_text("Of the values before your last change.")
    assert server.get("runs")["total"] == before


def test_what_cannot_be_used_is_said_at_its_field(page: Page) -> None:
    page.goto("/launch?preset=demo-effopd&all=1")
    page.get_by_test_id("launch-view").get_by_text("YAML").click()
    page.get_by_test_id("yaml-text").fill(
        "student: {kind: folder, path: /nowhere/model}\n"
        "teacher: {kind: model, source: {kind: folder, path: /nowhere/model}}\n"
        "data: {kind: file, path: /nowhere/data.jsonl}\n"
    )
    page.get_by_test_id("launch-view").get_by_text("Form").click()
    page.get_by_test_id("check-submit").click()
    told = page.locator("#root_student_path-error")
    expect(told).to_contain_text("There is no folder /nowhere/model on this worker", timeout=120_000)
    expect(page.get_by_test_id("error-summary")).to_contain_text("There is no folder /nowhere/model")


def test_a_run_shows_what_its_sides_read(page: Page, server: Server) -> None:
    run_id = server.create(demo_config(2))
    server.wait_for(run_id, states=("finished",))
    page.goto(f"/runs/{run_id}?tab=read")
    body = page.get_by_test_id("check")
    expect(body.get_by_role("heading", name="The first 3 prompts, token by token")).to_be_visible()
    found = server.get(f"runs/{run_id}/check")
    first = found["prompts"][0]["student"]["texts"]
    expect(body.get_by_test_id("check-prompt-1").locator("span")).to_have_text(first)
    told = f"{found['responses'][0]['student_logp'][0]:.2g}".replace("-", "−")
    expect(body.get_by_role("list", name="Tokens with log-probabilities").first).to_contain_text(told)
    assert_accessible(page)
    page.goto(f"/runs/{run_id}?tab=config")
    expect(page.get_by_test_id("made-with")).to_contain_text("torch")
