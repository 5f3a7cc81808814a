"""Home, the command palette and the shortcuts; two tabs that follow one run; a server that goes away and comes back."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect
from support.commands import LongCommand, clean_environment

from e2e.axe import assert_accessible
from e2e.conftest import Server, demo_config
from opdboard.domain.data import FileData
from opdboard.domain.model_sources import GgufModel
from opdboard.domain.teachers import PrivilegedTeacher

pytestmark = pytest.mark.timeout(600)

LongRun = Callable[[int], str]


def last_step(page: Page) -> int:
    """The newest step that the first sparkline draws."""
    return int(page.get_by_test_id("sparkline").first.get_attribute("data-last") or -1)


def wait_for_later_step(page: Page, step: int) -> None:
    """Until a sparkline draws a step beyond this one."""
    page.wait_for_function(
        "(step) => Number(document.querySelector('[data-testid=sparkline]')?.dataset.last ?? -1) > step", arg=step
    )


def test_home_shows_what_runs_what_waits_and_what_failed(page: Page, server: Server, long_run: LongRun) -> None:
    missing = Path("/nowhere")
    broken = demo_config(
        8,
        name="broken",
        student=GgufModel(path=str(missing / "model.gguf")),
        teacher=PrivilegedTeacher(),
        data=FileData(path=str(missing / "problems.jsonl")),
    )
    failed = server.create(broken)
    server.wait_for(failed, states=("failed",))
    running = long_run(2000)
    waiting = server.create(demo_config(8, name="for a GPU", device="cuda"))
    server.wait_for(running, step=2)

    page.goto("/")
    card = page.get_by_test_id(f"running-{running}")
    expect(card).to_contain_text("nats/token")
    expect(card.get_by_test_id(f"clocks-{running}")).to_contain_text("alive")
    reason = page.get_by_test_id(f"waiting-{waiting}")
    expect(reason).to_contain_text("No live worker takes runs for cuda")
    expect(page.get_by_test_id(f"failed-{failed}")).to_contain_text("there is no file /nowhere/model.gguf")
    expect(page.get_by_test_id("home-workers")).to_contain_text("alive")
    assert_accessible(page)

    server.command(waiting, "stop")
    expect(reason).to_have_count(0)
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    wait_for_later_step(page, last_step(page))  # nothing waits any more, so nothing is asked again
    page.on("request", note)
    wait_for_later_step(page, last_step(page) + 3)
    assert [url for url in asked if url.endswith("/api/home") or "/series" in url] == []
    page.remove_listener("request", note)

    for path, words in (("/workers", "pid"), ("/settings", "SQLite")):
        page.goto(path)
        expect(page.locator("main")).to_contain_text(words)
        assert_accessible(page)


def test_palette_and_shortcuts_steer_a_run_that_two_tabs_follow(page: Page, server: Server, long_run: LongRun) -> None:
    run_id = long_run(2000)
    server.wait_for(run_id, step=1)
    name = server.get(f"runs/{run_id}")["name"]
    page.goto("/")
    expect(page.get_by_test_id("live-state")).to_have_text("live")
    page.keyboard.press("g")
    page.keyboard.press("w")
    expect(page).to_have_url(re.compile("/workers$"))

    palette(page, name)
    found = page.get_by_test_id(f"palette-run-{run_id}")
    expect(found).to_be_visible()
    assert_accessible(page)
    found.click()
    state = page.get_by_test_id("run-state")
    expect(state).to_have_attribute("data-state", "running")
    other = page.context.new_page()
    other.goto(f"/runs/{run_id}")
    seen_by_other = other.get_by_test_id("run-state")
    expect(seen_by_other).to_have_attribute("data-state", "running")

    palette(page, "pause after")
    page.get_by_test_id("palette-steer-pause").wait_for()
    page.keyboard.press("Enter")
    for tab in (state, seen_by_other):
        expect(tab).to_have_attribute("data-state", "paused")
    palette(page, "resume")
    page.get_by_test_id("palette-steer-resume").click()
    for tab in (state, seen_by_other):
        expect(tab).to_have_attribute("data-state", "running")
    other.close()

    palette(page, "logs")
    page.get_by_test_id("palette-open-tab-logs").click()
    expect(page).to_have_url(re.compile("tab=logs"))
    page.keyboard.press("?")
    expect(page.get_by_test_id("shortcut-help")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("shortcut-help")).to_have_count(0)


def palette(page: Page, query: str) -> None:
    """Open the palette and type."""
    page.keyboard.press("Control+k")
    page.get_by_test_id("palette-search").fill(query)


@pytest.fixture
def tabs(browser: Browser) -> Iterator[BrowserContext]:
    """A browser whose pages may complain of a server that is away."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(60_000)
    yield context
    context.close()


def test_a_lost_server_is_said_and_healed_without_reload(tabs: BrowserContext, tmp_path: Path) -> None:
    expect.set_options(timeout=90_000)
    environment = clean_environment(tmp_path / "data")
    with LongCommand("up", "--port", "0", environment=environment) as stack:
        server = Server(stack.url, stack)
        run_id = server.create(demo_config(2000))
        doomed = server.create(demo_config(8, name="doomed"))
        server.command(doomed, "stop")
        server.wait_for(run_id, step=2)
        home, gone, broken = tabs.new_page(), tabs.new_page(), tabs.new_page()
        home.goto(server.url)
        gone.goto(f"{server.url}/runs/{doomed}")
        expect(gone.get_by_test_id("run-name")).to_have_text("doomed")
        gone.wait_for_load_state("networkidle")  # all of its code is there
        wait_for_later_step(home, -1)
        broken.route("**/assets/CurveChooser-*.js", lambda route: route.abort())
        broken.goto(f"{server.url}/runs/{run_id}?tab=curves")
        expect(broken.get_by_test_id("error-box")).to_contain_text("This page could not be drawn")
        broken.unroute_all()
        home.evaluate("window.sameDocument = true")
        gone.evaluate("window.sameDocument = true")

    for tab in (home, gone):
        expect(tab.get_by_test_id("connection-banner")).to_contain_text("Connection lost since")
        expect(tab.get_by_test_id("live-state")).to_contain_text("lost since")
    card = home.get_by_test_id(f"running-{run_id}")
    expect(card).to_be_visible()  # what was known stays readable
    before = last_step(home)

    with LongCommand("up", "--port", server.url.rpartition(":")[2], environment=environment) as stack:
        assert stack.url == server.url
        server.delete(doomed)
        for tab in (home, gone):
            expect(tab.get_by_test_id("live-state")).to_have_text("live")
            expect(tab.get_by_test_id("connection-banner")).to_have_count(0)
        expect(gone.get_by_text(f"There is no run {doomed}")).to_be_visible()
        expect(broken.get_by_test_id("run-name")).to_be_visible()  # its code could not come; it came anew
        wait_for_later_step(home, before)
        assert home.evaluate("window.sameDocument") and gone.evaluate("window.sameDocument")
