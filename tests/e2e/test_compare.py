"""Two groups of two seeds side by side: chips, meter, axes, differences, and what is refused."""

import re
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Page, expect

from e2e.axe import assert_accessible
from e2e.conftest import Server, demo_config
from e2e.pictures import decoded, wait_until_drawn
from opdboard.domain.strategies.none import NoStrategy

pytestmark = pytest.mark.timeout(600)


@dataclass
class Groups:
    """Finished runs by group."""

    plain: list[str]
    ahead: list[str]


@pytest.fixture(scope="module")
def groups(server: Server) -> Groups:
    """Groups 'plain' and 'ahead' of the seeds 0 and 1."""

    def create(group: str, seed: int) -> str:
        changes = {"strategy": NoStrategy()} if group == "plain" else {}
        config = demo_config(24, name=f"{group} {seed}", seed=seed, **changes)
        body = {"config": config.model_dump(mode="json"), "group": group}
        return httpx.post(f"{server.url}/api/runs", json=body, timeout=30).raise_for_status().json()["id"]

    made = Groups([create("plain", seed) for seed in (0, 1)], [create("ahead", seed) for seed in (0, 1)])
    for run_id in (*made.plain, *made.ahead):
        server.wait_for(run_id, states=("finished",), seconds=400)
    return made


def x_title(page: Page, panel: str) -> str:
    return page.evaluate(
        """(panel) => document.querySelector(`[data-testid="${panel}"] .js-plotly-plot`)?.layout.xaxis.title.text ?? ''""",
        panel,
    )


def test_two_groups_are_compared(page: Page, server: Server, groups: Groups) -> None:
    page.goto("/compare?groups=plain")
    page.get_by_test_id("add-entry").click()
    page.get_by_test_id("add-entry").fill("ahea")
    page.get_by_role("option", name="ahead · 2 runs").click()
    for name in ("plain", "ahead"):
        expect(page.get_by_test_id(f"chip-group:{name}")).to_contain_text("2 runs")

    meter = server.get("compare/speedup", runs="group:plain,group:ahead", reference="group:plain", share=0.95)
    row = next(row for row in meter["rows"] if row["key"] == "group:ahead")
    shown = page.get_by_test_id("speedup-group:ahead")
    expect(shown).to_contain_text(f"{row['reached']} of 2")
    if row["ratios"]["steps"]:
        expect(shown).to_contain_text(f"{row['ratios']['steps']['value']:.3g}×")
    expect(page.get_by_test_id("speedup-rates")).to_contain_text("All at the same learning rate")

    curves = "panel-scalars-eval-accuracy"
    wait_until_drawn(page, curves)
    assert x_title(page, curves) == "optimizer step t"
    page.get_by_test_id("control-x").click()
    page.get_by_role("option", name="matched teacher KL").click()
    expect(page).to_have_url(re.compile(r"curves\.x=teacher_kl"))
    page.wait_for_function(
        """() => (document.querySelector('[data-testid="panel-scalars-eval-accuracy"] .js-plotly-plot')?.layout.xaxis.title.text ?? '')
          .startsWith('Held-out KL')"""
    )

    wait_until_drawn(page, "panel-module_allocation")
    wait_until_drawn(page, "panel-difference")
    slider = page.get_by_test_id("panel-module_allocation").get_by_role("slider")
    slider.focus()
    slider.press("Home")
    expect(page).to_have_url(re.compile(r"module_allocation\.step=1"))
    expect(page.get_by_test_id("panel-difference")).to_be_visible()

    differences = page.get_by_test_id("config-differences")
    differences.scroll_into_view_if_needed()
    expect(differences).to_contain_text("strategy.kind")
    expect(differences.get_by_role("row", name="seed", exact=False).first).to_contain_text("0, 1")
    differences.get_by_label("Find a key").fill("candidates")
    expect(differences).not_to_contain_text("strategy.kind")

    page.get_by_label("Make ahead the reference").click()
    expect(page.get_by_test_id("speedup-group:ahead")).to_contain_text("reference")
    page.evaluate("window.scrollTo(0, 0)")
    assert_accessible(page)
    page.get_by_label("Remove ahead").click()
    expect(page.get_by_text("Add a second run or group")).to_be_visible()


def brackets(server: Server, run_id: str, target: float) -> dict[str, tuple[float, float]]:
    """By hand: what the last evaluation that had not reached the target had cost, and the one that had, never lost again."""
    keys = "eval/reverse_kl,tokens,search_tokens,seconds"
    stored = server.get(f"runs/{run_id}/series", keys=keys)["series"]
    steps, values = (decoded(stored["eval/reverse_kl"][name]).tolist() for name in ("steps", "values"))
    smooth = [values[0]] + [sorted(values[at - 1 : at + 2])[1] for at in range(1, len(values) - 1)]
    smooth += [sorted([values[-1], smooth[-1], 3 * smooth[-1] - 2 * smooth[-2]])[1]]
    first = next(at for at in range(len(smooth)) if max(smooth[at:]) <= target)
    costs = {
        key: dict(zip(*(decoded(one[name]).tolist() for name in ("steps", "values")), strict=True))
        for key, one in stored.items()
    }
    ends = [steps[max(0, first - 1)], steps[first]]
    tokens = [costs["tokens"][step] + costs["search_tokens"][step] for step in ends]
    return {"steps": tuple(ends), "tokens": tuple(tokens), "seconds": tuple(costs["seconds"][step] for step in ends)}


def test_the_bracket_of_a_speed_up_is_that_of_the_series(page: Page, server: Server, groups: Groups) -> None:
    slow, fast = groups.plain[0], groups.ahead[0]
    page.goto(f"/compare?runs={slow},{fast}&share=0.9")
    meter = server.get("compare/speedup", runs=f"{slow},{fast}", share=0.9)
    reference, own = (brackets(server, run_id, meter["target"]) for run_id in (slow, fast))
    cells = page.get_by_test_id(f"speedup-{fast}").get_by_role("cell")
    expect(cells.nth(1)).to_have_text("1e-5")
    for column, cost in enumerate(("steps", "tokens", "seconds"), 2):
        least = reference[cost][0] / own[cost][1]
        most = f"{reference[cost][1] / own[cost][0]:.2g}" if own[cost][0] else "∞"
        expect(cells.nth(column)).to_contain_text(f"[{least:.2g}–{most}]")
        expect(cells.nth(column)).to_contain_text("n = 1")
    steps = page.get_by_test_id(f"speedup-{slow}").get_by_role("cell").nth(5)
    expect(steps).to_contain_text(f"[{reference['steps'][0]:g}–{reference['steps'][1]:g}]")


def test_a_ninth_entry_is_left_out_and_said(page: Page, groups: Groups) -> None:
    runs = [*groups.plain, *groups.ahead]
    page.goto(f"/compare?runs={','.join([*runs, 'gone1', 'gone2', 'group:plain', 'group:ahead', 'ninth'])}")
    expect(page.get_by_test_id("compare-surplus")).to_contain_text("1 more in this address is left out: ninth")
    expect(page.get_by_test_id("compare-full")).to_be_visible()
    expect(page.get_by_text("gone1 cannot be read")).to_be_visible()
    page.get_by_role("button", name="Keep the first 8").click()
    expect(page.get_by_test_id("compare-surplus")).to_be_hidden()
    page.get_by_label("Remove gone1").click()
    expect(page.get_by_test_id("add-entry")).to_be_visible()
