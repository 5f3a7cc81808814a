"""Peak memory of the chunked losses at a real vocabulary, above what models and inputs take. Prints one JSON line.

    python benchmarks/loss_memory.py [--quick]

Each figure is that of one process: loss and backward pass through the output layer, from hidden states that are there.
On CUDA the allocator's peak, else the highest resident memory, whose record the kernel lets a process reset; median of the
repetitions, the objectives taking turns.

`ratio` is the full vocabulary over the sampled token as a run computes them: with the measures that the page shows, which
need both models' logits. `ratio_to_lean` is over a sampled-token loss that measures nothing and so never has both at once.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import psutil
import torch
from torch import Tensor

from opdboard_worker.core.losses import distillation_loss
from opdboard_worker.core.objectives import FullVocabulary, JensenShannon, Objective, SampledToken, TopK
from opdboard_worker.core.teachers import WholeTeacher
from opdboard_worker.core.token_loss import token_logp, token_loss

OBJECTIVES: dict[str, Objective] = {
    "sampled_token": SampledToken(),
    "full_vocabulary": FullVocabulary(),
    "top_k": TopK(k=16, support="union"),
    "jensen_shannon": JensenShannon(beta=0.5),
}
LEAN = "lean_sampled_token"
SIDES = (*OBJECTIVES, LEAN)


def main() -> None:
    """Measure every side in a process of its own, then print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="A small vocabulary and one repetition, to try the script."
    )
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--vocabulary", type=int, default=151_936)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--tokens", type=int, default=2048)
    parser.add_argument("--chunk-tokens", type=int, default=1024)
    parser.add_argument("--repetitions", type=int, default=3)
    settings = parser.parse_args()
    if settings.quick:
        settings.vocabulary, settings.repetitions = 8192, 1
    if settings.side:
        print(peak_bytes(settings.side, settings.vocabulary, settings.hidden, settings.tokens, settings.chunk_tokens))
        return
    shape = [
        f"--{name.replace('_', '-')}={getattr(settings, name)}"
        for name in ("vocabulary", "hidden", "tokens", "chunk_tokens")
    ]
    load_before = os.getloadavg()
    peaks: dict[str, list[int]] = {side: [] for side in SIDES}
    for _ in range(settings.repetitions):
        for side in SIDES:
            command = [sys.executable, __file__, f"--side={side}", *shape]
            peaks[side].append(int(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
            print(f"{side}: {peaks[side][-1] / 2**20:.0f} MiB", file=sys.stderr, flush=True)
    median = {side: statistics.median(measured) for side, measured in peaks.items()}
    values = {"ratio": median["full_vocabulary"] / median["sampled_token"]}
    values["ratio_to_lean"] = median["full_vocabulary"] / median[LEAN]
    values |= {f"{side}_mib": peak / 2**20 for side, peak in median.items()}
    intervals = {
        "ratio": _range(peaks["full_vocabulary"], peaks["sampled_token"]),
        "ratio_to_lean": _range(peaks["full_vocabulary"], peaks[LEAN]),
    }
    result = {
        "benchmark": "loss_memory",
        "values": {name: round(value, 3) for name, value in values.items()},
        "intervals": intervals,
        "settings": {
            **{
                name: getattr(settings, name)
                for name in ("vocabulary", "hidden", "tokens", "chunk_tokens", "repetitions")
            },
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU",
            "precision": "float32",
            "intervals_are": "smallest and largest ratio of any two repetitions",
            "cores": psutil.cpu_count(),
            "machine": platform.machine(),
            "load_before": [round(each, 2) for each in load_before],
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("opdboard", "torch")},
        },
    }
    print(json.dumps(result), flush=True)


def peak_bytes(side: str, vocabulary: int, hidden: int, tokens: int, chunk_tokens: int) -> int:
    """The most that one loss and its backward pass hold at a time, besides weights, hidden states and tokens."""
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    weights = [torch.randn(vocabulary, hidden, device=device).mul_(hidden**-0.5) for _ in range(2)]
    hidden_NH, teacher_NK = (torch.randn(tokens, hidden, device=device) for _ in range(2))
    hidden_NH.requires_grad_()
    weights[0].requires_grad_()
    token_N = torch.randint(vocabulary, (tokens,), device=device)
    weight_N = torch.full((tokens,), 1.0 / tokens, device=device)

    def student(h: Tensor) -> Tensor:
        return h @ weights[0].T

    def teacher(h: Tensor) -> Tensor:
        return h @ weights[1].T

    def loss() -> Tensor:
        if side != LEAN:
            whole = WholeTeacher(teacher_NK, teacher)
            return distillation_loss(
                OBJECTIVES[side], hidden_NH, student, whole, token_N, weight_N, chunk_tokens=chunk_tokens
            )[0]
        teacher_logp_N, _ = token_logp(teacher_NK, teacher, token_N, chunk_tokens=chunk_tokens)

        def policy_gradient(logp_n: Tensor, at: slice) -> tuple[Tensor, Tensor]:
            advantage_n = teacher_logp_N[at] - logp_n
            return -advantage_n * logp_n, -advantage_n

        return token_loss(hidden_NH, student, token_N, weight_N, policy_gradient, chunk_tokens=chunk_tokens)[0]

    with torch.no_grad():
        _ = student(hidden_NH[:1]), teacher(teacher_NK[:1])  # what the libraries set up for themselves
    return _above_what_is_there(lambda: loss().backward())


def _above_what_is_there(work: Callable[[], None]) -> int:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - before
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = psutil.Process().memory_info().rss
    work()
    told = Path("/proc/self/status").read_text()
    highest = next(line for line in told.splitlines() if line.startswith("VmHWM:"))
    return int(highest.split()[1]) * 1024 - before


def _range(of: list[int], over: list[int]) -> list[float]:
    return [round(min(of) / max(over), 3), round(max(of) / min(over), 3)]


if __name__ == "__main__":
    main()
