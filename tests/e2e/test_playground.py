"""Base, trained checkpoint and a refused candidate answer side by side, go on from their answers, and are kept in the notes."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.talking import store_run, write_models

from e2e.axe import assert_accessible
from e2e.conftest import Server
from opdboard.db.database import Database
from opdboard.settings import Settings

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def run_id(server: Server, tmp_path: Path) -> str:
    """A run that nobody trains any more."""
    data = server.stack.data_dir
    database = Database(Settings(data_dir=data).sql_url)
    folders = write_models(tmp_path)
    with database.write() as session:
        stored = store_run(session, data, folders)
    database.close()
    return stored


def test_weights_are_asked_side_by_side(page: Page, server: Server, run_id: str) -> None:
    page.goto(f"/runs/{run_id}?tab=decisions&decision=2")
    page.get_by_test_id("talk-2:3").click()
    expect(page).to_have_url(re.compile(r"tab=playground&voices=base,2:3"))
    page.get_by_test_id("voices").click()
    page.get_by_role("option", name="step 2", exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_test_id("prompt").fill("How are you?")
    page.get_by_test_id("max-tokens").fill("12")
    page.get_by_test_id("ask").click()

    talk = page.get_by_test_id("talk-1")
    expect(talk).to_have_attribute("data-done", "true", timeout=120_000)
    expect(page).to_have_url(re.compile(r"voices=base,2:3,2.*ask=How\+are\+you"))
    voices = ["base", "2:3", "2"]
    (asked,) = server.get(f"playgrounds/{server.get(f'runs/{run_id}/playground')['id']}/talk")["questions"]
    assert [voice["kind"] for voice in asked["question"]["voices"]] == ["base", "candidate", "checkpoint"]
    for voice in voices:
        answer = page.get_by_test_id(f"answer-1-1-{voice}")
        expect(answer.get_by_role("group").locator("span").first).to_have_attribute("title", re.compile("KL .*, "))
        expect(answer).to_contain_text(re.compile(r"\d+ tokens, mean KL"))
    page.get_by_test_id("as-read").click()
    expect(page.get_by_test_id("answer-1-1-base")).to_contain_text("Both sides read")
    expect(page.get_by_test_id("answer-1-1-base").get_by_test_id("check-prompt-1")).to_contain_text("B")
    assert_accessible(page)
    page.locator("label", has_text="As read").click()

    page.get_by_test_id("against-1").click()
    page.get_by_role("option", name="Against base").click()
    expect(page).to_have_url(re.compile("against=base"))
    expect(talk).to_contain_text("(base likes it more: green)")
    coloured = page.get_by_test_id("answer-1-1-2").get_by_role("group").locator("span[style*=rgba]")
    expect(coloured.first).to_be_visible()

    page.get_by_test_id("follow-1").fill("And now?")
    page.get_by_test_id("go-on-1").click()
    expect(page.get_by_test_id("turn-1-2")).to_be_visible()
    expect(talk).to_have_attribute("data-done", "true", timeout=60_000)
    page.get_by_test_id("keep-1").click()
    expect(page.get_by_role("status").filter(has_text="The talk stands in the notes")).to_be_visible()
    notes = server.get(f"runs/{run_id}")["notes"]
    assert "> How are you?" in notes and "step 2 + 3 D: " in notes

    page.get_by_role("button", name="Let go of the models").click()
    expect(page.get_by_test_id("playground-state")).to_contain_text("The models were let go of", timeout=60_000)
    expect(page.get_by_test_id("go-on-1")).to_be_disabled()
