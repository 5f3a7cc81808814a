"""The analyses of a run: what was found as pictures, a new one asked for, and what is refused beside its field."""

import re

import pytest
from playwright.sync_api import Page, expect
from support.analysed import SERIES_OF, analyse

from e2e.axe import assert_accessible
from e2e.conftest import Shown
from e2e.pictures import wait_until_drawn

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def page(shown_page: Page) -> Page:
    return shown_page


def test_an_analysis_is_asked_for_and_what_was_found_is_drawn(page: Page, shown: Shown) -> None:
    run = shown.ids["effopd"]
    done = {kind: analyse(shown.database, run, kind) for kind in SERIES_OF}
    page.goto(f"/runs/{run}?tab=analyses")
    expect(page.locator("[data-testid^=analyses-] [data-testid^=analysis-]")).to_have_count(len(done))
    for panel in ("scale_final", "rescale_early", "rank_one_trajectory"):
        page.get_by_test_id(f"panel-{panel}").scroll_into_view_if_needed()
        wait_until_drawn(page, f"panel-{panel}")
    page.get_by_test_id(f"analysis-{done['rank']}").get_by_role("button", name="Show the picture").click()
    expect(page).to_have_url(re.compile(f"rank.analysis={done['rank']}"))

    page.get_by_test_id("analyse").focus()
    page.keyboard.press("Enter")
    form = page.get_by_test_id("ask-analysis")
    factors = form.get_by_label("Factors, separated by spaces")
    factors.fill("0.5 2")
    form.get_by_test_id("analysis-submit").press("Enter")
    expect(form.get_by_role("alert")).to_contain_text("Must be at most 1")
    assert_accessible(page)
    factors.fill("0.5")
    form.get_by_test_id("analysis-submit").press("Enter")
    newest = page.get_by_test_id("analyses-intervention").locator("tbody tr").first
    expect(newest).to_contain_text("queued")
    expect(newest).to_contain_text("Scale the final update")


def test_a_checkpoint_is_exported_from_its_row(page: Page, shown: Shown) -> None:
    run = shown.ids["effopd"]
    analyse(shown.database, run, "export_adapter")
    page.goto(f"/runs/{run}?tab=checkpoints")
    page.get_by_role("link", name="Export the checkpoint of step").first.click()
    form = page.get_by_test_id("ask-analysis")
    expect(form.get_by_test_id("analysis-kind")).to_have_value("Export the model")
    step = form.get_by_label("Step", exact=True).input_value()
    form.get_by_label("Push to").fill("no name")
    form.get_by_test_id("analysis-submit").click()
    expect(form.get_by_role("alert")).to_be_visible()
    form.get_by_label("Push to").fill("me/sums")
    form.get_by_test_id("analysis-submit").click()
    done = page.get_by_test_id("analyses-export")
    newest = done.locator("tbody tr").nth(0)
    expect(newest).to_contain_text("Export the model")
    expect(newest.get_by_role("cell").nth(4)).to_have_text(step)
    expect(done).to_contain_text("runs/x/model")
    expect(done).to_contain_text("misses 10")
    assert_accessible(page)


def test_runs_are_compared_by_what_came_of_changed_weights(page: Page, shown: Shown) -> None:
    runs = [shown.ids["effopd"], shown.ids["reference"]]
    for run in runs:
        analyse(shown.database, run, "scale_final")
        analyse(shown.database, run, "evaluate")
    page.goto(f"/compare?runs={','.join(runs)}")
    section = page.get_by_test_id("compared-analyses")
    section.get_by_test_id("panel-scale_final").scroll_into_view_if_needed()
    wait_until_drawn(page, "panel-scale_final")
    expect(section).to_contain_text("What is the norm of the update worth?")
    answered = page.get_by_test_id("compared-evaluations")
    answered.get_by_test_id("panel-evaluate").scroll_into_view_if_needed()
    wait_until_drawn(page, "panel-evaluate")
    expect(answered).to_contain_text(re.compile(r"OPD.* − .*OPD.* on sums: 0 \(−0\.988 to \+0\.988\)"))
