"""The runs table on real runs: found by a query, sorted, grouped, tagged, stopped and deleted together, shared by its address."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect
from support.commands import wait_until

from e2e.axe import assert_accessible
from e2e.conftest import Server, demo_config
from opdboard.domain.strategies.none import NoStrategy

pytestmark = pytest.mark.timeout(600)

MARK = "table-test"


@pytest.fixture(scope="module")
def finished(server: Server) -> Iterator[dict[str, str]]:
    """Two short runs of both methods in one group, by method."""
    made = {
        "opd": server.create(demo_config(4, strategy=NoStrategy(), name="table plain")),
        "effopd": server.create(demo_config(8, name="table looking ahead")),
    }
    body = {"action": "group", "ids": list(made.values()), "group": MARK}
    httpx.post(f"{server.url}/api/runs/bulk", json=body, timeout=30).raise_for_status()
    for run_id in made.values():
        server.wait_for(run_id, states=("finished",))
    yield made
    kept = {"action": "delete", "query": f"group = {MARK}"}
    httpx.post(f"{server.url}/api/runs/bulk", json=kept, timeout=60).raise_for_status()


def rows(page: Page) -> list[str]:
    return [
        (row.get_attribute("data-testid") or "").removeprefix("run-row-")
        for row in page.locator('[data-testid^="run-row-"]').all()
    ]


def ask(page: Page, query: str) -> None:
    page.get_by_test_id("query").fill(query)
    page.get_by_test_id("query").press("Enter")


def test_runs_are_found_sorted_grouped_and_shared(page: Page, server: Server, finished: dict[str, str]) -> None:
    plain, effopd = finished["opd"], finished["effopd"]
    page.goto("/runs")
    ask(page, f"group = {MARK} and step > 5")
    expect(page.get_by_test_id(f"run-row-{effopd}")).to_be_visible()
    expect(page.get_by_test_id(f"run-row-{plain}")).to_have_count(0)
    expect(page.get_by_test_id("run-count")).to_have_text("1 run")

    ask(page, f"group = {MARK} and stepp > 5")
    expect(page.get_by_test_id("query-problem")).to_contain_text("did you mean step")
    expect(page.get_by_test_id("query-problem").locator("mark")).to_have_text("stepp")
    expect(page.get_by_test_id(f"run-row-{effopd}"), "the last result stays").to_be_visible()
    expect(page.get_by_test_id("run-count")).to_contain_text("last query that could be read")

    ask(page, f"group = {MARK}")
    expect(page.get_by_test_id("run-count")).to_have_text("2 runs")
    page.get_by_test_id("sort-step").click()
    wait_until(lambda: rows(page) == [effopd, plain], "more steps first")
    page.get_by_test_id("sort-step").click()
    wait_until(lambda: rows(page) == [plain, effopd], "fewer steps first")
    page.get_by_test_id("columns").click()
    page.get_by_test_id("column-search").fill("seed")
    page.get_by_test_id("add-column-seed").click()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("column-search"), "although the button that had the focus is gone").to_have_count(0)
    expect(page.get_by_test_id(f"run-row-{plain}").locator('[data-column="seed"]')).to_have_text("0")

    heading = page.get_by_role("columnheader", name="Name")
    before = heading.evaluate("cell => cell.offsetWidth")
    page.get_by_test_id("sort-name").press("Shift+ArrowLeft")
    expect(page).to_have_url(re.compile(rf"widths=name:{before - 16}"))
    page.get_by_test_id("runs-table").evaluate("table => table.scrollLeft = 200")
    expect(page.get_by_test_id(f"run-row-{plain}").get_by_role("link"), "the name stays").to_be_in_viewport(ratio=1)
    page.get_by_test_id(f"actions-{effopd}").click()
    page.get_by_role("menuitem", name="Pin to the top").click()
    wait_until(lambda: rows(page) == [effopd, plain], "the pinned run first")
    page.get_by_test_id(f"actions-{effopd}").click()
    page.get_by_role("menuitem", name="Unpin").click()
    wait_until(lambda: rows(page) == [plain, effopd], "as sorted again")
    page.get_by_test_id(f"actions-{effopd}").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_test_id("new-name").fill("table with candidates")
    page.get_by_test_id("keep-name").click()
    expect(page.get_by_test_id(f"run-row-{effopd}")).to_contain_text("table with candidates")
    assert_accessible(page)

    page.get_by_test_id("views").click()
    page.get_by_test_id("view-name").fill("by steps")
    page.get_by_test_id("save-view").click()
    expect(page.get_by_test_id("view-by steps")).to_be_visible()
    other = page.context.new_page()
    other.goto(page.url)
    wait_until(lambda: rows(other) == [plain, effopd], "the same rows in another tab")
    other.goto("/runs?group=method")
    expect(other.get_by_test_id("group-effopd")).to_be_visible()
    other.get_by_test_id("views").click()
    other.get_by_test_id("view-by steps").click()
    wait_until(lambda: rows(other) == [plain, effopd], "the saved view")
    other.close()

    page.goto(f"/runs?q=group+%3D+{MARK}&group=method")
    expect(page.get_by_test_id("group-opd")).to_contain_text("1 run")
    page.get_by_test_id("group-effopd").get_by_role("button").click()
    expect(page.get_by_test_id(f"run-row-{effopd}")).to_be_visible()
    mean = server.get("runs/groups", query=f"group = {MARK}", by="method", measures="kl", sort="name")
    effopd_mean = next(group for group in mean["groups"] if group["values"] == ["effopd"])["measures"]["kl"]["mean"]
    expect(page.get_by_test_id("group-effopd")).to_contain_text(f"{effopd_mean:.4f}")
    assert_accessible(page)


def drawn(page: Page) -> list[list[str]]:
    """Names of the curves of each picture in the drawer."""
    return page.get_by_test_id("curves-drawer").evaluate(
        "drawer => [...drawer.querySelectorAll('.js-plotly-plot')].map(({data}) => "
        "data.filter(({mode}) => mode?.includes('lines')).map(({name}) => name).sort())"
    )


def test_curves_drawer(page: Page, server: Server, finished: dict[str, str]) -> None:
    names = {run_id: server.get(f"runs/{run_id}")["name"] for run_id in finished.values()}
    plain, effopd = finished["opd"], finished["effopd"]
    page.goto(f"/runs?q=group+%3D+{MARK}")
    page.get_by_test_id(f"run-row-{plain}").get_by_role("checkbox").check()
    page.get_by_test_id("curves-selected").click()
    wait_until(lambda: drawn(page) == [[names[plain]]], "the selected run")
    page.get_by_test_id(f"run-row-{effopd}").get_by_role("checkbox").check()
    wait_until(lambda: drawn(page) == [sorted(names.values())], "the second one over it")
    page.get_by_test_id("curves-measures").click()
    page.get_by_role("option", name="Loss", exact=True).click()
    page.keyboard.press("Escape")
    wait_until(lambda: drawn(page) == [sorted(names.values())] * 2, "another measure below")
    assert_accessible(page)

    page.get_by_test_id(f"actions-{plain}").click()
    page.get_by_role("menuitem", name="Hide from the curves").click()
    wait_until(lambda: drawn(page) == [[names[effopd]]] * 2, "without the hidden run")
    page.reload()
    wait_until(lambda: drawn(page) == [[names[effopd]]] * 2, "the same from the address")
    expect(page.get_by_test_id("bulk-bar")).to_contain_text("2 selected")
    page.get_by_role("button", name="Close the curves").click()
    expect(page.get_by_test_id("curves-drawer")).to_have_count(0)


def test_tags_and_actions_on_many_runs(page: Page, server: Server, finished: dict[str, str]) -> None:
    first, second = (server.create(demo_config(3000, name=f"table long {number}")) for number in range(2))
    body = {"action": "group", "ids": [first, second], "group": MARK}
    httpx.post(f"{server.url}/api/runs/bulk", json=body, timeout=30).raise_for_status()
    server.wait_for(first, step=1)
    page.goto(f"/runs?q=group+%3D+{MARK}")
    watching = page.context.new_page()
    watching.goto(f"/runs?q=group+%3D+{MARK}")
    expect(watching.get_by_test_id("run-count")).to_have_text("4 runs")

    page.get_by_test_id(f"tags-{first}").click()
    page.get_by_test_id("tags-input").fill("mine")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    wait_until(lambda: server.get(f"runs/{first}")["tags"] == ["mine"], "the tag")
    expect(watching.get_by_test_id(f"run-row-{first}")).to_contain_text("mine")

    page.get_by_test_id("select-all").check()
    expect(page.get_by_test_id("bulk-bar")).to_contain_text("All 4 selected")
    page.get_by_test_id("bulk-stop").click()
    expect(page.get_by_test_id("bulk-refused")).to_contain_text("finished")
    page.get_by_role("button", name="Understood").click()
    for run_id in (first, second):
        server.wait_for(run_id, states=("stopped",))
        expect(watching.get_by_test_id(f"run-row-{run_id}")).to_contain_text("stopped")

    page.get_by_test_id("state-stopped").click()
    expect(page.get_by_test_id("run-count")).to_have_text("2 runs")
    for run_id in (first, second):
        page.get_by_test_id(f"run-row-{run_id}").get_by_role("checkbox").check()
    page.get_by_test_id("bulk-delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("table long 0")
    expect(page.get_by_test_id("bulk-loss")).to_contain_text(re.compile("checkpoints will be gone: .* tokens"))
    assert_accessible(page)
    page.get_by_test_id("bulk-delete-confirm").click()
    expect(page.get_by_test_id("empty")).to_be_visible()
    expect(watching.get_by_test_id("run-count")).to_have_text("2 runs")
    watching.close()
    assert set(finished.values()) == {run["id"] for run in server.get("runs", query=f"group = {MARK}")["runs"]}
