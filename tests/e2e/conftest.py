"""A real installation (`opdboard up`) and a real browser."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, ViewportSize, expect, sync_playwright
from support.commands import LongCommand, clean_environment, wait_until, web_server
from support.shown_runs import fill

from opdboard.db.database import Database
from opdboard.domain.budget import Budget
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.run_config import RunConfig
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.export.figures import browser as installed_browser

VIEWPORT: ViewportSize = {"width": 1280, "height": 800}
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",  # builds differ in their default
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is an end-to-end test."""
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker(pytest.mark.e2e)


def demo_config(steps: int, **changes: Any) -> RunConfig:
    """A small EffOPD run on the demo pair."""
    config = RunConfig(
        strategy=EffOPD(score="negative_reverse_kl", validation_size=16, candidates=2),
        optimizer=Optimizer(learning_rate=1e-5),
        budget=Budget(steps=steps, batch_size=16, max_prompt_tokens=16, max_response_tokens=6, checkpoint_every=10),
        monitoring=Monitoring(evaluate_every=4, held_out_size=32, spectral_every=8, samples_count=2),
    )
    return config.model_copy(update=changes)


def _json(url: str, path: str, params: dict[str, Any]) -> Any:
    return httpx.get(f"{url}/api/{path}", params=params, timeout=30).raise_for_status().json()


@dataclass
class Shown:
    """A web server without workers on runs whose every number is known: its address, its runs by name, its database."""

    url: str
    ids: dict[str, str]
    database: Database

    def get(self, path: str, **params: Any) -> Any:
        """JSON of a GET that must succeed."""
        return _json(self.url, path, params)


@dataclass
class Server:
    """The running installation, through its API."""

    url: str
    stack: LongCommand

    def get(self, path: str, **params: Any) -> Any:
        """JSON of a GET that must succeed."""
        return _json(self.url, path, params)

    def create(self, config: RunConfig) -> str:
        """A queued run."""
        body = {"config": config.model_dump(mode="json")}
        return httpx.post(f"{self.url}/api/runs", json=body, timeout=30).raise_for_status().json()["id"]

    def command(self, run_id: str, name: str) -> None:
        """Steer a run."""
        httpx.post(f"{self.url}/api/runs/{run_id}/commands", json={"command": name}, timeout=30).raise_for_status()

    def delete(self, run_id: str) -> None:
        """Remove a run that is not active."""
        httpx.delete(f"{self.url}/api/runs/{run_id}", timeout=30).raise_for_status()

    def wait_for(
        self, run_id: str, *, step: int = 0, states: tuple[str, ...] = (), seconds: float = 180
    ) -> dict[str, Any]:
        """Until the run has reached a step and one of the states; the run then."""

        def reached() -> dict[str, Any] | None:
            run = self.get(f"runs/{run_id}")
            return run if run["step"] >= step and (not states or run["state"] in states) else None

        return wait_until(reached, f"run {run_id} at step {step} {' or '.join(states)}", seconds)  # pyright: ignore[reportReturnType]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`opdboard up` on a free port."""
    environment = clean_environment(tmp_path_factory.mktemp("e2e") / "data")
    with LongCommand("up", "--port", "0", environment=environment) as stack:
        yield Server(stack.url, stack)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A database file with the runs of an installation to look at, and their ids by name."""
    file = tmp_path_factory.mktemp("filled") / "opdboard.db"
    database = Database(f"sqlite:///{file}")
    database.upgrade()
    with pytest.MonkeyPatch.context() as clock:
        ids = fill(database, clock)
    database.close()
    return file, ids


@pytest.fixture(scope="module")
def shown(filled: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """Far faster than `server` where nothing has to be trained; a module has one of its own and may write to it."""
    file, ids = filled
    data = tmp_path_factory.mktemp("shown") / "data"
    data.mkdir()
    shutil.copy(file, data)
    database = Database(f"sqlite:///{data / file.name}")
    with web_server(clean_environment(data)) as url:
        yield Shown(url, ids, database)
    database.close()


@pytest.fixture
def long_run(server: Server) -> Iterator[Callable[..., str]]:
    """long_run(steps, **changes) -> id of a run that is stopped, if it has not ended, when the test is over."""
    created: list[str] = []

    def create(steps: int, **changes: Any) -> str:
        created.append(server.create(demo_config(steps, **changes)))
        return created[-1]

    yield create
    for run_id in created:
        if server.get(f"runs/{run_id}")["state"] not in ("finished", "stopped", "failed"):
            server.command(run_id, "stop")
            server.wait_for(run_id, states=("stopped",))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Headless Chromium; it ends with this folder's tests, since Playwright's event loop runs as long as it does."""
    executable = installed_browser()
    if executable is None:
        pytest.fail("no Chromium: `make test` installs one; or set CHROMIUM to the path of another")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@contextmanager
def window(browser: Browser, url: str, **options: Any) -> Iterator[Page]:
    """A tab that several tests may use one after the other: only its first page costs the start of a renderer."""
    expect.set_options(timeout=60_000)
    context = browser.new_context(base_url=url, viewport=VIEWPORT, **options)
    page = context.new_page()
    page.set_default_timeout(60_000)
    try:
        yield page
    finally:
        context.close()


@contextmanager
def emptied(page: Page, url: str) -> Iterator[Page]:
    """The tab as a new one: nothing stored, no other tab, 1280 x 800."""
    page.set_viewport_size(VIEWPORT)
    page.emulate_media(color_scheme="light")
    try:
        yield page
    finally:
        for other in page.context.pages:
            if other != page:
                other.close()
        page.goto("about:blank")  # what is open goes on asking the server
        devtools = page.context.new_cdp_session(page)
        devtools.send("Storage.clearDataForOrigin", {"origin": url, "storageTypes": "all"})
        devtools.detach()


@contextmanager
def watched(page: Page) -> Iterator[Page]:
    """A test fails on anything that the page writes to the console as an error."""
    complaints: list[str] = []

    def note_error(error: Error) -> None:
        complaints.append(str(error))

    def note_message(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("pageerror", note_error)
    page.on("console", note_message)
    yield page
    page.remove_listener("pageerror", note_error)
    page.remove_listener("console", note_message)
    # The browser itself reports every answer of 4xx; tests of errors cause those on purpose.
    assert [text for text in complaints if "status of 4" not in text] == []


@contextmanager
def tab(browser: Browser, url: str) -> Iterator[Page]:
    """A tab of a test's own, beside the others or with a clock that it sets."""
    with window(browser, url) as page, watched(page):
        yield page


@pytest.fixture(scope="package")
def server_window(browser: Browser, server: Server) -> Iterator[Page]:
    with window(browser, server.url) as page:
        yield page


@pytest.fixture
def page(server_window: Page, server: Server) -> Iterator[Page]:
    """A tab on the installation."""
    with emptied(server_window, server.url) as page, watched(page):
        yield page


@pytest.fixture(scope="module")
def shown_window(browser: Browser, shown: Shown) -> Iterator[Page]:
    with window(browser, shown.url) as page:
        yield page


@pytest.fixture
def shown_page(shown_window: Page, shown: Shown) -> Iterator[Page]:
    """A tab on the runs whose every number is known."""
    with emptied(shown_window, shown.url) as page, watched(page):
        yield page
