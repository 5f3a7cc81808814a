"""The full spectral panel of a checkpoint against torch.linalg.svd of every matrix, on a 1.5B model's shapes.

    python benchmarks/spectral.py            # minutes: the reference decomposes 1536 x 8960 matrices
    python benchmarks/spectral.py --quick    # small shapes, to try it
    python benchmarks/spectral.py --device cuda

The panel: all spectral measures of each attention and MLP matrix and both subspaces of its 20 leading singular
directions, effective ranks to 0.1%. Two matrices of each distinct shape are measured and count as often as the model has
the shape (28 layers of Qwen2.5-1.5B; times of one shape do not differ between layers). Both sides get the same float32
updates and threads, in one process, ours both before and after the reference, each after one call that does not count:
of 28 or more equal matrices only the first pays for it. The reference gives all threads to one matrix after the other,
ours goes through them as `opdboard analyze` does, two at a time with half of the threads each; what both need with one
after the other is in the settings. Updates are heavy-tailed: a power law of leading
directions over noise whose rows and columns have log-normal scales, set so that the measures come near those which the
paper prints for a trained 1.5B model (arXiv:2605.11739: spectral/Frobenius 0.40, top 1% 0.92, effective rank 778);
what they came to is in the settings.

values: speedup (seconds of the reference / ours, median of the rounds; interval: from the lowest to the highest),
effective_rank_error (relative, worst shape), affinity_error (1 - affinity@20 with the reference's subspace, worst shape
and side), peak_memory_ratio (ours / the reference's memory beyond the update itself, largest shape, each in a process of
its own). The last line of stdout is one JSON object.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from typing_extensions import override

os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # as opdboard_worker does, whose processes import it before torch

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from opdboard_worker.core.spectral.panel import EXACT, LIVE, Panel, spectral_panel
from opdboard_worker.core.spectral.reference import by_full_svd
from opdboard_worker.measuring.overlap import overlapped

K, TOLERANCE = 20, 1e-3
LEADING = 64
"""Directions above the noise."""


@dataclass(frozen=True)
class Shape:
    """One distinct shape of the model's matrices and how many have it."""

    rows: int
    columns: int
    count: int

    @override
    def __str__(self) -> str:
        return f"{self.rows}x{self.columns}"


LAYERS = 28
FULL = [
    Shape(256, 1536, 2 * LAYERS),  # k, v
    Shape(1536, 1536, 2 * LAYERS),  # q, o
    Shape(8960, 1536, 2 * LAYERS),  # gate, up
    Shape(1536, 8960, 1 * LAYERS),  # down
]
QUICK = [Shape(64, 384, 2), Shape(384, 384, 2), Shape(1536, 384, 2), Shape(384, 1536, 1)]


def heavy_tailed_update(shape: Shape, seed: int = 0) -> Tensor:
    """A float32 (1, M, N) update with a heavy-tailed spectrum, as the module's docstring says."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*size: int) -> Tensor:
        return torch.randn(*size, generator=generator)

    rank = min(shape.rows, shape.columns)
    leading = min(LEADING, rank // 4)
    sigma_k = torch.arange(1, leading + 1).float() ** -0.5
    left_Mk, right_Nk = (torch.linalg.qr(normal(side, leading)).Q for side in (shape.rows, shape.columns))
    scales = (0.3 * normal(shape.rows, 1)).exp() * (0.3 * normal(1, shape.columns)).exp()
    noise_MN = normal(shape.rows, shape.columns) * scales
    noise_MN *= 0.8 / torch.linalg.vector_norm(noise_MN)
    return (1e-3 * (noise_MN + (left_Mk * sigma_k) @ right_Nk.T))[None]


@dataclass(frozen=True)
class Timed:
    """A result with its wall-clock and processor seconds."""

    result: Any
    wall: float
    cpu: float


def timed(run: Callable[[], Any]) -> Timed:
    """Run once, to the end also on a device."""
    _settle()
    wall, cpu = time.perf_counter(), time.process_time()
    result = run()
    _settle()
    return Timed(result, time.perf_counter() - wall, time.process_time() - cpu)


def _settle() -> None:
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


def panel_of(update: Tensor, tolerance: float = TOLERANCE) -> Panel:
    """Ours."""
    return spectral_panel(update, K, tolerance=tolerance)


def compare(shape: Shape, device: str, *, warm_up: bool) -> dict[str, Any]:
    """Times, of one matrix, and errors of one shape."""
    updates = [heavy_tailed_update(shape, seed).to(device) for seed in range(2)]

    def panels() -> list[Panel]:
        return list(overlapped(panel_of, updates, torch.device(device)))

    if warm_up:
        by_full_svd(updates[0], K)
        panels()
    ours = [timed(panels)]
    full = timed(lambda: [by_full_svd(update, K) for update in updates])
    ours.append(timed(panels))
    alone = timed(lambda: [panel_of(update) for update in updates])
    other = {
        name: timed(lambda tolerance=tolerance: panel_of(updates[0], tolerance))
        for name, tolerance in {"exact": EXACT, "live": LIVE}.items()
    }
    pairs = list(zip(ours[0].result, full.result, strict=True))

    def rank_error(panel: Panel, measures: dict[str, Tensor]) -> float:
        return abs(float(panel.values["effective_rank"] / measures["effective_rank"]) - 1.0)

    measures = full.result[0][0]
    return {
        "shape": str(shape),
        "count": shape.count,
        "svd_s": full.wall / len(updates),
        "panel_s": sum(one.wall for one in ours) / len(ours) / len(updates),
        "panel_alone_s": alone.wall / len(updates),
        "svd_cpu_s": full.cpu / len(updates),
        "panel_cpu_s": sum(one.cpu for one in ours) / len(ours) / len(updates),
        "exact_s": other["exact"].wall,
        "live_s": other["live"].wall,
        "effective_rank_error": max(rank_error(panel, measures) for panel, (measures, _) in pairs),
        "effective_rank_error_bound": max(float(panel.error_bounds["effective_rank"]) for panel, _ in pairs),
        "effective_rank_error_exact": rank_error(other["exact"].result, measures),
        "effective_rank_error_live": rank_error(other["live"].result, measures),
        "affinity_error": max(
            1.0 - float((ours.double().mT @ theirs.double()).square().sum()) / K
            for panel, (_, full_svd) in pairs
            for ours, theirs in ((panel.subspace.u_BMk, full_svd.u_BMk), (panel.subspace.v_BNk, full_svd.v_BNk))
        ),
        "estimator": pairs[0][0].estimators["effective_rank"],
        "estimator_live": other["live"].result.estimators["effective_rank"],
        "measures": {name: round(float(value), 4) for name, value in measures.items()},
    }


def peak_beyond_update(side: str, shape: Shape, device: str) -> int:
    """Most bytes that a side needs beyond the update, which is there already; for a fresh process.

    Resident ones on Linux, on a CUDA device those that torch allocates.
    """
    update = heavy_tailed_update(shape).to(device)
    small = heavy_tailed_update(Shape(300, 320, 1)).to(device)
    runs = {"ours": panel_of, "svd": lambda update: by_full_svd(update, K)}
    runs[side](small)  # libraries load what they need
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        runs[side](update)
        return torch.cuda.max_memory_allocated() - before
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts again from what is resident now
    before = _resident("VmRSS")
    result = runs[side](update)
    peak = _resident("VmHWM") - before
    del result
    return peak


def _resident(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


def peak_of(side: str, arguments: argparse.Namespace) -> int:
    """`peak_beyond_update` of the largest shape, in a process of its own."""
    command = [sys.executable, __file__, "--peak-of", side, "--threads", str(arguments.threads)]
    command += ["--device", arguments.device]
    command += ["--quick"] if arguments.quick else []
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small shapes")
    parser.add_argument("--rounds", type=int, default=3, help="over all shapes; the median counts")
    parser.add_argument("--threads", type=int, default=2, help="torch's threads, of both sides")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="where both sides compute")
    parser.add_argument("--peak-of", choices=["ours", "svd"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    threadpool_limits(arguments.threads, user_api="blas")  # NumPy's, for the panel
    shapes = QUICK if arguments.quick else FULL
    if arguments.peak_of:
        print(peak_beyond_update(arguments.peak_of, shapes[-1], arguments.device))
        return
    panel_of(heavy_tailed_update(Shape(300, 320, 1)).to(arguments.device))  # libraries load what they need
    rounds: list[list[dict[str, Any]]] = []
    for number in range(arguments.rounds):
        rounds.append([])
        for shape in shapes:
            rounds[-1].append(compare(shape, arguments.device, warm_up=number == 0))
            print(json.dumps(rounds[-1][-1]), file=sys.stderr, flush=True)
    peaks = {side: peak_of(side, arguments) for side in ("ours", "svd")}

    def ratios(slow: str, fast: str) -> list[float]:
        return [
            round(sum(row["count"] * row[slow] for row in rows) / sum(row["count"] * row[fast] for row in rows), 2)
            for rows in rounds
        ]

    def ratio(slow: str, fast: str) -> float:
        return statistics.median(ratios(slow, fast))

    def worst(name: str) -> float:
        return max(row[name] for rows in rounds for row in rows)

    speedups = ratios("svd_s", "panel_s")
    values = {
        "speedup": ratio("svd_s", "panel_s"),
        "effective_rank_error": worst("effective_rank_error"),
        "affinity_error": worst("affinity_error"),
        "peak_memory_ratio": round(peaks["ours"] / peaks["svd"], 3),
    }
    settings = {
        "k": K,
        "tolerance": TOLERANCE,
        "timing": "two matrices of each distinct shape, weighted by count",
        "quick": arguments.quick,
        "device": torch.cuda.get_device_name() if arguments.device == "cuda" else "cpu",
        "rounds": rounds,
        "speedup_of_rounds": speedups,
        "speedup_one_at_a_time": ratio("svd_s", "panel_alone_s"),
        "speedup_cpu_seconds": ratio("svd_cpu_s", "panel_cpu_s"),
        "speedup_exact_mode": ratio("svd_s", "exact_s"),
        "speedup_live_mode": ratio("svd_s", "live_s"),
        "peak_bytes": peaks,
        "threads": arguments.threads,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "load": round(os.getloadavg()[0], 2),
    }
    versions = {"python": platform.python_version(), **{name: version(name) for name in ("opdboard", "torch")}}
    print(
        json.dumps(
            {
                "benchmark": "spectral",
                "values": values,
                "intervals": {"speedup": [min(speedups), max(speedups)]},
                "settings": settings,
                "versions": versions,
            }
        )
    )


if __name__ == "__main__":
    main()
