"""The launch page: refused values, the summary's numbers, YAML there and back, changes put back, a sweep that runs."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.commands import clean_environment, web_server

from e2e.axe import assert_accessible
from e2e.conftest import Server, Shown, demo_config, tab
from opdboard.db.database import Database
from opdboard.domain.strategies.none import NoStrategy

pytestmark = pytest.mark.timeout(600)


def test_a_wrong_value_is_refused_beside_its_field_and_the_summary_is_that_of_the_preset(page: Page) -> None:
    page.goto("/launch?preset=demo-effopd&all=1")
    expect(page.get_by_test_id("plan-steps")).to_have_text("64")
    expect(page.get_by_test_id("plan-prompts")).to_have_text("16,384")  # 64 x 256
    expect(page.get_by_test_id("plan-training-tokens")).to_have_text("98.3k")  # 64 x 256 x 6
    expect(page.get_by_test_id("plan-search-tokens")).to_contain_text("16.1k")  # 7 triggers x 6 x 64 x 6
    expect(page.get_by_test_id("plan-search-tokens")).to_contain_text("7 triggers, up to 35 tries")
    expect(page.get_by_test_id("plan-checkpoints")).to_contain_text("2")
    expect(page.get_by_test_id("plan-disk")).to_contain_text("6.18 MiB a checkpoint")
    expect(page.get_by_test_id("plan-place")).to_contain_text("any device")
    assert_accessible(page)
    page.locator("#root_optimizer_warmup_steps").fill("500")
    refused = "warmup_steps (500) must be below budget.steps (64)"
    expect(page.locator("#root_optimizer_warmup_steps-error")).to_contain_text(refused)
    expect(page.get_by_test_id("error-summary")).to_contain_text(refused)
    expect(page.get_by_test_id("section-Optimizer")).to_contain_text("1 refused")
    expect(page.get_by_test_id("launch-submit")).to_be_disabled()
    expect(page.get_by_test_id("launch-bar")).to_contain_text("One value is refused: show it")
    page.get_by_test_id("was-optimizer.warmup_steps").click()
    expect(page.get_by_test_id("error-summary")).to_have_count(0)
    expect(page.locator("#root_optimizer_warmup_steps")).to_have_value("0")


def test_yaml_goes_there_and_back_with_its_comments(page: Page) -> None:
    page.goto("/launch?preset=demo-effopd&all=1")
    page.locator("#root_seed").fill("7")
    page.get_by_test_id("launch-all").uncheck(force=True)
    page.get_by_test_id("launch-view").get_by_text("YAML").click()
    text = page.get_by_test_id("yaml-text")
    expect(text).to_have_value(re.compile(r"learning_rate: 1e-5\n(.|\n)*seed: 7"))
    assert_accessible(page)
    edited = text.input_value().replace("learning_rate: 1e-5", "learning_rate: 3e-6 # smaller")
    text.fill(edited + "precision: bf16\n")
    page.get_by_test_id("launch-view").get_by_text("Form").click()
    expect(page.locator("#root_optimizer_learning_rate")).to_have_value("3e-6")
    expect(page.get_by_test_id("change-precision")).to_contain_text("bf16")
    page.locator("#root_budget_steps").fill("32")
    page.get_by_test_id("launch-view").get_by_text("YAML").click()
    expect(text).to_have_value(re.compile(r"3e-6 # smaller\n(.|\n)*steps: 32"))
    expect(page.get_by_test_id("plan-steps")).to_have_text("32")

    text.fill("seed: 1\nbudget: {steps: 3\nname: x\n")
    expect(page.get_by_test_id("yaml-problems")).to_contain_text(re.compile(r"Line \d, column \d"))
    expect(page.get_by_test_id("launch-submit")).to_be_disabled()
    text.fill("seed: 1\nbudget:\n  stepps: 3\n")
    expect(page.get_by_test_id("yaml-problems")).to_contain_text("Line 3, column 3")
    expect(page.get_by_test_id("yaml-problems")).to_contain_text("budget.stepps: There is no such key")
    page.get_by_test_id("launch-all").check(force=True)
    expect(text).to_have_value(re.compile("keep_checkpoints: 4"))


def choose_strategy(page: Page, title: str) -> None:
    page.locator("#root_strategy__oneof_select").click()
    page.get_by_role("option", name=title, exact=True).click()


def test_a_clone_shows_what_differs_and_a_fork_starts_from_the_checkpoint(page: Page, server: Server) -> None:
    run_id = server.create(demo_config(2, name="the original", strategy=NoStrategy()))
    server.wait_for(run_id, states=("finished",))
    page.goto(f"/launch?clone={run_id}&all=1")
    expect(page.locator("#root_name")).to_have_value("the original copy")
    expect(page.get_by_test_id("changes")).to_contain_text("No change")
    page.locator("#root_budget_batch_size").fill("8")
    choose_strategy(page, "EffOPD")
    expect(page.get_by_test_id("changes")).to_contain_text("2 changes")
    expect(page.get_by_test_id("change-strategy.kind")).to_contain_text("none → effopd")
    page.get_by_test_id("change-strategy.kind").get_by_role("button").click()
    expect(page.get_by_test_id("changes")).to_contain_text("1 change")
    page.get_by_test_id("was-budget.batch_size").click()
    expect(page.locator("#root_budget_batch_size")).to_have_value("16")

    page.goto("/launch?preset=demo-effopd")
    choose_strategy(page, "None (plain OPD)")
    expect(page.get_by_test_id("changes")).to_contain_text("1 change")
    page.get_by_test_id("launch-view").get_by_text("YAML").click()
    expect(page.get_by_test_id("yaml-text")).not_to_have_value(re.compile("candidates|strategy"))

    page.goto(f"/launch?fork={run_id}&step=2&all=1")
    expect(page.get_by_test_id("origin-run")).to_contain_text("at step 2")
    expect(page.get_by_test_id("changes")).to_contain_text("No change")
    page.get_by_test_id("launch-group").fill("forks")
    page.get_by_test_id("launch-submit").click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f]{8}"))
    made = server.get(f"runs/{page.url.rsplit('/', 1)[-1][:8]}")
    assert (made["forked_from"], made["forked_step"], made["group"]) == (run_id, 2, "forks")
    server.wait_for(made["id"], states=("finished",))


def test_a_sweep_of_seeds_and_rates_makes_a_group_that_finishes(page: Page, server: Server) -> None:
    page.goto("/launch?preset=demo-opd&all=1")
    for field, value in {
        "name": "tiny",
        "budget_steps": 2,
        "budget_batch_size": 8,
        "monitoring_held_out_size": 8,
    }.items():
        page.locator(f"#root_{field}").fill(str(value))
    page.get_by_test_id("section-Sweep").locator("summary").click()
    page.get_by_test_id("sweep-seeds").fill("0-1")
    page.get_by_test_id("sweep-add-rate").click()
    page.get_by_test_id("sweep-values-0").fill("1e-5, 2")
    expect(page.get_by_test_id("section-Sweep")).to_contain_text("With lr 2 · seed 0")
    page.get_by_test_id("sweep-values-0").fill("1e-5, 3e-5")
    expect(page.get_by_test_id("sweep-preview").locator("tbody tr")).to_have_count(4)
    expect(page.get_by_test_id("sweep-preview")).to_contain_text("tiny · lr 3e-5 · seed 1")
    expect(page.get_by_test_id("plan-steps")).to_have_text("8")
    page.get_by_test_id("launch-group").fill("grid")
    assert_accessible(page)
    page.get_by_test_id("launch-submit").click()
    page.wait_for_url("**/compare?groups=grid")
    made = [run for run in server.get("runs", limit=50)["runs"] if run["group"] == "grid"]
    assert sorted(run["learning_rate"] for run in made) == [1e-5, 1e-5, 3e-5, 3e-5]
    for run in reversed(made):  # the first one made is the first one trained
        server.wait_for(run["id"], states=("finished",))


def test_data_is_looked_at_before_a_launch_and_a_column_is_mapped(page: Page, tmp_path: Path) -> None:
    rows = [{"q": f"What is {number} + 1?", "reply": {"final": number + 1}} for number in range(30)]
    file = tmp_path / "sums.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in [*rows, rows[0]]))
    page.goto("/launch?preset=real-model&all=1")
    look = page.get_by_test_id("data-look")
    expect(look).to_contain_text("The data was not seen here")
    expect(page.get_by_test_id("notice-data.path")).to_contain_text("There is no file gsm8k_test.jsonl on this machine")
    page.locator("#root_data_path").fill(str(file))
    expect(page.get_by_test_id("notice-data.path")).to_have_count(0)
    page.get_by_test_id("root_data_path-browse").click()
    expect(page.get_by_test_id("places")).to_contain_text("OPDBOARD_MODEL_ROOTS")
    page.keyboard.press("Escape")
    expect(look).to_contain_text(f"Row {file}:1 is refused")
    expect(look).to_contain_text("it has q, reply. Name the column in data.columns.prompt")
    page.locator("#root_data_columns_prompt").fill("q")
    expect(page.get_by_test_id("data-rows")).to_have_text("31 rows: 31 as mapped columns")
    expect(look).to_contain_text("31 without an answer: not judged")
    page.locator("#root_data_columns_answer").fill("reply.final")
    expect(look).to_contain_text("answer from reply.final")
    expect(look).to_contain_text("1 ask what an earlier row asks")
    look.get_by_text("First rows").click()
    expect(look).to_contain_text("user What is 0 + 1?")
    expect(look).to_contain_text("at most 15 characters")
    assert_accessible(page)
    page.get_by_test_id("root_data__oneof_select").get_by_text("Uploaded file").click()
    drop = page.get_by_test_id("root_data_file-drop")
    broken = {"name": "broken.jsonl", "mimeType": "", "buffer": b'{"q": '}
    drop.locator("input").set_input_files(broken)  # pyright: ignore[reportArgumentType]
    expect(drop).to_contain_text("broken.jsonl:1: the row is not valid JSON")
    drop.locator("input").set_input_files(file)
    expect(drop).to_contain_text("sums.jsonl")
    page.get_by_test_id("root_data_file-kept").click()
    page.get_by_test_id("kept-uploads").get_by_role("button", name="sums.jsonl", exact=True).click()
    expect(page.get_by_test_id("kept-uploads")).to_have_count(0)
    expect(page.get_by_test_id("data-rows")).to_have_text("31 rows: 31 as mapped columns")
    assert_accessible(page)


def test_the_demo_begins_from_an_empty_home(browser: Browser, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'opdboard.db'}")
    database.upgrade()
    database.close()
    with web_server(clean_environment(tmp_path)) as url, tab(browser, url) as page:
        page.goto("/")
        expect(page.get_by_test_id("demo-waits")).to_contain_text("No worker is alive")
        assert_accessible(page)
        page.get_by_test_id("launch-demo").click()
        page.wait_for_url(re.compile(r"/runs/[0-9a-f]{8}"))
        expect(page.get_by_role("heading", name="EffOPD, lr 1e-5")).to_be_visible()


def test_what_made_a_run_fail_is_changed_at_its_field(shown_page: Page, shown: Shown) -> None:
    page = shown_page
    page.goto(f"/launch?clone={shown.ids['failed']}&field=optimizer.weight_decay")
    field = page.locator("#root_optimizer_weight_decay")
    expect(field).to_be_focused()
    expect(field).to_be_in_viewport()
    expect(page.locator("#root_optimizer_weight_decay-error")).to_contain_text(
        "The run failed here: the loss at step 5"
    )
    field.fill("0.1")
    expect(page.locator("#root_optimizer_weight_decay-error")).to_have_count(0)
    page.get_by_test_id("find-field").fill("max_completion")
    expect(page.locator("#root_budget_max_response_tokens")).to_be_visible()
    expect(page.locator("#root_budget_steps")).to_be_hidden()
    expect(page.get_by_test_id("found-fields")).to_contain_text("1 of ")
    page.get_by_test_id("find-field").fill("lmbda")
    expect(page.get_by_test_id("trl-says")).to_contain_text("always 1: every batch is sampled from the student")
    page.get_by_test_id("find-field").fill("")
    page.get_by_test_id("changed-only").check(force=True)
    expect(field).to_be_visible()
    expect(page.locator("#root_optimizer_beta1")).to_be_hidden()
    assert_accessible(page)
    page.goto("/launch?preset=demo-opd")
    page.get_by_test_id("section-Sweep").locator("summary").click()
    page.get_by_test_id("sweep-add-rate").click()
    expect(page.get_by_test_id("launch-submit")).to_be_disabled()
    expect(page.get_by_test_id("launch-bar")).to_contain_text("One value is refused: show it")
