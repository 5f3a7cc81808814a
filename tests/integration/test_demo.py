"""The demo as a user runs it, without a browser."""

import json
import signal

import pytest
from support.commands import DEADLINE_SECONDS, LongCommand, clean_environment, get, opdboard, processes_of, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
RUN_KEYS = {
    "name",
    "run_id",
    "method",
    "learning_rate",
    "state",
    "reverse_kl",
    "accuracy",
    "steps",
    "seconds",
    "search_seconds",
    "steps_to_target",
    "seconds_to_target",
}


def test_effopd_reaches_the_references_kl_in_at_most_half_of_its_steps(tmp_path):
    done = opdboard("demo", "--headless", "--json", environment=clean_environment(tmp_path / "data"), timeout=800)
    assert done.returncode == 0, done.stderr
    assert processes_of(tmp_path / "data") == []
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert all(set(run) == RUN_KEYS and run["state"] == "finished" for run in outcome["runs"])
    plain, effopd, large_rate, searched = outcome["runs"]
    assert [run["method"] for run in outcome["runs"]] == ["opd", "effopd", "opd", "linesearch"]
    assert plain["learning_rate"] == effopd["learning_rate"] == large_rate["learning_rate"] / 10
    assert outcome["target_reverse_kl"] == pytest.approx(plain["reverse_kl"])
    assert effopd["reverse_kl"] < plain["reverse_kl"]
    assert effopd["search_seconds"] > 0.1 > plain["search_seconds"]
    assert outcome["speedup_steps"] >= 2
    assert outcome["speedup_seconds"] > 0  # how much is for benchmarks: other programs share this machine
    assert large_rate["steps_to_target"] < effopd["steps_to_target"], "what the demo's notes say about the larger rate"
    assert searched["learning_rate"] == plain["learning_rate"]
    assert searched["steps_to_target"] < effopd["steps_to_target"] / 2
    assert "a learning rate that was too small" in done.stderr


def test_a_demo_that_is_ended_leaves_no_process(tmp_path):
    environment = clean_environment(tmp_path / "data")
    with LongCommand("demo", "--headless", "--json", environment=environment) as demo:
        demo.wait_for("running", 120)
        demo.process.send_signal(signal.SIGTERM)
        assert demo.process.wait(2 * DEADLINE_SECONDS) == 128 + signal.SIGTERM
        assert processes_of(tmp_path / "data") == []


def test_the_demo_opens_the_page_that_shows_its_runs_side_by_side(tmp_path):
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(0o755)
    environment = clean_environment(tmp_path / "data", BROWSER=f"{browser} %s", OPDBOARD_PORT="0")
    with LongCommand("demo", environment=environment) as demo:
        page = demo.wait_for("side by side:").split()[-1]
        wait_until(opened.exists, "the browser")
        assert opened.read_text() == page
        url = page.partition("/compare?runs=")[0]
        runs = get(f"{url}/api/runs").json()["runs"]
        assert page.endswith(",".join(run["id"] for run in reversed(runs)))
        assert {run["group"] for run in runs} == {"demo"}
        assert "a learning rate that was too small" in get(f"{url}/api/runs/{runs[0]['id']}").json()["notes"]
