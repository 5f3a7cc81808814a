"""A zoom stays where the reader put it while the run goes on: a curve and a heatmap, over a hundred live updates."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from e2e.conftest import Shown, tab
from e2e.pictures import cursor, wait_for_news, wait_until_drawn

pytestmark = pytest.mark.timeout(600)

UPDATES = 100
BEFORE = 20  # steps that are there when the page opens
SPACING_MS = 700  # longer than a picture waits between two looks at its run
CURVE, HEATMAP = "panel-scalars-reverse_kl", "panel-module_allocation"
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
            "series": {"reverse_kl": {"steps": list(now), "values": [1 / step for step in now]}},
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


def zoom(page: Page, panel: str) -> dict[str, Any]:
    """Drag over the second fifth and the third of the picture's width; the view then."""
    area = page.get_by_test_id(panel).locator(".nsewdrag").first.bounding_box()
    assert area is not None
    left, middle = area["x"] + area["width"] * 0.2, area["y"] + area["height"] / 2
    page.mouse.move(left, middle)
    page.mouse.down()
    page.mouse.move(left + area["width"] * 0.4, middle, steps=8)
    page.mouse.up()
    page.wait_for_function(f"(panel) => ({VIEW})(panel).autorange === false", arg=panel)
    return page.evaluate(VIEW, panel)


def test_a_zoom_survives_a_hundred_live_updates(browser: Browser, shown: Shown, run: ReportedRun) -> None:
    with tab(browser, shown.url) as page:
        page.clock.install()  # so that the pauses between two looks at the run need not be waited for
        page.set_viewport_size({"width": 1280, "height": 1500})
        page.goto(f"/runs/{run.id}?module_allocation.mode=over_time")
        for panel in (CURVE, HEATMAP):
            wait_until_drawn(page, panel)
        before = {panel: zoom(page, panel) for panel in (CURVE, HEATMAP)}
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
