"""A zoom stays where the reader put it while the run goes on: a curve and a heatmap, over a hundred live updates.

Curves of a tab are zoomed together, in the address, and share a line at the step that the reader points at.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.conftest import Shown, tab
from e2e.pictures import cursor, wait_for_news, wait_until_drawn

pytestmark = pytest.mark.timeout(600)

UPDATES = 100
BEFORE = 20  # steps that are there when the page opens
SPACING_MS = 700  # longer than a picture waits between two looks at its run
CURVE, OTHER, HEATMAP = "panel-scalars-reverse_kl", "panel-scalars-loss", "panel-module_allocation"
MODULES = [
    f"model.layers.{layer}.{path}.weight"
    for layer in range(3)
    for path in ("self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj")
]
# The range of the x axis, whether plotly chose it, and how many steps are drawn.
VIEW = """(panel) => {
  const plot = document.querySelector(`[data-testid="${panel}"] .js-plotly-plot`);
  const { range, autorange } = plot._fullLayout.xaxis;
  const steps = Math.max(...plot._fullData.filter((trace) => !trace.uid.endsWith('odd')).map((trace) => trace.x.length));
  return { range: range.map(Number), autorange, steps };
}"""


class ReportedRun:
    """A run of another trainer, reported step by step over HTTP."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/api", timeout=30)
        modules = [{"name": name, "shape": [8, 8]} for name in MODULES]
        body = {"name": "zoomed", "method": "other", "total_steps": 1000, "modules": modules}
        begun = self._http.post("/reported-runs", json=body).raise_for_status().json()
        self.id, self._attempt = begun["run_id"], begun["attempt"]
        self.step = 0

    def report(self, steps: int) -> None:
        """The next steps, at once."""
        now = range(self.step + 1, self.step + steps + 1)
        body: dict[str, Any] = {
            "attempt": self._attempt,
            "series": {
                key: {"steps": list(now), "values": [1 / step for step in now]} for key in ("reverse_kl", "loss")
            },
            "vectors": [
                {"statistic": "update_norm", "step": step, "values": [step * 1e-3] * len(MODULES)} for step in now
            ],
        }
        self._http.post(f"/runs/{self.id}/points", json=body).raise_for_status()
        self.step = now[-1]

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def run(shown: Shown) -> Iterator[ReportedRun]:
    reported = ReportedRun(shown.url)
    reported.report(BEFORE)
    yield reported
    reported.close()


def zoom(page: Page, panel: str) -> None:
    """Drag over the second fifth and the third of the picture's width."""
    area = page.get_by_test_id(panel).locator(".nsewdrag").first.bounding_box()
    assert area is not None
    left, middle = area["x"] + area["width"] * 0.2, area["y"] + area["height"] / 2
    page.mouse.move(left, middle)
    page.mouse.down()
    page.mouse.move(left + area["width"] * 0.4, middle, steps=8)
    page.mouse.up()
    page.wait_for_function(f"(panel) => ({VIEW})(panel).autorange === false", arg=panel)


def told(page: Page) -> list[float]:
    """The range of steps in the address."""
    search = parse_qs(urlsplit(page.url).query)
    return [float(search[f"curves.{end}"][0]) for end in ("x_from", "x_to")]


def wait_for_range(page: Page, panels: Sequence[str], wanted: Sequence[float]) -> None:
    """Until the x axes of these pictures show that range."""
    page.wait_for_function(
        f"([panels, wanted]) => panels.every((panel) => ({VIEW})(panel).range.every((end, i) => Math.abs(end - wanted[i]) < 1e-9))",
        arg=[list(panels), list(wanted)],
    )


def test_a_zoom_survives_a_hundred_live_updates(browser: Browser, shown: Shown, run: ReportedRun) -> None:
    with tab(browser, shown.url) as page:
        page.clock.install()  # so that the pauses between two looks at the run need not be waited for
        page.set_viewport_size({"width": 1280, "height": 1500})
        page.goto(f"/runs/{run.id}?module_allocation.mode=over_time")
        for panel in (CURVE, HEATMAP):
            wait_until_drawn(page, panel)
        for panel in (CURVE, HEATMAP):
            zoom(page, panel)
        page.wait_for_url(re.compile("curves.x_to="))
        wait_for_range(page, [CURVE], told(page))
        before = {panel: page.evaluate(VIEW, panel) for panel in (CURVE, HEATMAP)}
        assert {view["steps"] for view in before.values()} == {BEFORE}
        for _ in range(UPDATES):
            known = {panel: cursor(page, panel) for panel in before}
            run.report(1)
            page.clock.run_for(SPACING_MS)
            for panel in before:
                wait_for_news(page, panel, since=known[panel])
        for panel, zoomed in before.items():
            page.wait_for_function(f"([panel, steps]) => ({VIEW})(panel).steps === steps", arg=[panel, run.step])
            after = page.evaluate(VIEW, panel)
            assert after == {**zoomed, "steps": BEFORE + UPDATES}, panel


def test_curves_are_zoomed_together_in_the_address_and_share_the_step_pointed_at(
    browser: Browser, shown: Shown, run: ReportedRun
) -> None:
    curves = (CURVE, OTHER)
    with tab(browser, shown.url) as page:
        page.set_viewport_size({"width": 1280, "height": 1500})
        page.goto(f"/runs/{run.id}?tab=curves")
        for panel in curves:
            wait_until_drawn(page, panel)
        whole = page.evaluate(VIEW, OTHER)["range"]

        zoom(page, CURVE)
        page.wait_for_url(re.compile("curves.x_to="))
        first, last = told(page)
        assert whole[0] < first < last < whole[1]
        wait_for_range(page, curves, [first, last])

        page.reload()
        for panel in curves:
            wait_until_drawn(page, panel)
        wait_for_range(page, curves, [first, last])

        area = page.get_by_test_id(CURVE).locator(".nsewdrag").first.bounding_box()
        assert area is not None
        middle = (area["x"] + area["width"] / 2, area["y"] + area["height"] / 2)
        page.mouse.move(*middle)
        lines = [page.get_by_test_id(panel).get_by_test_id("crosshair") for panel in curves]
        for line in lines:
            expect(line).to_be_visible()
        step = lines[0].get_attribute("data-x")
        assert step is not None and first <= float(step) <= last
        assert lines[1].get_attribute("data-x") == step

        page.mouse.click(*middle)
        pinned = page.get_by_test_id("pinned-values")
        expect(pinned).to_contain_text(f"{1 / int(step):.5g}"[:6])
        page.wait_for_url(re.compile(f"pin={CURVE}@{step}"))

        page.mouse.dblclick(*middle)
        wait_for_range(page, curves, whole)
        assert "curves.x_" not in page.url
