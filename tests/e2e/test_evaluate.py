"""The evaluation of a finished run on two sets is asked for from its page, and its table read."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from playwright.sync_api import Page, expect

from e2e.axe import assert_accessible
from e2e.conftest import Server, demo_config
from e2e.pictures import wait_until_drawn

pytestmark = pytest.mark.timeout(600)

SETS = {"sums": {"prompts": 8, "samples": 4}, "short-sums": {"prompts": 4, "samples": 4, "data_digits": 2}}


def percent(share: float) -> Decimal:
    return Decimal(100 * share).quantize(Decimal("0.1"), ROUND_HALF_UP)


def test_two_sets_are_evaluated_and_the_table_is_read(page: Page, server: Server) -> None:
    run_id = server.create(demo_config(2))
    server.wait_for(run_id, states=("finished",))
    page.goto(f"/runs/{run_id}?tab=analyses")
    page.get_by_test_id("evaluate").click()
    form = page.get_by_test_id("ask-analysis")
    expect(form.get_by_test_id("analysis-kind")).to_have_value("Evaluate on named sets")
    form.get_by_label("Seed").fill("1")
    expect(form.locator("#root_sets_0_name")).to_have_value("held-out")
    form.get_by_role("button", name="Remove number 1").click()
    form.get_by_test_id("analysis-submit").click()
    expect(form.get_by_role("alert")).to_contain_text("The run has no sets of its own; add one")
    for place, (name, fields) in enumerate(SETS.items()):
        form.get_by_role("button", name="Add to sets").click()
        form.locator(f"#root_sets_{place}_data-section").locator("summary").first.click()
        for field, value in {"name": name, "max_response_tokens": 6, **fields}.items():
            form.locator(f"#root_sets_{place}_{field}").fill(str(value))
    form.get_by_text("A set that training is not about").last.scroll_into_view_if_needed()
    form.locator("#root_sets_1_forgetting").check(force=True)
    form.locator("#root_teacher").check(force=True)
    assert_accessible(page)
    form.get_by_test_id("analysis-submit").click()

    table = page.get_by_test_id("evaluation-table")
    expect(table.get_by_test_id("evaluated-short-sums-checkpoint-2")).to_be_visible(timeout=120_000)
    expect(table).to_contain_text("8 prompts, n = 4, temperature 1, at most 6 tokens")
    expect(table).to_contain_text("training is not about it, 4 prompts")
    found = server.get(f"analyses/{server.get('analyses', runs=run_id)['analyses'][0]['id']}")["variants"]
    assert [one["family"] for one in found] == ["base", "base", "teacher", "teacher", "checkpoint", "checkpoint"]
    for one in found:
        x = "" if one["x"] is None else f"{one['x']:g}"
        row = table.get_by_test_id(f"evaluated-{one['details']['set']}-{one['family']}-{x}")
        avg = next(score for score in one["scores"] if score["measure"] == "avg")
        expect(row.get_by_role("cell").nth(1)).to_contain_text(f"{percent(avg['score']['value'])} %")
    heads = table.get_by_role("columnheader")
    expect(heads).to_have_text(
        ["Weights", "avg@n", "pass@2", "pass@4", "maj@n", "Cut off", "Tokens", "avg@n over base, points"]
    )
    page.get_by_test_id("evaluate").click()
    wait_until_drawn(page, "panel-evaluate")
    assert_accessible(page)
