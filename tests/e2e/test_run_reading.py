"""What a run wrote: its samples at every step, beside other steps and runs, prompt by prompt; and its log, live."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from support.stored_runs import start

from e2e.conftest import Shown
from opdboard.db import logs

pytestmark = pytest.mark.timeout(600)

LINES = 1700  # of the log: more than three pages of 500


@pytest.fixture
def page(shown_page: Page) -> Page:
    return shown_page


def samples(shown: Shown, run: str, step: int) -> list[dict[str, Any]]:
    return shown.get(f"runs/{shown.ids[run]}/samples", step=step)["samples"]


def expect_sample(card: Locator, sample: dict[str, Any]) -> None:
    """The response as stored, token by token, and what was judged of it."""
    tokens = card.get_by_role("group").locator("span")
    expect(tokens).to_have_text(sample["tokens"])
    expect(card).to_contain_text("correct" if sample["correct"] else "wrong")
    kl = sum(sample["token_kl"]) / len(sample["token_kl"])
    shown = re.search(r"mean KL ([\d.]+)", card.inner_text())
    assert shown is not None
    assert float(shown[1]) == pytest.approx(kl, rel=6e-3)


def test_samples_are_scrubbed_and_stand_side_by_side(page: Page, shown: Shown) -> None:
    run, other = shown.ids["effopd"], shown.ids["reference"]
    page.goto(f"/runs/{run}?tab=samples")
    body = page.get_by_role("tabpanel")
    for sample in samples(shown, "effopd", 32):
        expect_sample(page.get_by_test_id(f"sample-{sample['index']}"), sample)
    slider = body.get_by_role("slider")
    slider.press("Home")
    expect(page).to_have_url(re.compile(r"[?&]sample=0"))
    expect(body.get_by_test_id("step-shown")).to_have_text("step 0")
    slider.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"[?&]sample=8"))
    at_8 = samples(shown, "effopd", 8)
    assert {sample["correct"] for sample in at_8} == {True, False}
    for sample in at_8:
        expect_sample(page.get_by_test_id(f"sample-{sample['index']}"), sample)
    page.get_by_test_id("sample-filter").get_by_text("Wrong").click()
    expect(body.get_by_role("article")).to_have_count(sum(not sample["correct"] for sample in at_8))
    page.get_by_test_id("sample-filter").get_by_text("All").click()

    page.get_by_test_id("samples-way").get_by_text("Steps").click()
    for step in (0, 16, 32):
        for sample in samples(shown, "effopd", step):
            expect_sample(page.get_by_test_id(f"sample-{step}-{sample['prompt_id']}"), sample)

    page.get_by_test_id("samples-way").get_by_text("Runs").click()
    page.get_by_test_id("choose-runs").click()
    page.get_by_role("option", name=f"OPD, lr 1e-5 ({other})").click()
    page.keyboard.press("Escape")
    for name in ("effopd", "reference"):
        for sample in samples(shown, name, 8):
            expect_sample(page.get_by_test_id(f"sample-{shown.ids[name]}-{sample['prompt_id']}"), sample)


def test_one_prompt_is_followed_over_the_training(page: Page, shown: Shown) -> None:
    page.goto(f"/runs/{shown.ids['effopd']}?tab=samples")
    followed = samples(shown, "effopd", 32)[1]
    page.get_by_test_id("sample-1").get_by_test_id("follow-prompt").click()
    history = page.get_by_test_id("prompt-history")
    expect(history.get_by_role("group", name="Prompt")).to_have_text(followed["prompt"])
    verdicts = []
    for step in (0, 8, 16, 24, 32):
        then = next(s for s in samples(shown, "effopd", step) if s["prompt_id"] == followed["prompt_id"])
        expect_sample(page.get_by_test_id(f"response-{step}"), then)
        verdicts.append(then["correct"])
    assert verdicts == [False, False, True, True, True]
    expect(page.get_by_test_id("prompt-curve")).to_contain_text("3 of 5 correct (60 %)")
    page.get_by_test_id("choose-prompt").click()
    page.get_by_role("option").nth(2).click()
    expect(history.get_by_role("group", name="Prompt")).not_to_have_text(followed["prompt"])


@pytest.fixture
def talking(shown: Shown) -> tuple[str, int]:
    """A running run with a long log, and its attempt."""
    run, attempt = start(shown.database, name="talking")
    lines = [f"line {number}" + (" warning: needle" if number in (40, 900) else "") for number in range(LINES)]
    with shown.database.write() as session:
        logs.append(session, run, attempt, lines)
    return run, attempt


def open_log(page: Page, run: str) -> Locator:
    """The log, whose end is in sight, with the end of the page."""
    page.goto(f"/runs/{run}?tab=logs")
    log = page.get_by_test_id("log")
    log.evaluate("(box) => box.scrollIntoView({ block: 'end' })")
    return log


def test_the_log_is_searched_and_read_page_by_page(page: Page, talking: tuple[str, int]) -> None:
    asked: list[int] = []
    page.on("request", lambda request: asked.extend(int(n) for n in re.findall(r"/logs\?offset=(\d+)", request.url)))
    log = open_log(page, talking[0])
    expect(log.get_by_text(f"line {LINES - 1}", exact=True)).to_be_in_viewport(ratio=1)
    assert set(asked) == {0, 1500}
    assert log.locator("[data-index]").count() < 150

    find = page.get_by_test_id("log-find")
    find.fill("NEEDLE")
    expect(page.get_by_test_id("log-matches")).to_have_text("1 of 2 lines")
    expect(log.get_by_text("line 40 warning")).to_be_in_viewport()
    expect(log.locator("mark")).to_have_text("needle")
    find.press("Enter")
    expect(page.get_by_test_id("log-matches")).to_have_text("2 of 2 lines")
    expect(log.get_by_text("line 900 warning")).to_be_in_viewport()
    expect(log.get_by_text("line 40 warning")).not_to_be_in_viewport()
    find.press("Enter")
    expect(log.get_by_text("line 40 warning")).to_be_in_viewport()
    assert set(asked) == {0, 500, 1500}  # and never 1000
    find.fill("nothing like it")
    expect(page.get_by_test_id("log-matches")).to_have_text("no line has this text")
    find.fill("")
    page.get_by_test_id("log-level").get_by_text("Warnings").click()
    expect(log.locator("[data-index]")).to_have_count(2)


def test_the_log_of_a_live_run_is_followed_until_the_reader_scrolls_up(
    page: Page, shown: Shown, talking: tuple[str, int]
) -> None:
    def say(line: str) -> None:
        with shown.database.write() as session:
            logs.append(session, *talking, [line])

    log = open_log(page, talking[0])
    expect(log.get_by_text(f"line {LINES - 1}", exact=True)).to_be_in_viewport(ratio=1)
    for number in range(5):
        say(f"news {number}")
        expect(log.get_by_text(f"news {number}", exact=True)).to_be_in_viewport(ratio=1)
    log.hover()
    page.mouse.wheel(0, -600)
    expect(page.get_by_test_id("log-follow")).not_to_be_checked()
    say("unseen news")
    expect(page.get_by_text(f"{LINES + 6:,} lines")).to_be_visible()
    expect(log.get_by_text("news 4", exact=True)).not_to_be_in_viewport()
    page.get_by_test_id("log-to-end").click()
    expect(log.get_by_text("unseen news")).to_be_in_viewport()
    say("the last word")
    expect(log.get_by_text("the last word")).to_be_in_viewport()
