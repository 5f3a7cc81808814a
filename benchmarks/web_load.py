"""Load on the API: points as other trainers send them, and browsers that watch a live run."""

import asyncio
import json
import threading
import time
from typing import Any

import httpx
from web_server import Server

SIGNATURE = {"module_allocation": ("modules",), "alignment": ("alignment",), "decisions": ("decisions",)}
SPACING_SECONDS = 0.6  # as usePanel.ts spaces them
STEP_SECONDS = 0.5
BATCH = 500


def begin_run(server: Server, modules: int = 0) -> str:
    """A reported run."""
    kinds = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")  # fmt: skip
    listed = [
        {"name": f"model.layers.{number // 7}.{kinds[number % 7]}.weight", "shape": [64, 64]}
        for number in range(modules)
    ]
    body = {"name": "live", "method": "benchmark", "total_steps": 1_000_000, "modules": listed}
    return server.http.post("/api/reported-runs", json=body).raise_for_status().json()["run_id"]


def add(server: Server, run_id: str, **body: Any) -> None:
    """One report."""
    server.http.post(f"/api/runs/{run_id}/points", json={"attempt": 1, **body}).raise_for_status()


def ingest(server: Server, batches: int) -> tuple[float, list[float]]:
    """Points per second of one client that sends batches of 500 points of 10 keys, and the milliseconds of each batch."""
    run_id = begin_run(server)
    took = []
    start = time.perf_counter()
    for batch in range(batches):
        steps = list(range(batch * BATCH // 10, (batch + 1) * BATCH // 10))
        columns = {f"key{key}": {"steps": steps, "values": [0.5 * step for step in steps]} for key in range(10)}
        at = time.perf_counter()
        add(server, run_id, series=columns)
        took.append((time.perf_counter() - at) * 1e3)
    return batches * BATCH / (time.perf_counter() - start), took


class Trainer:
    """Reports a step to a run every half second until stopped: five scalars and a statistic of 448 modules."""

    def __init__(self, server: Server) -> None:
        self.run_id = begin_run(server, modules=448)
        self._server = server
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "Trainer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _work(self) -> None:
        step = 0
        while not self._stopped.wait(STEP_SECONDS):
            step += 1
            keys = ("reverse_kl", "loss", "grad_norm", "tokens", "seconds")
            columns = {key: {"steps": [step], "values": [1.0 / step]} for key in keys}
            values = [step * 1e-3 + number * 1e-5 for number in range(448)]
            add(self._server, self.run_id, series=columns, vectors=[{"statistic": "update_norm", "step": step, "values": values}])  # fmt: skip


def idle_share(server: Server, browsers: int, seconds: float) -> tuple[float, float]:
    """Share of one core that the web process uses while that many browsers watch one live run, and what they get for it.

    That is extensions per second and browser: fewer than steps would say that the browsers could not keep up.
    """
    with Trainer(server) as trainer:
        time.sleep(2)
        return asyncio.run(_watch(server, trainer.run_id, browsers, seconds))


async def _watch(server: Server, run_id: str, browsers: int, seconds: float) -> tuple[float, float]:
    got: list[float] = []
    ready = asyncio.Barrier(browsers + 1)
    watching = [asyncio.create_task(_browser(server.url, run_id, ready, got)) for _ in range(browsers)]
    await ready.wait()  # every one has its pictures and hears of the run
    await asyncio.sleep(2)
    before, start = server.cpu_seconds(), time.perf_counter()
    got.clear()
    await asyncio.sleep(seconds)
    passed = time.perf_counter() - start
    share, rate = (server.cpu_seconds() - before) / passed, len(got) / passed / browsers
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    return share, rate


async def _browser(url: str, run_id: str, ready: asyncio.Barrier, got: list[float]) -> None:
    """One browser with connections of its own."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        await _watch_run(http, run_id, ready, got)


async def _watch_run(http: httpx.AsyncClient, run_id: str, ready: asyncio.Barrier, got: list[float]) -> None:
    """Gets the three pictures, listens, and asks for an extension when the topics of a picture moved past it."""
    cursors: dict[str, int] = {}
    for panel in SIGNATURE:
        answer = await http.get(f"/api/panels/{panel}", params={"runs": run_id})
        cursors[panel] = answer.json()["cursors"][run_id]
    due = dict.fromkeys(SIGNATURE, 0.0)
    async with http.stream("GET", "/api/live", headers={"Accept": "text/event-stream"}) as stream:
        await ready.wait()
        async for line in stream.aiter_lines():
            if not line.startswith('data: {"runs"'):
                continue
            for run in json.loads(line[6:])["runs"]:
                if run["id"] != run_id:
                    continue
                for panel, topics in SIGNATURE.items():
                    now = time.monotonic()
                    if now < due[panel] or max(run["topics"].get(topic, 0) for topic in topics) <= cursors[panel]:
                        continue
                    due[panel] = now + SPACING_SECONDS
                    given = {"runs": run_id, "after": str(cursors[panel])}
                    answer = await http.get(f"/api/panels/{panel}/extension", params=given)
                    cursors[panel] = answer.json()["cursors"][run_id]
                    got.append(now)
