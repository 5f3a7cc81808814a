"""Errors that say what to do; a killed trainer that the page survives."""

import re

import pytest
from playwright.sync_api import Page, expect
from support.commands import processes_of_run, wait_until

from e2e.conftest import Server, demo_config

pytestmark = pytest.mark.timeout(600)


def test_a_missing_file_fails_the_run_with_a_sentence(page: Page, server: Server) -> None:
    page.goto("/launch?preset=real-model&all=1")
    page.locator("#root_student_path").fill("/nowhere/model.gguf")
    page.get_by_test_id("launch-submit").click()
    expect(page.get_by_test_id("run-state")).to_have_attribute("data-state", "failed")
    expect(page.get_by_test_id("run-error")).to_contain_text("there is no file /nowhere/model.gguf")
    for width, height in ((390, 844), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        page.get_by_test_id("tab-overview").click()
        page.evaluate("window.scrollTo({ top: document.documentElement.scrollHeight })")
        page.get_by_test_id("run-error").get_by_role("button", name="Read the log").click()
        expect(page.get_by_test_id("log").get_by_text("/nowhere/model.gguf").first).to_be_in_viewport(ratio=1)

    page.get_by_test_id("tab-overview").click()
    expect(page.get_by_test_id("failure-resume")).to_have_count(0)  # the file would be missing again
    expect(page.get_by_role("toolbar", name="Steer the run").get_by_role("button")).to_have_count(0)
    for panel in ("module_allocation", "alignment", "decisions"):
        expect(page.get_by_test_id(f"panel-{panel}")).to_be_hidden()
    page.get_by_test_id("edit-and-relaunch").click()
    expect(page).to_have_url(re.compile(r"/launch\?clone=[0-9a-f]{8}&field=student\.path"))
    path = page.locator("#root_student_path")
    expect(path).to_be_focused()
    expect(path).to_have_value("/nowhere/model.gguf")


def test_a_killed_trainer_is_replaced_while_the_page_watches(page: Page, server: Server) -> None:
    run_id = server.create(demo_config(60))
    page.goto(f"/runs/{run_id}?tab=curves")
    server.wait_for(run_id, step=13)
    wait_until(lambda: processes_of_run(run_id), "a trainer")[0].kill()
    server.wait_for(run_id, states=("finished",))
    expect(page.get_by_test_id("run-state")).to_have_attribute("data-state", "finished")
    history = server.get(f"runs/{run_id}/history")
    assert len(history["attempts"]) == 2
    page.get_by_test_id("panel-scalars-reverse_kl").scroll_into_view_if_needed()
    page.wait_for_function(
        """() => {
          const plot = document.querySelector('[data-testid="panel-scalars-reverse_kl"] .js-plotly-plot');
          const x = Array.from(plot?._fullData?.find((trace) => trace.x?.length > 1)?.x ?? []);
          return x.length === 60 && x.every((step, index) => step === index + 1);
        }"""
    )
