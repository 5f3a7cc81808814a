"""A series is chosen out of the server's folders and becomes a run; no worker is needed to see that."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.commands import clean_environment, web_server

from e2e.axe import assert_accessible
from e2e.conftest import tab
from opdboard.db.database import Database


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A base and an output folder with two checkpoints; nobody opens their files here."""
    root = tmp_path / "models"
    for name in ("base", "output/checkpoint-100", "output/checkpoint-20"):
        (root / name).mkdir(parents=True)
        (root / name / "model.safetensors").touch()
    return root


def test_a_series_is_picked_from_folders_and_measured(browser: Browser, models: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    database = Database(f"sqlite:///{data / 'opdboard.db'}")
    database.upgrade()
    database.close()
    with (
        web_server(clean_environment(data, OPDBOARD_MODEL_ROOTS=str(models))) as url,
        tab(browser, url) as page,
    ):
        page.goto("/runs")
        page.get_by_test_id("new-analysis").click()
        page.get_by_test_id("folder-models").get_by_role("button", name="models").click()
        page.get_by_test_id("folder-base").get_by_test_id("use-as-base").click()
        expect(page.get_by_label("Base", exact=True)).to_have_value(str(models / "base"))
        page.get_by_test_id("folder-output").get_by_role("button", name="output").click()
        expect(page.get_by_test_id("folder-checkpoint-100")).to_contain_text("model of step 100")
        assert_accessible(page)
        page.get_by_test_id("folder-itself").get_by_test_id("add-checkpoints").click()
        page.get_by_label("Checkpoints", exact=True).press("End")
        page.get_by_label("Checkpoints", exact=True).press_sequentially("\n/etc")
        page.get_by_test_id("series-start").click()
        expect(page.get_by_text("outside of the folders that may be read")).to_be_visible()
        page.get_by_label("Checkpoints", exact=True).fill(str(models / "output"))
        page.get_by_test_id("series-start").click()
        expect(page.get_by_test_id("run-name")).to_contain_text("models/output analysed")
        expect(page.get_by_test_id("steer-pause")).to_be_visible()
        expect(page.get_by_test_id("steer-extrapolate")).to_have_count(0)
        page.keyboard.press("Control+k")
        page.get_by_test_id("palette-search").fill("import checkpoints")
        page.get_by_test_id("palette-page-import").click()
        expect(page.get_by_role("heading", name="Import checkpoints", exact=True)).to_be_visible()
        expect(page.get_by_test_id("recent-jobs")).to_contain_text("models/output analysed")
