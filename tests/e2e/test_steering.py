"""Every steering action on one live run, from the page: what the API says of it, how soon it is obeyed, what forks become."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from support.commands import wait_until

from e2e.axe import assert_accessible
from e2e.conftest import Server
from e2e.pictures import wait_until_drawn
from opdboard.domain.strategies.effopd import EffOPD

pytestmark = pytest.mark.timeout(900)


def commands(server: Server, run_id: str) -> list[dict[str, Any]]:
    return server.get(f"runs/{run_id}/history")["commands"]


def obeyed(server: Server, run_id: str, count: int) -> dict[str, Any]:
    """The last of so many commands, once the trainer has written what it did."""

    def done() -> dict[str, Any] | None:
        given = commands(server, run_id)
        return given[-1] if len(given) == count and given[-1]["done_at"] is not None else None

    return wait_until(done, f"command {count}")  # pyright: ignore[reportReturnType]


def decision_at(server: Server, run_id: str, step: int) -> dict[str, Any]:
    return next(d for d in server.get(f"runs/{run_id}/decisions")["decisions"] if d["step"] == step)


def forked(page: Page, server: Server) -> dict[str, Any]:
    """Send the launch form that a fork button led to, for four steps; the new run."""
    page.wait_for_url("**/launch?fork=*")
    page.get_by_test_id("launch-all").check(force=True)
    page.locator("#root_budget_steps").fill("4")
    page.get_by_test_id("launch-submit").click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f]{8}"))
    match = re.search(r"/runs/([0-9a-f]{8})", page.url)
    assert match is not None
    return server.get(f"runs/{match[1]}")


def try_factor(page: Page, factor: str, *, override: bool = False) -> None:
    """A chosen factor, by keyboard alone."""
    button = page.get_by_test_id("steer-extrapolate")
    expect(button).to_be_enabled()
    button.focus()
    page.keyboard.press("Enter")
    mode = page.get_by_test_id("extrapolate-mode")
    mode.get_by_role("radio", checked=True).focus()
    page.keyboard.press("ArrowRight")
    number = page.get_by_test_id("extrapolate-factor")
    number.focus()
    number.fill(factor)
    switch = page.get_by_test_id("extrapolate-override")
    if override:
        switch.focus()
        page.keyboard.press("Space")
    expect(switch).to_be_checked(checked=override)
    number.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("extrapolate-send")).to_have_count(0)


def test_every_action_is_obeyed_audited_and_can_be_forked_from(
    page: Page, server: Server, long_run: Callable[..., str]
) -> None:
    # No search of the strategy's own passes this guard: the jump that is forced below stays the last one until it is taken back.
    guarded = EffOPD(score="negative_reverse_kl", validation_size=16, candidates=2, max_kl=1e-9)
    run_id = long_run(5000, strategy=guarded)
    page.goto(f"/runs/{run_id}")
    state = page.get_by_test_id("run-state")
    expect(state).to_have_attribute("data-state", "running")

    page.get_by_test_id("steer-pause").click()
    expect(state).to_have_attribute("data-state", "paused")
    paused = server.get(f"runs/{run_id}")["step"]
    page.get_by_test_id("steer-resume").click()
    expect(state).to_have_attribute("data-state", "running")
    server.wait_for(run_id, step=paused + 2)

    page.get_by_test_id("steer-checkpoint").click()
    saved = obeyed(server, run_id, 3)["obeyed_step"]
    written = server.get(f"runs/{run_id}/checkpoints")["checkpoints"]
    assert [one["step"] for one in written if one["reason"] in ("command", "schedule")][-1] >= saved

    page.get_by_test_id("steer-extrapolate").click()
    expect(page.get_by_test_id("extrapolate-send")).to_be_visible()
    assert_accessible(page)
    page.get_by_test_id("extrapolate-send").click()
    search = obeyed(server, run_id, 4)
    assert [one["factor"] for one in decision_at(server, run_id, search["obeyed_step"])["candidates"]][:2] == [0, 2]

    try_factor(page, "90")
    refused = obeyed(server, run_id, 5)
    assert refused["arguments"] == {"factor": 90}
    tried = decision_at(server, run_id, refused["obeyed_step"])
    assert (tried["trigger"], tried["accepted_factor"], tried["candidates"][1]["accepted"]) == ("command", 0, False)
    expect(page.get_by_test_id("steer-feedback")).to_contain_text("factor 90 refused")
    told = page.get_by_test_id("toast").filter(has_text="Try extrapolating now factor 90: done")
    told.get_by_role("link", name="Show it").click()
    expect(page).to_have_url(re.compile(rf"trigger={tried['step']}\b"))
    wait_until_drawn(page, "panel-decision_line")

    try_factor(page, "3", override=True)
    forced = obeyed(server, run_id, 6)
    assert forced["arguments"] == {"factor": 3, "override": True}
    jump = decision_at(server, run_id, forced["obeyed_step"])
    assert (jump["accepted_factor"], jump["overridden"]) == (3, not jump["candidates"][1]["accepted"])

    veto = page.get_by_test_id("steer-veto")
    expect(veto).to_have_text(f"Veto the jump of step {jump['step']}")
    veto.click()
    assert obeyed(server, run_id, 7)["arguments"] == {"step": jump["step"]}
    assert decision_at(server, run_id, jump["step"])["vetoed"] is True
    given = {one["command"]: one for one in reversed(commands(server, run_id))}
    page.get_by_test_id(f"command-mark-{given['pause']['id']}").click()  # so early in 5000 steps all are one mark
    expect(page.get_by_test_id("audit").locator("tr[data-kind=command]")).to_have_count(7)
    page.goto(f"/runs/{run_id}?tab=steering&command={given['checkpoint']['id']}")
    expect(page.locator("tr[aria-current]")).to_contain_text(f"obeyed at {given['checkpoint']['obeyed_step']}")

    page.goto(f"/runs/{run_id}?tab=decisions&decision={tried['step']}")
    for panel in ("panel-decision_tree", "decision-line"):
        page.get_by_test_id(panel).locator(".main-svg").first.wait_for()
    expect(page.get_by_test_id(f"decision-{jump['step']}")).to_contain_text("taken back")
    assert_accessible(page)
    page.get_by_test_id(f"fork-{tried['step']}-90").click()
    of_candidate = forked(page, server)
    assert [of_candidate[key] for key in ("forked_from", "forked_step", "forked_factor")] == [run_id, tried["step"], 90]

    page.goto(f"/runs/{run_id}?tab=checkpoints")
    buttons = page.get_by_test_id("checkpoints-table").get_by_role("link", name="Fork from here")
    expect(buttons.first).to_be_visible()
    assert_accessible(page)
    buttons.first.click()
    of_checkpoint = forked(page, server)
    assert (of_checkpoint["forked_from"], of_checkpoint["forked_factor"]) == (run_id, None)

    page.goto(f"/runs/{run_id}?tab=steering&audit=command")
    page.get_by_test_id("user-name").fill("Ada")
    page.get_by_test_id("steer-stop").click()
    expect(state).to_have_attribute("data-state", "stopped")
    expect(page.get_by_test_id("audit")).to_contain_text("Ada (web)")
    assert_accessible(page)
    given = commands(server, run_id)
    assert [(one["command"], one["ok"]) for one in given] == [
        ("pause", True),
        ("resume", True),
        ("checkpoint", True),
        ("extrapolate", True),
        ("extrapolate", True),
        ("extrapolate", True),
        ("veto", True),
        ("stop", True),
    ]
    # The step in progress reads its orders once; a command that just missed it is obeyed by the next one.
    late = [one["obeyed_step"] - one["asked_step"] for one in given if one["command"] != "resume"]
    assert all(0 <= steps <= 2 for steps in late), late
    print("obeyed after", [f"{one['command']} {one['done_at'] - one['created_at']:.2f} s" for one in given])

    for fork in (of_candidate, of_checkpoint):
        ended = server.wait_for(fork["id"], states=("finished", "failed"))
        assert (ended["state"], ended["step"]) == ("finished", 4), ended["error"]
    page.goto(f"/runs/{run_id}?tab=lineage")
    expect(page.get_by_test_id(f"lineage-{of_candidate['id']}")).to_contain_text("candidate of factor 90")
    expect(page.get_by_test_id(f"lineage-{of_checkpoint['id']}")).to_contain_text("finished")
    assert_accessible(page)
