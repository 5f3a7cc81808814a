"""What a picture on the page has drawn, read from plotly itself."""

import base64

import numpy as np
from playwright.sync_api import Page, expect

PLOT = """document.querySelector(`[data-testid="${panel}"] .js-plotly-plot`)"""
# Every number of a panel's heatmaps as the picture holds them, typed arrays decoded by plotly.
CELLS = f"""(panel) => {{
  const plot = {PLOT};
  const heatmaps = (plot?._fullData ?? []).filter((trace) => trace.type === 'heatmap');
  return heatmaps.flatMap((trace) => Array.from(trace.z, (row) => Array.from(row))).flat();
}}"""
CURVES = f"""(panel) => {{
  const plot = {PLOT};
  return (plot?._fullData ?? []).map((trace) => ({{ uid: trace.uid, mode: trace.mode, x: Array.from(trace.x ?? []), y: Array.from(trace.y ?? []) }}));
}}"""
CURSOR_MOVED = """([panel, cursor]) => {
  const now = document.querySelector(`[data-testid="${panel}"]`)?.dataset.cursor;
  return now && now !== cursor;
}"""


def cursor(page: Page, panel: str) -> str:
    """How far the picture has followed its runs."""
    return page.get_by_test_id(panel).get_attribute("data-cursor") or ""


def wait_for_news(page: Page, panel: str, since: str | None = None) -> None:
    """Until the picture has followed its runs further than now, or than `since`."""
    page.wait_for_function(CURSOR_MOVED, arg=[panel, cursor(page, panel) if since is None else since])


def wait_until_drawn(page: Page, panel: str) -> None:
    """Until the picture, brought into sight, has been drawn."""
    picture = page.get_by_test_id(panel)
    picture.scroll_into_view_if_needed()
    expect(picture.locator(".js-plotly-plot .main-svg").first).to_be_visible()


def cells(page: Page, panel: str) -> np.ndarray:
    """The finite values of the panel's heatmaps, ascending."""
    shown = np.array(page.evaluate(CELLS, panel), dtype=float)
    return np.sort(shown[np.isfinite(shown)])


def decoded(array: dict) -> np.ndarray:
    """An array as the API sends it."""
    values = np.frombuffer(base64.b64decode(array["bdata"]), np.dtype("<" + array["dtype"]))
    return values.reshape([int(n) for n in array["shape"].split(",")]) if array.get("shape") else values
