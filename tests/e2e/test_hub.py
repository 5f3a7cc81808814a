"""A model is found on the hub from the launch form, by a server that stands in for it."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.commands import clean_environment, web_server
from support.hub_server import HubServer, Repository

from e2e.axe import assert_accessible
from e2e.conftest import tab, window

pytestmark = pytest.mark.timeout(600)


@contextmanager
def served(filled: tuple[Path, dict[str, str]], folder: Path, **environment: str) -> Iterator[str]:
    """The address of a web server with these settings of the hub's client."""
    shutil.copy(filled[0], folder)
    with web_server(clean_environment(folder, **environment)) as url:
        yield url


def student_by_name(page: Page) -> None:
    page.goto("/launch?preset=demo-effopd&all=1")
    page.get_by_test_id("root_student__oneof_select").click()
    page.get_by_role("option", name="Hugging Face hub").click()


CARD = (
    "---\nconfigs:\n- {config_name: main, data_files: [{split: train, path: a.jsonl}, {split: test, path: b.jsonl}]}\n"
)
CARD += "- {config_name: socratic, data_files: b.jsonl}\n---\n"


def test_student_and_data_are_found_by_a_part_of_their_names(
    browser: Browser, filled, hub: HubServer, tmp_path: Path
) -> None:
    hub.models["org/Tiny-1B-Base"] = Repository(license="apache-2.0")
    hub.models["org/Tiny-1B-Chat"] = Repository(gated=True, license="other")
    hub.models["org/other"] = Repository()
    rows = [json.dumps({"question": f"{number} + 1?", "answer": f"#### {number + 1}"}) for number in range(3)]
    hub.datasets["org/sums"] = Repository(
        files={"README.md": CARD.encode(), "a.jsonl": "\n".join(rows).encode(), "b.jsonl": rows[0].encode()}
    )
    environment = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf")}
    with served(filled, tmp_path, **environment) as url, tab(browser, url) as page:
        student_by_name(page)
        name = page.get_by_label("Repo id").first
        name.fill("tiny")
        found = page.get_by_role("option")
        expect(found).to_have_count(2)
        expect(page.get_by_role("option", name="org/Tiny-1B-Chat")).to_contain_text("asks for an agreement")
        assert_accessible(page)
        page.get_by_role("option", name="org/Tiny-1B-Base").click()
        expect(name).to_have_value("org/Tiny-1B-Base")
        page.get_by_test_id("root_data__oneof_select").get_by_text("Hugging Face hub").click()
        page.locator("#root_data_repo_id").fill("sums")
        page.get_by_role("option", name="org/sums").click()
        look = page.get_by_test_id("data-look")
        expect(look).to_contain_text("org/sums has several configurations; choose one of main, socratic")
        page.locator("#root_data_configuration").click()
        page.get_by_role("option", name="main").click()
        expect(page.get_by_test_id("data-rows")).to_have_text("3 rows: 3 as GSM8K")
        page.locator("#root_data_held_out").click()
        page.get_by_role("option", name="test").click()
        expect(page.locator("#root_data_held_out")).to_have_value("test")
        assert_accessible(page)


def test_without_the_hub_a_name_can_be_typed(browser: Browser, filled, tmp_path: Path) -> None:
    with served(filled, tmp_path, HF_HUB_OFFLINE="1") as url, window(browser, url) as page:
        student_by_name(page)
        page.get_by_label("Repo id").first.fill("org/mine")
        expect(page.get_by_text("this machine does not ask the hub")).to_be_visible()
        expect(page.get_by_label("Repo id").first).to_have_value("org/mine")
