"""Launch from the form, watch the pictures change, and find the API's numbers in them."""

import json
import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from support.commands import wait_until

from e2e.conftest import Server
from e2e.pictures import CELLS, CURVES, cells, decoded

pytestmark = pytest.mark.timeout(600)


def launch(page: Page, *, steps: int) -> str:
    """Fill in the demo preset's form; the new run's id."""
    page.goto("/launch?preset=demo-effopd&all=1")
    for field, value in {
        "root_name": "from the form",
        "root_budget_steps": steps,
        "root_budget_batch_size": 16,
        "root_monitoring_held_out_size": 32,
        "root_monitoring_spectral_every": 8,
        "root_strategy_validation_size": 16,
    }.items():
        page.locator(f"#{field}").fill(str(value))
    page.get_by_test_id("launch-submit").click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f]{8}"))
    match = re.search(r"/runs/([0-9a-f]{8})", page.url)
    assert match is not None
    return match[1]


def test_a_run_launched_from_the_form_is_seen_live_and_agrees_with_the_api(page: Page, server: Server) -> None:
    run_id = launch(page, steps=60)
    expect(page.get_by_test_id("run-name")).to_have_text("from the form")
    config = server.get(f"runs/{run_id}")["config"]
    assert config["budget"]["steps"] == 60
    assert config["strategy"] == {**config["strategy"], "kind": "effopd", "validation_size": 16}

    expect(page.get_by_test_id("run-state")).to_have_attribute("data-state", "running")
    for panel in ("panel-module_allocation", "panel-alignment", "panel-decisions"):
        page.wait_for_selector(f'[data-testid="{panel}"] .js-plotly-plot .main-svg')
    before = page.evaluate(CELLS, "panel-module_allocation")
    assert len(before) == 42
    page.wait_for_function(
        f"([panel, before]) => JSON.stringify(({CELLS})(panel)) !== before",
        arg=["panel-module_allocation", _json(before)],
    )
    server.wait_for(run_id, states=("finished",))
    expect(page.get_by_test_id("run-state")).to_have_attribute("data-state", "finished")
    expect(page.get_by_test_id("run-step")).to_contain_text("60")
    expect(page.get_by_test_id("panel-module_allocation").get_by_test_id("step-shown")).to_have_text("step 60")

    _heatmap_agrees(page, server, run_id)
    _alignment_agrees(page, server, run_id)
    _decisions_agree(page, server, run_id)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _heatmap_agrees(page: Page, server: Server, run_id: str) -> None:
    stored = decoded(server.get(f"runs/{run_id}/statistics/update_norm", step=60)["values"])[0]
    modules = server.get(f"runs/{run_id}/modules")["modules"]
    assert len(modules) == len(stored) == 42
    # The label is there at once, the drawing a moment later.
    wait_until(lambda: _same(cells(page, "panel-module_allocation"), stored), "the heatmap of step 60")


def _same(drawn: np.ndarray, stored: np.ndarray) -> bool:
    return any(np.allclose(drawn, np.sort(values), rtol=1e-5) for values in (stored, np.log10(stored)))


def _alignment_agrees(page: Page, server: Server, run_id: str) -> None:
    stored = server.get(f"runs/{run_id}/statistics/subspace_affinity@20", reference_step=56)
    steps, values = np.array(stored["steps"]), decoded(stored["values"])
    curves = page.evaluate(CURVES, "panel-alignment")
    groups = {module["group"] for module in server.get(f"runs/{run_id}/modules")["modules"]}
    lines = [curve for curve in curves if "lines" in (curve["mode"] or "") and set(steps.tolist()) <= set(curve["x"])]
    assert len(lines) >= len(groups) == 2
    attention = [m["group"] == "attention" for m in server.get(f"runs/{run_id}/modules")["modules"]]
    mean = values[:, np.array(attention)].mean(1)
    assert any(np.allclose(curve["y"][: len(steps)], mean, atol=1e-4) for curve in lines)


def _decisions_agree(page: Page, server: Server, run_id: str) -> None:
    decisions = server.get(f"runs/{run_id}/decisions")["decisions"]
    assert [decision["step"] for decision in decisions] == [1, 2, 4, 8, 16, 32]
    tried = {(d["step"], round(np.log2(1 + c["factor"]), 6)) for d in decisions for c in d["candidates"][1:]}
    for start, *candidates in (decision["candidates"] for decision in decisions):
        over_start = [one["score"] - start["score"] for one in candidates]
        np.testing.assert_allclose([one["gain"] for one in candidates], over_start, rtol=1e-6, atol=1e-9)
    curves = page.evaluate(CURVES, "panel-decisions")
    drawn = {(x, round(y, 6)) for curve in curves for x, y in zip(curve["x"], curve["y"], strict=False) if y}
    assert tried <= drawn
    page.get_by_test_id("tab-decisions").click()
    for decision in decisions:
        expect(page.get_by_test_id(f"decision-{decision['step']}")).to_be_visible()
    reason = decisions[-1]["candidates"][-1]["reason"]
    page.get_by_test_id(f"decision-{decisions[-1]['step']}").get_by_role("button").click()
    expect(page.get_by_role("table").filter(has_text="Verdict")).to_contain_text(reason.replace(" -", " −"))
