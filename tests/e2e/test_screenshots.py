"""Every page at both widths and in both themes, on an installation whose every number is known, as it was approved."""

import time
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page
from support.commands import wait_until

from e2e.approved import compare
from e2e.conftest import Shown, window

pytestmark = pytest.mark.timeout(600)

WIDTHS = {"wide": (1280, 800), "phone": (390, 844)}
# Whether anything in sight still waits for its data; what is far below is fetched when it comes near.
LOADING = """() => Array.from(document.querySelectorAll('.mantine-Skeleton-root, .mantine-Loader-root'))
  .some((element) => { const { top, bottom, width } = element.getBoundingClientRect(); return width > 0 && bottom > 0 && top < innerHeight; })"""
SIGNATURE = tuple(f'[data-testid="panel-{name}"] .main-svg' for name in ("module_allocation", "alignment", "decisions"))


def where_it_is_noon() -> str:
    """A time zone in which an hour ago was today, whenever this runs: times of other days look different."""
    return f"Etc/GMT{time.gmtime().tm_hour - 12:+d}"


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def shown_window(browser: Browser, shown: Shown) -> Iterator[Page]:
    """In England, at noon."""
    with window(browser, shown.url, timezone_id=where_it_is_noon(), locale="en-GB", reduced_motion="reduce") as page:
        yield page


@pytest.fixture(params=list(WIDTHS))
def screen(request: pytest.FixtureRequest, shown_page: Page, scheme: Literal["light", "dark"]) -> tuple[str, Page]:
    """A tab of that width and theme."""
    width, height = WIDTHS[request.param]
    shown_page.set_viewport_size({"width": width, "height": height})
    shown_page.emulate_media(color_scheme=scheme)
    return f"{request.param}-{scheme}", shown_page


@pytest.mark.parametrize(
    ("name", "address", "there"),
    [
        ("home", "/", ("text=Ended lately",)),
        ("runs", "/runs", ("text=6 runs",)),
        ("run", "/runs/{effopd}", SIGNATURE),
        ("run-samples", "/runs/{effopd}?tab=samples", ('[data-testid="sample-0"]',)),
        ("run-decisions", "/runs/{effopd}?tab=decisions", ('[data-testid="decisions-table"]',)),
        ("failed", "/runs/{failed}", SIGNATURE[:2]),
        (
            "compare",
            "/compare?groups=opd,effopd",
            ('[data-testid="panel-scalars-eval-reverse_kl"] .main-svg', "text=2 of 2"),
        ),
        ("launch", "/launch?preset=demo-effopd", ("text=Basics", "text=Memory estimate")),
        ("alerts", "/alerts", ("text=The run failed",)),
        ("workers", "/workers", ("text=node-1",)),
    ],
)
def test_a_page_looks_as_approved(
    screen: tuple[str, Page], shown: Shown, name: str, address: str, there: tuple[str, ...]
) -> None:
    kind, page = screen
    page.goto(address.format(**shown.ids))
    for what in (*there, '[data-testid="live-state"][data-state="live"]'):
        page.locator(what).first.wait_for()
    page.evaluate("document.fonts.ready")
    compare(f"{name}-{kind}", settled(page))


def settled(page: Page) -> bytes:
    """The page once nothing moves any more: two pictures in a row that are the same."""
    last = b""
    page.wait_for_function(f"() => !({LOADING})()", polling=100)

    def still() -> bool:
        nonlocal last
        before, last = last, page.screenshot(animations="disabled", mask=[page.locator("[data-volatile]")])
        return before == last and not page.evaluate(LOADING)

    wait_until(still, "a page that stands still")
    return last
