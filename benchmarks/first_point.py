"""From the click on Launch to the first trained step on screen: the demo's plain OPD, in a real browser. Prints one JSON line.

A real installation (`opdboard up`) in a folder of its own; the first launch finds a worker that has just come up, the others one that
has already trained. `zero` is the evaluation before training, `step` the first trained step; seconds.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from playwright.sync_api import Browser
from web_browser import browsing, watching

CLICKED = """() => document.addEventListener("click", (event) => {
  if (event.target.closest('[data-testid="launch-submit"]')) sessionStorage.clicked = Date.now();
}, true)"""
PAINTED = "(step) => painted.find(([, last]) => last >= step)?.[2]"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as folder, installation(folder) as url, browsing() as browser:
        found = [launch(browser, url) for _ in range(times)]
    print(json.dumps({"benchmark": "first_point", "zero": [a for a, _ in found], "step": [b for _, b in found]}))


@contextmanager
def installation(folder: str) -> Iterator[str]:
    """The address of `opdboard up` once a worker has said that it is there."""
    environment = os.environ | {"OPDBOARD_DATA_DIR": folder, "OPDBOARD_TOKEN": ""}
    command = [sys.executable, "-m", "opdboard.cli", "up", "--port", "0"]
    up = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        assert up.stderr is not None
        line = next(line for line in up.stderr if "http://" in line)
        url = line[line.index("http://") :].split()[0].rstrip(";")
        while not httpx.get(f"{url}/api/workers").json()["workers"]:
            time.sleep(0.1)
        yield url
    finally:
        up.terminate()
        up.wait()


def launch(browser: Browser, url: str) -> tuple[float, float]:
    """Seconds from one click to the frames that show step 0 and step 1; the run is stopped and waited for."""
    context = watching(browser)
    page = context.new_page()
    page.goto(f"{url}/launch?preset=demo-opd")
    page.get_by_test_id("launch-submit").wait_for()
    page.evaluate(CLICKED)
    page.get_by_test_id("launch-submit").click()
    at = [page.wait_for_function(PAINTED, arg=step, timeout=120_000).json_value() for step in (0, 1)]
    clicked = float(page.evaluate("sessionStorage.clicked"))
    run_id = page.url.split("/runs/")[1].split("?")[0]
    httpx.post(f"{url}/api/runs/{run_id}/commands", json={"command": "stop"}).raise_for_status()
    while httpx.get(f"{url}/api/runs/{run_id}").json()["state"] not in ("stopped", "finished", "failed"):
        time.sleep(0.1)
    context.close()
    return round((at[0] - clicked) / 1e3, 2), round((at[1] - clicked) / 1e3, 2)


if __name__ == "__main__":
    main()
