"""Accessibility of the page on screen, judged by axe."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE = ("moderate", "serious", "critical")
VIOLATIONS = {
    "resultTypes": ["violations"]
}  # of all rules; to describe every element that passes takes two thirds of the time

BESIDE = {"exclude": [["[role=tooltip]"]]}  # the words of a button that is pointed at, on their way in or out


def assert_accessible(page: Page) -> None:
    """No violation that is more than minor; those found are listed with the elements they are in."""
    found = [
        f"{violation['impact']}: {violation['help']} ({violation['id']})\n    "
        + "\n    ".join(node["html"][:200] for node in violation["nodes"][:5])
        for violation in Axe().run(page, context=BESIDE, options=VIOLATIONS).response["violations"]
        if violation["impact"] in GRAVE
    ]
    assert not found, f"{page.url}:\n" + "\n".join(found)
