"""Accessibility of the page on screen, judged by axe."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE = ("moderate", "serious", "critical")
VIOLATIONS = {
    "resultTypes": ["violations"]
}  # of all rules; to describe every element that passes takes two thirds of the time

# What fades in or out is half as readable as it will be: while axe looks, everything is there or not.
STILL = """() => {
    const still = new CSSStyleSheet();
    still.replaceSync("*, ::before, ::after { transition: none !important; }");
    document.adoptedStyleSheets = [still];
}"""
MOVING = "() => { document.adoptedStyleSheets = []; }"


def assert_accessible(page: Page) -> None:
    """No violation that is more than minor; those found are listed with the elements they are in."""
    page.evaluate(STILL)
    violations = Axe().run(page, options=VIOLATIONS).response["violations"]
    page.evaluate(MOVING)
    found = [
        f"{violation['impact']}: {violation['help']} ({violation['id']})\n    "
        + "\n    ".join(node["html"][:200] for node in nodes[:5])
        for violation in violations
        if violation["impact"] in GRAVE and (nodes := [node for node in violation["nodes"] if _counts(violation, node)])
    ]
    assert not found, f"{page.url}:\n" + "\n".join(found)


def _counts(violation: dict, node: dict) -> bool:
    """The words beside a button stand at the page's end, outside of every landmark; the button refers to them."""
    return not (violation["id"] == "region" and 'role="tooltip"' in node["html"])
