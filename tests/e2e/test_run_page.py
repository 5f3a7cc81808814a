"""The run page beyond its first screen: board, tables, relative allocation, tree of tries, health, lineage, downloads.

All of it on runs whose numbers are known; samples and logs are in test_run_reading.py.
"""

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Literal

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Download, Locator, Page, Request, expect
from support.commands import wait_until
from support.stored_runs import create
from support.wide_runs import wide_modules, wide_run

from e2e.axe import assert_accessible
from e2e.conftest import Shown, tab
from e2e.pictures import CURVES, cells, decoded, wait_until_drawn
from opdboard.domain.model_sources import RunModel
from opdboard.domain.teachers import ModelTeacher

pytestmark = pytest.mark.timeout(600)

ALLOCATION = "panel-module_allocation"
TABS = {
    "tab-overview": (),
    "tabs-curves": ("curves", "board", "health"),
    "tabs-weights": ("spectrum", "analyses"),
    "tab-decisions": (),
    "tabs-samples": ("samples", "read", "playground"),
    "tabs-run": ("logs", "steering", "lineage", "config", "checkpoints"),
}
# Where the node of a trigger is on the page.
NODE = """(step) => {
  const plot = document.querySelector('[data-testid="panel-decision_tree"] .js-plotly-plot');
  const trace = plot._fullData.find((one) => one.uid.endsWith('triggers'));
  const index = Array.from(trace.customdata).findIndex((each) => each[0] === step);
  const box = plot.querySelector('.nsewdrag').getBoundingClientRect();
  return [box.x + plot._fullLayout.xaxis.d2p(trace.x[index]), box.y + plot._fullLayout.yaxis.d2p(trace.y[index])];
}"""


@pytest.fixture
def page(shown_page: Page) -> Page:
    return shown_page


def open_tab(page: Page, shown: Shown, name: str, run: str = "effopd") -> None:
    page.goto(f"/runs/{shown.ids[run]}?tab={name}")
    if name == "overview":
        wait_until_drawn(page, ALLOCATION)


# Where each picture of the board is, in pixels from the board's corner, once none of them moves any more.
LAYOUT = """async () => {
  const places = () => {
    const board = document.querySelector('.react-grid-layout').getBoundingClientRect();
    const found = document.querySelectorAll('.react-grid-layout [data-testid^="board-p"]');
    return Object.fromEntries(Array.from(found, (one) => {
      const { x, y, width, height } = one.getBoundingClientRect();
      return [one.dataset.testid, [x - board.x, y - board.y, width, height].map(Math.round)];
    }));
  };
  for (let before = '', now = 'first'; ; ) {
    [before, now] = [now, JSON.stringify(places())];
    if (before === now) return places();
    await new Promise((resume) => setTimeout(resume, 150));
  }
}"""


def layout(page: Page) -> dict[str, list[int]]:
    return page.evaluate(LAYOUT)


def arrange(page: Page, picture: str, choice: str) -> None:
    page.get_by_test_id(picture).get_by_test_id("arrange").click()
    page.get_by_test_id(choice).click()
    expect(page.get_by_role("menu")).to_have_count(0)


def test_the_board_is_arranged_shared_by_its_address_and_kept_under_a_name(
    page: Page, browser: Browser, shown: Shown
) -> None:
    open_tab(page, shown, "board")
    expect(page.get_by_test_id("board-p1")).to_be_visible()
    before = layout(page)
    assert len(before) == 7

    page.get_by_test_id("add-picture").click()
    page.get_by_test_id("add-decisions").click()
    expect(page.get_by_test_id("board-p8")).to_be_visible()
    arrange(page, "board-p1", "remove")
    expect(page.get_by_test_id("board-p1")).to_have_count(0)
    arrange(page, "board-p2", "size-wide")
    assert layout(page)["board-p2"][2] > 1150

    picture = page.get_by_test_id("board-p4")
    picture.evaluate(
        "(it) => it.scrollIntoView({ block: 'center' })"
    )  # at the edge of the window the page would scroll
    width = layout(page)["board-p4"][2]
    corner = page.locator(".react-grid-item", has=picture).locator(".react-resizable-handle").bounding_box()
    assert corner is not None
    page.mouse.move(corner["x"] + 10, corner["y"] + 10)
    page.mouse.down()
    page.mouse.move(corner["x"] + 260, corner["y"] + 70, steps=6)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"4\.module_allocation\.0\.7\.8\.10"))
    page.get_by_test_id("board-p4").get_by_label("Settings of this picture").click()
    page.get_by_test_id("control-order").get_by_text("depth").click()
    expect(page).to_have_url(re.compile(r"p4\.order=depth"))
    page.keyboard.press("Escape")
    arranged = layout(page)
    assert set(arranged) == {f"board-p{n}" for n in (2, 3, 4, 5, 6, 7, 8)}
    assert arranged["board-p4"][2] > width + 150

    with tab(browser, shown.url) as other:
        other.goto(page.url)
        expect(other.get_by_test_id("board-p8")).to_be_visible()
        assert layout(other) == arranged

    page.get_by_test_id("views").click()
    page.get_by_test_id("view-name").fill("jumps, wide")
    page.get_by_test_id("save-view").click()
    kept = page.get_by_test_id("view-jumps, wide")
    expect(kept).to_have_attribute("aria-current", "true")
    assert_accessible(page)
    page.keyboard.press("Escape")
    address = page.url
    page.get_by_test_id("reset-board").click()
    expect(page.get_by_test_id("board-p1")).to_be_visible()
    assert layout(page) == before
    open_tab(page, shown, "board", run="reference")
    page.get_by_test_id("views").click()
    kept.click()
    expect(page.get_by_test_id("board-p8")).to_be_visible()
    assert layout(page) == arranged
    assert board_of(page.url) == board_of(address)


def board_of(address: str) -> str:
    return "&".join(sorted(re.findall(r"(?:board|p\d+\.\w+)=[^&]*", address)))


def table_of(page: Page, picture: Locator) -> list[list[str]]:
    """The table of a picture: rows in sight, as text; and all of it, as its CSV says."""
    picture.get_by_test_id("toggle-table").click()
    table = picture.get_by_test_id("figure-table")
    expect(table.locator("tbody tr td").first).to_be_visible()
    with page.expect_download() as download:
        table.get_by_role("button", name="Download all as CSV").first.click()
    rows = list(csv.reader(io.StringIO(text_of(download.value))))
    shown = table.get_by_role("table").first.locator("tbody tr:not([aria-hidden])").all()
    assert len(shown) >= 5
    for row in shown[:5]:
        wanted = rows[int(row.get_attribute("aria-rowindex") or 0) - 1]
        for text, full in zip(row.locator("td").all_inner_texts(), wanted, strict=True):
            assert text == full or float(text.replace("−", "-")) == pytest.approx(float(full), rel=1e-5), (text, full)
    return rows


def text_of(download: Download) -> str:
    return Path(download.path()).read_text(encoding="utf-8")


def test_tables_hold_the_numbers_of_the_api(page: Page, shown: Shown) -> None:
    run = shown.ids["effopd"]
    open_tab(page, shown, "overview")
    norms = decoded(shown.get(f"runs/{run}/statistics/update_norm", step=32)["values"])[0]
    modules = [module["name"] for module in shown.get(f"runs/{run}/modules")["modules"]]
    head, *rows = table_of(page, page.get_by_test_id(ALLOCATION))
    assert head == ["module", "parameter", "Update norm, ‖ΔW‖F"]
    written = {row[1]: float(row[2]) for row in rows}
    assert written == pytest.approx(dict(zip(modules, norms.tolist(), strict=True)), rel=1e-5)

    page.get_by_test_id("tabs-curves").click()
    picture = page.get_by_test_id("panel-scalars-reverse_kl")
    picture.scroll_into_view_if_needed()
    stored = shown.get(f"runs/{run}/series", keys="reverse_kl")["series"]["reverse_kl"]
    _, *rows = table_of(page, picture)
    assert [int(row[0]) for row in rows] == decoded(stored["steps"]).tolist()
    assert [float(row[1]) for row in rows] == pytest.approx(decoded(stored["values"]).tolist(), rel=1e-6)
    expect(page).to_have_url(re.compile("table=panel-module_allocation,panel-scalars-reverse_kl"))


def choose(page: Page, control: str, option: str) -> None:
    """In the settings of the allocation picture."""
    page.get_by_test_id(control).click()
    page.get_by_role("option", name=option).click()


def test_the_allocation_is_normalised_and_set_against_another_run(page: Page, shown: Shown) -> None:
    def stored(name: str) -> np.ndarray:
        answer = shown.get(f"runs/{shown.ids[name]}/statistics/update_norm", step=32)
        return decoded(answer["values"])[0].astype(float)

    def expect_drawn(values: np.ndarray) -> None:
        wanted = np.sort(values).tolist()
        page.wait_for_function(
            """([panel, wanted]) => {
              const plot = document.querySelector(`[data-testid="${panel}"] .js-plotly-plot`);
              const maps = (plot?._fullData ?? []).filter((trace) => trace.type === 'heatmap');
              const drawn = maps.flatMap((trace) => Array.from(trace.z, (row) => Array.from(row))).flat()
                .filter(Number.isFinite).sort((a, b) => a - b);
              return drawn.length === wanted.length && drawn.every((value, at) => Math.abs(value - wanted[at]) < 1e-5 + 1e-4 * Math.abs(value));
            }""",
            arg=[ALLOCATION, wanted],
        )

    norms, others = stored("effopd"), stored("reference")
    open_tab(page, shown, "overview")
    assert np.allclose(cells(page, ALLOCATION), np.sort(np.log10(norms)), atol=1e-5)
    page.get_by_test_id(ALLOCATION).get_by_label("Settings of this picture").click()
    page.get_by_test_id("control-scale").get_by_text("linear").click()
    expect_drawn(norms)
    choose(page, "control-normalise", "step total")
    expect_drawn(norms**2 / (norms**2).sum())
    choose(page, "control-normalise", "size")
    expect_drawn(norms / 64)  # the root of 64 x 64 entries
    choose(page, "control-normalise", "none")
    choose(page, "run-chooser", "OPD, lr 1e-5 (00000001)")
    expect_drawn(np.log2(norms / others))
    expect(page).to_have_url(re.compile(r"module_allocation\.relative_to=00000001"))
    expect(page.get_by_test_id(ALLOCATION)).to_contain_text("red: larger than in OPD, lr 1e-5; blue: smaller")


# Where a cell of the allocation picture is on the page, given the end of its trace's uid, its column and its row.
CELL = """([name, column, row]) => {
  const plot = document.querySelector('[data-testid="panel-module_allocation"] .js-plotly-plot');
  const trace = plot?._fullData?.find((one) => one.uid.endsWith(name));
  if (!trace) return null;
  const box = plot.querySelector('.nsewdrag').getBoundingClientRect();
  const { xaxis, yaxis } = plot._fullLayout;
  return [box.x + xaxis.d2p(trace.x[column]), box.y + yaxis.d2p(trace.y[row])];
}"""


def click_cell(page: Page, trace: str, column: int, row: int) -> None:
    plot = page.get_by_test_id(ALLOCATION).locator(".js-plotly-plot")

    def over_it() -> tuple[float, float] | None:
        """What is above may still grow, and move the picture from under the mouse."""
        plot.scroll_into_view_if_needed()
        place = page.evaluate(CELL, [trace, column, row])
        if place is None:
            return None
        page.mouse.move(place[0] - 1, place[1])
        page.mouse.move(*place)
        page.wait_for_function(
            "new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(() => seen(true))))"
        )
        still = page.evaluate(CELL, [trace, column, row]) == place
        return place if still and plot.locator(".hoverlayer .hovertext").count() else None

    place = wait_until(over_it, f"the hover text of {trace}")
    assert place is not None
    page.mouse.click(*place)


def test_a_step_of_18624_modules_is_small_and_a_kind_of_expert_opens(page: Page, shown: Shown) -> None:
    run, values = wide_run(shown.database, wide_modules(48, 128), range(1, 5))
    page.goto(f"/runs/{run}")
    wait_until_drawn(page, ALLOCATION)
    picture = page.get_by_test_id(ALLOCATION)
    expect(picture.get_by_test_id("step-shown")).to_have_text("step 4")
    asked: list[Request] = []

    def note(request: Request) -> None:
        if "/api/panels/" in request.url:
            asked.append(request)

    page.on("request", note)
    slider = picture.get_by_role("slider")
    slider.focus()
    slider.press("ArrowLeft")
    of_gates = values[2].reshape(48, 388)[:, 4:132]
    lowest = float(np.log10(np.median(of_gates, 1)).min())
    page.wait_for_function(
        """([panel, lowest]) => {
          const plot = document.querySelector(`[data-testid="${panel}"] .js-plotly-plot`);
          const gates = plot._fullData.find((one) => one.uid.endsWith('experts')).z.map((row) => row[0]);
          return Math.abs(Math.min(...gates) - lowest) < 1e-5;
        }""",
        arg=[ALLOCATION, lowest],
    )
    page.remove_listener("request", note)
    sizes = {request.url: len(answer.body()) for request in asked if (answer := request.response()) is not None}
    assert any("step=3" in url for url in sizes)
    assert sum(sizes.values()) < 200_000, sizes

    click_cell(page, "experts", 1, 20)
    expect(page).to_have_url(re.compile(r"module_allocation\.experts_of=up"))
    expect(picture.get_by_test_id("opened")).to_contain_text("Experts: up")
    click_cell(page, "expert", 5, 20)
    expect(page).to_have_url(re.compile(r"module=model\.layers\.20\.mlp\.experts\.\d+\.up_proj\.weight"))
    assert_accessible(page)
    picture.get_by_test_id("opened-back").click()
    expect(picture.get_by_test_id("opened")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("experts_of"))


def test_the_tree_of_tries_leads_to_the_line_and_the_state_around_it(page: Page, shown: Shown) -> None:
    open_tab(page, shown, "decisions")
    decisions = shown.get(f"runs/{shown.ids['effopd']}/decisions")["decisions"]
    assert [(one["step"], one["accepted_factor"]) for one in decisions if one["accepted_factor"]] == [(4, 4), (8, 4)]
    wait_until_drawn(page, "panel-decision_tree")
    curves = {re.split("_3a|:", curve["uid"])[-1]: curve for curve in page.evaluate(CURVES, "panel-decision_tree")}
    tried = sorted(np.log2(1 + one["factor"]) for each in decisions for one in each["candidates"][1:])
    assert sorted(curves["refused"]["y"] + curves["accepted"]["y"]) == pytest.approx(tried)
    assert curves["taken"]["y"] == pytest.approx([np.log2(5)] * 2)

    state = page.get_by_test_id("decision-state")
    expect(state).to_contain_text("Step 32: before and after")
    page.mouse.click(*page.evaluate(NODE, 4))
    expect(page).to_have_url(re.compile("decision=4"))
    expect(state).to_contain_text("Step 4: before and after")
    jump = next(one for one in decisions if one["step"] == 4)
    assert jump["before"]["step"] < jump["after"]["step"]
    for around in (jump["before"], jump["after"]):
        expect(state).to_contain_text(f"{around['reverse_kl']:.4f}")
    wait_until_drawn(page, "decision-line")
    page.wait_for_function(
        """(wanted) => {
          const plot = document.querySelector('[data-testid="decision-line"] .js-plotly-plot');
          const drawn = (plot?._fullData ?? []).flatMap((trace) => Array.from(trace.y ?? []));
          return wanted.every((score) => drawn.some((value) => Math.abs(value - score) < 1e-6));
        }""",
        arg=[one["score"] for one in jump["candidates"]],
    )
    line = page.get_by_test_id("decision-8")
    expect(page.get_by_role("table").filter(has_text="Verdict")).to_have_count(1)
    line.get_by_role("button", expanded=False).click()
    expect(state).to_contain_text("Step 8: before and after")
    expect(line).to_contain_text("+0.03 [−0.02, +0.08]")
    line.get_by_role("button", expanded=True).click()
    expect(page).not_to_have_url(re.compile("decision="))
    expect(page.get_by_role("table").filter(has_text="Verdict")).to_have_count(0)


def test_lineage_leads_from_run_to_run(page: Page, shown: Shown) -> None:
    source = shown.ids["effopd"]
    fork = create(shown.database, name="the fork", student=RunModel(run_id=source, step=8, factor=6.0))
    taught = create(shown.database, name="the pupil", teacher=ModelTeacher(source=RunModel(run_id=fork)))
    open_tab(page, shown, "lineage")
    tree = page.get_by_test_id("lineage")
    expect(tree).to_contain_text("Comes from: no other run.")
    expect(page.get_by_test_id(f"lineage-{fork}")).to_contain_text("fork (step 8, candidate of factor 6)")
    expect(page.get_by_test_id(f"lineage-{taught}")).to_contain_text("teacher of (latest checkpoint)")
    assert_accessible(page)
    tree.get_by_role("link", name="the fork").click()
    expect(page.get_by_test_id("run-name")).to_have_text("the fork")
    note = {"notes": f"**Further** than /runs/{source}?"}
    httpx.patch(f"{shown.url}/api/runs/{fork}", json=note, timeout=30).raise_for_status()
    page.reload()
    notes = page.get_by_test_id("run-notes")
    expect(notes.locator("strong")).to_have_text("Further")
    expect(notes.get_by_role("link", name="EffOPD, lr 1e-5")).to_have_attribute("href", f"/runs/{source}")
    page.get_by_test_id("tabs-run").click()
    page.get_by_test_id("tab-lineage").click()
    expect(page.get_by_test_id(f"lineage-{source}")).to_contain_text("forked from (step 8, candidate of factor 6)")


def test_a_run_is_taken_away_as_numbers_and_as_a_report(page: Page, shown: Shown) -> None:
    run = shown.ids["effopd"]
    open_tab(page, shown, "checkpoints")
    page.get_by_test_id("more-actions").click()
    with page.expect_download() as download:
        page.get_by_test_id("export-run").click()
    assert download.value.suggested_filename == f"EffOPD-lr-1e-5-{run}.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        assert json.loads(archive.read(f"{run}.json"))["run"]["name"] == "EffOPD, lr 1e-5"
        losses = [row for row in archive.read("scalars.csv").decode().splitlines() if ",loss," in row]
    assert len(losses) == 33
    page.get_by_test_id("more-actions").click()
    with page.expect_download() as download:
        page.get_by_test_id("report-run").click()
    assert "<h1>EffOPD, lr 1e-5</h1>" in text_of(download.value)

    page.emulate_media(color_scheme="dark")
    page.get_by_test_id("tabs-curves").click()
    page.evaluate("window.print = () => { window.onPaper = document.documentElement.dataset; }; 0")
    page.get_by_test_id("more-actions").click()
    page.get_by_test_id("print-run").click()
    page.wait_for_function("window.onPaper?.mantineColorScheme === 'light'")
    pictures = page.locator("section[data-testid^=panel-]").all()
    assert len(pictures) > 9  # more than are in sight
    for picture in pictures:
        expect(picture.locator(".main-svg").first).to_be_attached(timeout=1)
    page.emulate_media(media="print", color_scheme="dark")
    for left_out in (page.get_by_role("navigation"), page.get_by_role("button"), page.get_by_role("tab")):
        expect(left_out.filter(visible=True)).to_have_count(0, timeout=10_000)
    page.emulate_media(media="screen", color_scheme="light")
    assert page.pdf().startswith(b"%PDF")  # and the page is as before
    expect(page.locator("html[data-printing]")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_tab_is_accessible(page: Page, shown: Shown, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    open_tab(page, shown, "overview")
    for group, tabs in TABS.items():
        page.get_by_test_id(group).click()
        for name in tabs or (None,):
            if name is not None:
                page.get_by_test_id(f"tab-{name}").click()
                expect(page.get_by_test_id(f"tab-{name}")).to_have_attribute("aria-current", "page")
            opened = page.get_by_role("tabpanel")
            expect(opened).to_be_visible()
            expect(opened.locator(".mantine-Loader-root")).to_have_count(0)
            assert_accessible(page)
