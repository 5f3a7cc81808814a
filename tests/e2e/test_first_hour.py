"""The first hour: from names on a hub to a model that is evaluated, talked to and published, and no path typed on the way.

The hub is a server of its own here that speaks its protocol; on it lie the demo pair, as anybody would have pushed it, and sums.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.commands import LongCommand, clean_environment
from support.hub_server import HubServer, Repository

from e2e.axe import assert_accessible
from e2e.conftest import Server, tab
from e2e.pictures import wait_until_drawn
from opdboard_worker.models.demo import load_demo

pytestmark = pytest.mark.timeout(900)

AS_IT_IS = "{{ bos_token }}{% for message in messages %}{{ message['content'] }}{% endfor %}"


def pushed(folder: Path, role: str) -> Repository:
    """A demo model as a repository of the hub."""
    loaded = load_demo(role)  # pyright: ignore[reportArgumentType]
    loaded.model.save_pretrained(folder)  # pyright: ignore[reportAttributeAccessIssue]
    loaded.tokenizer.chat_template = AS_IT_IS
    loaded.tokenizer.save_pretrained(folder)
    return Repository(license="apache-2.0", files={file.name: file.read_bytes() for file in folder.iterdir()})


def sums(first: int, rows: int, prompt: str = "task") -> bytes:
    """JSON lines with a sum and its digits from the last to the first, as the demo models write it; of 800 all differ."""
    pairs = [(100 + number, 899 - number) for number in range(first, first + rows)]
    found = [{prompt: f"{one}+{two // 2}=", "reply": {"digits": str(one + two // 2)[::-1]}} for one, two in pairs]
    return "".join(json.dumps(row) + "\n" for row in found).encode()


@pytest.fixture
def lab(hub: HubServer, tmp_path: Path) -> Iterator[Server]:
    """An installation that asks this hub."""
    for role, name in (("base", "lab/sums-small"), ("teacher", "lab/sums-large")):
        hub.models[name] = pushed(tmp_path / role, role)
    environment = clean_environment(
        tmp_path / "data", HF_ENDPOINT=hub.url, HF_HOME=str(tmp_path / "home"), HF_HUB_DISABLE_XET="1"
    )
    with LongCommand("up", "--port", "0", environment=environment) as stack:
        yield Server(stack.url, stack)


def choose(page: Page, field: str, title: str) -> None:
    """A variant of one of the form's unions."""
    page.get_by_test_id(f"root_{field}__oneof_select").click()
    page.get_by_role("option", name=title, exact=True).click()


def find(page: Page, field: str, part: str, name: str) -> None:
    """A repository by a part of its name."""
    page.locator(f"#root_{field}_repo_id").fill(part)
    page.get_by_role("option", name=name).click()


def pick(page: Page, field: str, title: str) -> None:
    page.locator(f"#root_{field}").click()
    page.get_by_role("option", name=title, exact=True).click()


def test_from_names_on_a_hub_to_a_published_model(browser: Browser, hub: HubServer, lab: Server) -> None:
    hub.datasets["lab/sums"] = Repository(files={"train.jsonl": sums(0, 300), "test.jsonl": sums(300, 64)})
    hub.datasets["lab/other-sums"] = Repository(files={"test.jsonl": sums(500, 64, "prompt")})
    with tab(browser, lab.url) as page:
        run_id = launched(page, lab)
        page.goto(f"/runs/{run_id}?tab=analyses")
        evaluated(page)
        talked(page, run_id)
        published(page, hub, run_id)


def launched(page: Page, lab: Server) -> str:
    """Models and data are searched for, a column is mapped, the pair is checked; the id of the run, which is over."""
    page.goto("/launch")
    page.get_by_test_id("preset-hub-pair").click()
    find(page, "student", "small", "lab/sums-small")
    find(page, "teacher_source", "large", "lab/sums-large")
    find(page, "data", "sums", "lab/sums")
    page.locator("#root_data_configuration").fill("")
    look = page.get_by_test_id("data-look")
    expect(look).to_contain_text("it has task, reply. Name the column in data.columns.prompt")
    page.get_by_test_id("launch-all").check(force=True)
    page.locator("#root_data_columns_prompt").fill("task")
    page.locator("#root_data_columns_answer").fill("reply.digits")
    page.locator("#root_data_instruction").fill("")
    pick(page, "data_verifier", "exact")
    expect(page.get_by_test_id("data-rows")).to_have_text("300 rows: 300 as mapped columns")
    for field, value in {
        "name": "sums",
        "optimizer_learning_rate": "1e-4",
        "budget_steps": "8",
        "budget_max_prompt_tokens": "16",
        "budget_max_response_tokens": "6",
    }.items():
        page.locator(f"#root_{field}").fill(value)
    page.get_by_test_id("check-submit").click()
    expect(page.get_by_test_id("check-card")).to_contain_text("nats/token from the teacher", timeout=120_000)
    page.get_by_test_id("launch-submit").click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f]{8}"))
    run_id = page.url.rsplit("/", 1)[-1][:8]
    wait_until_drawn(page, "panel-module_allocation")
    expect(page.get_by_test_id("run-state")).to_have_text("finished", timeout=120_000)
    return run_id


def evaluated(page: Page) -> None:
    """avg@4 of base, teacher and checkpoint on two sets."""
    page.get_by_test_id("evaluate").click()
    form = page.get_by_test_id("ask-analysis")
    expect(form.locator("#root_sets_0_data_repo_id")).to_have_value("lab/sums")
    form.get_by_role("button", name="Add to sets").click()
    form.locator("#root_sets_1_name").fill("other")
    form.get_by_test_id("root_sets_1_data__oneof_select").get_by_text("Hugging Face hub").click()
    find(page, "sets_1_data", "other", "lab/other-sums")
    form.locator("#root_sets_1_data-section").locator("summary").first.click()
    for field, value in {
        "data_split": "test",
        "data_columns_answer": "reply.digits",
        "data_instruction": "",
        "prompts": "64",
        "max_response_tokens": "6",
    }.items():
        form.locator(f"#root_sets_1_{field}").fill(value)
    pick(page, "sets_1_data_verifier", "exact")
    form.locator("#root_teacher").check(force=True)
    assert_accessible(page)
    form.get_by_test_id("analysis-submit").click()
    table = page.get_by_test_id("evaluation-table")
    expect(table.get_by_test_id("evaluated-held-out-checkpoint-8")).to_contain_text(
        re.compile(r"\d+\.\d %"), timeout=120_000
    )
    expect(table.get_by_test_id("evaluated-other-checkpoint-8")).to_be_visible(timeout=120_000)


def talked(page: Page, run_id: str) -> None:
    """Base and result answer one prompt side by side."""
    page.goto(f"/runs/{run_id}?tab=playground&voices=base,8")
    page.get_by_test_id("prompt").fill("123+456=")
    page.get_by_test_id("ask").click()
    expect(page.get_by_test_id("talk-1")).to_have_attribute("data-done", "true", timeout=120_000)
    for voice in ("base", "8"):
        expect(page.get_by_test_id(f"answer-1-1-{voice}")).to_contain_text(re.compile(r"\d+ tokens, mean KL"))


def published(page: Page, hub: HubServer, run_id: str) -> None:
    """The last checkpoint is exported and pushed with a card that tells what was evaluated."""
    page.goto(f"/runs/{run_id}?tab=checkpoints")
    page.get_by_role("link", name="Export the checkpoint of step").first.click()
    form = page.get_by_test_id("ask-analysis")
    form.get_by_label("Push to").fill("lab/sums-distilled")
    form.get_by_test_id("analysis-submit").click()
    newest = page.get_by_test_id("analyses-export").locator("tbody tr").first
    expect(newest).to_contain_text("finished", timeout=120_000)
    repository = hub.models["lab/sums-distilled"]
    assert repository.private
    assert {"model.safetensors", "tokenizer.json", "opdboard.yaml"} <= repository.files.keys()
    card = repository.files["README.md"].decode()
    assert "lab/sums-large" in card and "avg@n" in card
