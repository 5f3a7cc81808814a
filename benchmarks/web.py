"""The Web table of the numbers to reach: a real server on a filled database, and real Chromium. Prints one JSON line.

    python benchmarks/web.py [--quick]

Each API time is that of a request whose answer is not cached: the run is touched before each. Medians (p95 where the name
says so) with a bootstrapped 95% interval.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from web_browser import browsing, first_paint, page_to_plot, step_to_paint
from web_data import Filled, Sizes, fill
from web_load import idle_share, ingest
from web_server import Server, serving

from opdboard.db.database import Database

QUERIES = (
    {"sort": "-accuracy"},
    {"query": "method = effopd and accuracy > 0.5", "sort": "eval/reverse_kl"},
    {"query": "math"},
)


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="Less data and fewer repetitions, to try the script.")
    quick = parser.parse_args().quick
    sizes = Sizes(50_000, 8, 200, 500, 10, 200) if quick else Sizes()
    times = 3 if quick else 15
    load_before = os.getloadavg()
    values: dict[str, float] = {}
    intervals: dict[str, list[float]] = {}

    def note(name: str, measured: Sequence[float], share: float = 0.5) -> None:
        values[name] = round(float(np.quantile(measured, share)), 4)
        intervals[name] = _interval(measured, share)
        _say(f"{name}: {values[name]} {intervals[name]}")

    with tempfile.TemporaryDirectory(prefix="opdboard-web-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'opdboard.db'}")
        database.upgrade()
        _say("filling the database")
        filled = fill(database, sizes)
        database.close()
        with serving(Path(folder)) as server:
            note("scalar_1m_ms", _panel(server, filled.long_run, "scalars", times, keys="reverse_kl"))
            note("heatmap_api_ms", _panel(server, filled.wide_run, "module_allocation", times, mode="over_time"))
            note(
                "runs10k_ms",
                _slowest([[server.timed("/api/runs", **query) for _ in range(times)] for query in QUERIES]),
            )
            rates, batches = zip(*(ingest(server, 10 if quick else 100) for _ in range(3)), strict=True)
            note("ingest_points_per_s", rates)
            note("batch500_p95_ms", [each for one in batches for each in one], 0.95)
            watched = [idle_share(server, 10 if quick else 100, 5 if quick else 15) for _ in range(1 if quick else 3)]
            note("idle100_cpu_share", [share for share, _ in watched])
            with browsing() as browser:
                chromium = browser.version
                paints, kilobytes = first_paint(browser, server, times)
                note("first_paint_ms", paints)
                note("js_gzip_kb", [kilobytes])
                note("step_to_paint_p95_s", step_to_paint(browser, server, 5 if quick else 60), 0.95)
                few = 2 if quick else 7
                wide = f"/runs/{filled.wide_run}?module_allocation.mode=over_time"
                note("heatmap_paint_ms", page_to_plot(browser, server, wide, "history", few))
                note("compare50_paint_ms", page_to_plot(browser, server, _compare(filled), "reverse_kl", few))
    result: dict[str, Any] = {
        "benchmark": "web",
        "values": values,
        "intervals": intervals,
        "settings": {
            **sizes.__dict__,
            "quick": quick,
            "repetitions": times,
            "idle100_extensions_per_second_and_browser": [round(rate, 2) for _, rate in watched],
            "compared_as": "5 groups of 10 runs, a mean with its interval each",
            "paint_from": "navigation, files cached (first paint: nothing cached)",
            "cores": psutil.cpu_count(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
            "machine": platform.machine(),
            "load_before": [round(each, 2) for each in load_before],
            "load_after": [round(each, 2) for each in os.getloadavg()],
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("opdboard", "fastapi", "uvicorn", "sqlalchemy", "numpy", "plotly")},
            "chromium": chromium,
        },
    }
    print(json.dumps(result), flush=True)


def _panel(server: Server, run_id: str, panel: str, times: int, **params: str) -> list[float]:
    """ms of whole figures, each drawn anew: the run's notes change before."""
    took = []
    for number in range(times + 1):
        server.http.patch(f"/api/runs/{run_id}", json={"notes": str(number)}).raise_for_status()
        took.append(server.timed(f"/api/panels/{panel}", runs=run_id, **params))
    return took[1:]


def _slowest(measured: list[list[float]]) -> list[float]:
    """The query with the largest median speaks for all."""
    return max(measured, key=statistics.median)


def _compare(filled: Filled) -> str:
    return "/compare?groups=" + ",".join(filled.groups).replace(" ", "%20")


def _interval(measured: Sequence[float], share: float) -> list[float]:
    drawn = np.random.default_rng(0).choice(np.asarray(measured), (2000, len(measured)))
    return [round(float(end), 4) for end in np.quantile(np.quantile(drawn, share, axis=1), (0.025, 0.975))]


def _say(sentence: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
