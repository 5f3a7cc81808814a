"""A model is found on the hub from the launch form, by a server that stands in for it."""

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


def test_a_student_is_found_by_a_part_of_its_name(browser: Browser, filled, hub: HubServer, tmp_path: Path) -> None:
    hub.models["org/Tiny-1B-Base"] = Repository(license="apache-2.0")
    hub.models["org/Tiny-1B-Chat"] = Repository(gated=True, license="other")
    hub.models["org/other"] = Repository()
    with served(filled, tmp_path, HF_ENDPOINT=hub.url) as url, tab(browser, url) as page:
        student_by_name(page)
        name = page.get_by_label("Repo id").first
        name.fill("tiny")
        found = page.get_by_role("option")
        expect(found).to_have_count(2)
        expect(page.get_by_role("option", name="org/Tiny-1B-Chat")).to_contain_text("asks for an agreement")
        assert_accessible(page)
        page.get_by_role("option", name="org/Tiny-1B-Base").click()
        expect(name).to_have_value("org/Tiny-1B-Base")


def test_without_the_hub_a_name_can_be_typed(browser: Browser, filled, tmp_path: Path) -> None:
    with served(filled, tmp_path, HF_HUB_OFFLINE="1") as url, window(browser, url) as page:
        student_by_name(page)
        page.get_by_label("Repo id").first.fill("org/mine")
        expect(page.get_by_text("this server does not ask the hub")).to_be_visible()
        expect(page.get_by_label("Repo id").first).to_have_value("org/mine")
