"""What must fit into a page whatever its runs are called."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Shown
from opdboard.db import runs

pytestmark = pytest.mark.timeout(600)

LONG = "Qwen2.5-1.5B-Instruct from Skywork-OR1, DeepScaleR, no_warmup_and_all_matrices_of_every_block, {}"
# Per word the number of lines that it is on.
LINES_OF_WORDS = """(element) => {
  const node = element.firstChild, words = [...node.data.matchAll(/\\S+/g)];
  return words.map(({ index, 0: word }) => {
    const range = document.createRange();
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    return range.getClientRects().length;
  });
}"""


@pytest.fixture
def page(shown_page: Page) -> Page:
    return shown_page


def test_the_meter_fits_beside_long_names(page: Page, shown: Shown) -> None:
    """At 1280 with the columns of a best rate, too; a run in the queue says why nothing is compared."""
    names = ("reference 2", "reference", "effopd", "failed", "queued")
    for name in names:
        change = {"name": LONG.format(name)}
        httpx.patch(f"{shown.url}/api/runs/{shown.ids[name]}", json=change, timeout=30).raise_for_status()
    with shown.database.write() as session:
        run = runs.get(session, shown.ids["reference 2"], lock=True)
        run.config = run.config | {"optimizer": run.config["optimizer"] | {"learning_rate": 3e-5}}
    keys = ",".join(shown.ids[name] for name in names)
    page.goto(f"/compare?runs={keys}&reference={shown.ids['reference']}")
    meter = page.get_by_test_id("speedup-meter")
    expect(meter.get_by_role("columnheader", name="Against the best rate")).to_be_visible()
    expect(page.get_by_test_id(f"speedup-{shown.ids['queued']}")).to_contain_text(
        "Held-out reverse KL to the teacher: not recorded yet"
    )
    expect(page.get_by_test_id("speedup-rates")).to_contain_text(
        "queued: Held-out reverse KL to the teacher: not recorded yet, so nothing is compared"
    )
    expect(page.get_by_test_id("speedup-rates")).not_to_contain_text("queued is evaluated at another cadence")
    wrap = meter.locator("table").locator("..")
    assert wrap.evaluate("(element) => element.scrollWidth - element.clientWidth") == 0


def test_heads_of_the_queues_do_not_break_within_words(page: Page, shown: Shown) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/settings")
    heads = page.get_by_role("columnheader")
    expect(heads.first).to_be_visible()
    for head in heads.all():
        assert set(head.evaluate(LINES_OF_WORDS)) == {1}, head.inner_text()
