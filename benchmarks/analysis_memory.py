"""Peak memory of measuring one checkpoint against its base, both in shards on disk. Prints one JSON line.

    python benchmarks/analysis_memory.py [--quick]

A synthetic pair of Llama checkpoints in bfloat16: random base, update of a few strong directions in noise. The process that
measures is one of its own; its highest resident memory is told above what it held once the libraries had done a first small
measurement, as bytes and in float32 copies of the largest matrix. Pages of mapped files count where they are resident.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import psutil
import torch
from safetensors.torch import save_file

from opdboard_worker.analysis.measuring import SeriesMeter
from opdboard_worker.analysis.series import open_base, open_checkpoint
from opdboard_worker.core.spectral.panel import spectral_panel
from opdboard_worker.measuring.snapshots import Snapshots

TOLERANCE = 1e-3
K = 20
HEAD = 128
NOISE, STRONG, DIRECTIONS = 1e-4, 3e-4, 8


def main() -> None:
    """Write the pair, measure it in a process of its own, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="A small pair, to try the script.")
    parser.add_argument("--hidden", type=int, default=2048)
    parser.add_argument("--intermediate", type=int, default=8192)
    parser.add_argument("--layers", type=int, default=8, help="8 make a pair of 2 GB.")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    settings = parser.parse_args()
    if settings.quick:
        settings.hidden, settings.intermediate, settings.layers = 256, 512, 2
    torch.set_num_threads(settings.threads)
    if settings.measure:
        print(json.dumps(measure(settings.measure)))
        return
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="opdboard-analysis-") as folder:
        pair_bytes = write_pair(Path(folder), settings.hidden, settings.intermediate, settings.layers)
        command = [sys.executable, __file__, "--measure", folder, "--threads", str(settings.threads)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    largest = 4 * settings.hidden * settings.intermediate
    values = {
        "peak_mib": round(found["peak"] / 2**20, 1),
        "largest_module_mib": round(largest / 2**20, 1),
        "copies_of_largest_module": round(found["peak"] / largest, 2),
        "share_of_pair": round(found["peak"] / pair_bytes, 4),
        "seconds": round(found["seconds"], 1),
    }
    result = {
        "benchmark": "analysis_memory",
        "values": values,
        "intervals": {},
        "settings": {
            "pair_bytes": pair_bytes,
            "matrices": found["matrices"],
            "stored_as": "bfloat16",
            "k": K,
            "tolerance": TOLERANCE,
            "largest_error_bound": found["error_bound"],
            "estimators": found["estimators"],
            "before_mib": round(found["before"] / 2**20, 1),
            **{name: getattr(settings, name) for name in ("hidden", "intermediate", "layers", "threads", "quick")},
            "cores": psutil.cpu_count(),
            "machine": platform.machine(),
            "load": round(load, 2),
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("opdboard", "torch", "safetensors")},
        },
    }
    print(json.dumps(result), flush=True)


def write_pair(folder: Path, hidden: int, intermediate: int, layers: int) -> int:
    """base/ and checkpoint-1/ in shards of one layer; bytes of both."""
    torch.manual_seed(0)
    shapes = {
        "self_attn.q_proj": (hidden, hidden),
        "self_attn.k_proj": (hidden // 4, hidden),
        "self_attn.v_proj": (hidden // 4, hidden),
        "self_attn.o_proj": (hidden, hidden),
        "mlp.gate_proj": (intermediate, hidden),
        "mlp.up_proj": (intermediate, hidden),
        "mlp.down_proj": (hidden, intermediate),
    }
    targets = [folder / "base", folder / "checkpoint-1"]
    weight_map: dict[str, str] = {}
    for target in targets:
        target.mkdir()
    for layer in range(layers):
        base, moved = {}, {}
        for path, (rows, columns) in shapes.items():
            name = f"model.layers.{layer}.{path}.weight"
            weight = 0.02 * torch.randn(rows, columns)
            strong = torch.randn(rows, DIRECTIONS) @ torch.randn(DIRECTIONS, columns)
            base[name] = weight.bfloat16()
            moved[name] = (base[name] + NOISE * torch.randn(rows, columns) + STRONG * strong).bfloat16()
            weight_map[name] = f"model-{layer + 1:05d}-of-{layers:05d}.safetensors"
        for target, tensors in zip(targets, (base, moved), strict=True):
            save_file(tensors, target / f"model-{layer + 1:05d}-of-{layers:05d}.safetensors")
    config = {"model_type": "llama", "hidden_size": hidden, "num_attention_heads": hidden // HEAD}
    for target in targets:
        (target / "config.json").write_text(json.dumps(config))
        (target / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return sum(file.stat().st_size for target in targets for file in target.glob("*.safetensors"))


def measure(folder: Path) -> dict[str, object]:
    """Measure the checkpoint; the most that was resident meanwhile, above what was before."""
    spectral_panel(torch.randn(1, 300, 400), K, tolerance=TOLERANCE)  # libraries load what they need
    base = open_base(folder / "base")
    meter = SeriesMeter(base, Snapshots(folder / "snapshots"), k=K, tolerance=TOLERANCE, device=torch.device("cpu"))
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before, began = _resident("VmRSS"), time.perf_counter()
    measuring = meter.measure(1, open_checkpoint(folder / "checkpoint-1", base))
    while True:
        try:
            next(measuring)
        except StopIteration as end:
            measured = end.value
            break
    return {
        "before": before,
        "peak": _resident("VmHWM") - before,
        "seconds": time.perf_counter() - began,
        "matrices": len(meter.modules),
        "error_bound": measured.error_bound,
        "estimators": dict(measured.estimators),
    }


def _resident(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    main()
