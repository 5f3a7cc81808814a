"""Painting in a real browser: from the navigation, or from a write, to the frame after the plot was drawn."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from web_load import add, begin_run
from web_server import Server

from opdboard.export.figures import browser as installed_browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]

# Every plot that has been drawn, with the moment of the frame behind it: [uids, last x, ms since the epoch].
WATCH = """
window.painted = [];
const seen = new WeakSet();
const last = (x) => (x && x.length ? Number(x[x.length - 1]) : NaN);
const note = (plot) => requestAnimationFrame(() => setTimeout(() => {
  const traces = (plot._fullData || []);
  painted.push([traces.map((trace) => trace.uid).join(" "), Math.max(...traces.map((trace) => last(trace.x)).filter(Number.isFinite), -1), Date.now()]);
}));
const look = () => {
  for (const plot of document.querySelectorAll(".js-plotly-plot")) {
    if (seen.has(plot) || !plot.on) continue;
    seen.add(plot);
    note(plot);
    plot.on("plotly_afterplot", () => note(plot));
  }
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


@contextmanager
def browsing() -> Iterator[Browser]:
    """Headless Chromium: CHROMIUM, or the one on the path."""
    executable = installed_browser()
    if executable is None:
        raise SystemExit("no Chromium: install it or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


def watching(browser: Browser) -> BrowserContext:
    """A context at 1280 x 800 whose pages note every plot that was drawn in `painted`."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(WATCH)
    return context


def first_paint(browser: Browser, server: Server, times: int) -> tuple[list[float], float]:
    """ms to the first contentful paint of the home page with nothing cached, and kB of JavaScript fetched, as gzip."""
    paints, size = [], 0.0
    for _ in range(times):
        context = watching(browser)
        page = context.new_page()
        page.goto(server.url)
        found = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
        page.wait_for_function(found)
        paints.append(page.evaluate(found))
        if len(paints) == 1:
            page.wait_for_timeout(3000)  # whatever the page fetches by itself has come
            size = page.evaluate(
                "performance.getEntriesByType('resource').filter((one) => one.name.includes('.js') && !one.name.includes('plotly'))"
                ".reduce((sum, one) => sum + one.encodedBodySize, 0)"
            )
        context.close()
    return paints, size / 1000


def page_to_plot(browser: Browser, server: Server, path: str, uid: str, times: int) -> list[float]:
    """ms from the navigation to the frame that shows the plot with a trace whose uid contains this; files are cached."""
    context = watching(browser)
    page = context.new_page()
    took = []
    for number in range(times + 1):
        page.goto("about:blank")
        page.goto(f"{server.url}{path}", wait_until="commit")
        shown = page.wait_for_function(
            "(uid) => painted.find(([uids]) => uids.includes(uid))", arg=uid, timeout=120_000
        )
        at = shown.json_value()[2]
        if number:  # the first fetched the files
            took.append(at - page.evaluate("performance.timeOrigin"))
    context.close()
    return took


def step_to_paint(browser: Browser, server: Server, steps: int) -> list[float]:
    """s from the moment before a step is reported to the frame whose curve ends with it."""
    run_id = begin_run(server, modules=448)
    _step(server, run_id, 1)
    context = watching(browser)
    page = context.new_page()
    page.goto(f"{server.url}/runs/{run_id}")
    _painted(page, 1)
    took = []
    for step in range(2, steps + 2):
        written = time.time()
        _step(server, run_id, step)
        took.append(_painted(page, step) / 1e3 - written)
        time.sleep(0.137 * (step % 5))  # no rhythm in step with the server's
    context.close()
    return took


def _step(server: Server, run_id: str, step: int) -> None:
    columns: dict[str, Any] = {
        key: {"steps": [step], "values": [1.0 / step]} for key in ("reverse_kl", "loss", "tokens")
    }
    vector = {"statistic": "update_norm", "step": step, "values": [step * 1e-3] * 448}
    add(server, run_id, series=columns, vectors=[vector])


def _painted(page: Page, step: int) -> float:
    shown = page.wait_for_function(
        "(step) => painted.find(([uids, x]) => uids.includes('reverse_kl') && x >= step)", arg=step, timeout=60_000
    )
    return shown.json_value()[2]
