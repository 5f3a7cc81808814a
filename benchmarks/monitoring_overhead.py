"""What live monitoring adds to a step at the default cadence, as a share of the step without it.

    python benchmarks/monitoring_overhead.py [--steps N]

One run of the demo, in which every other step is not monitored at all: no module norms, spectra or subspaces, no measures
of tokens beyond what the loss itself needs, no texts and verdicts, nothing written to the database. Each monitored step is
compared with its two neighbours. Of 16 monitored steps one takes spectra (monitoring.spectral_every), so the share is
15/16 of the plain steps' and 1/16 of those steps'. The first 16 steps warm up; held-out evaluations, which a run without
monitoring would make too, and checkpoints are left out. Progress goes to stderr, the last line of stdout is one JSON object.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from random import Random
from typing import Any

import torch
from live_run import NEVER, last_line, live_training

from opdboard.domain.monitoring import Monitoring
from opdboard.domain.presets import DEMO_OPD
from opdboard.domain.records import Batch, ModuleVector
from opdboard_worker.core import losses
from opdboard_worker.core.token_measures import TokenMeasures, reverse_kl
from opdboard_worker.training.loop import Training

WARM_UP = 16


class Switch:
    """Monitoring of one training, on or off."""

    def __init__(self, training: Training) -> None:
        """Puts itself between the trainer and everything that only watches."""
        self.on = True
        parts, sink, measure = training.parts, training.sink, losses.measure
        monitor, learner = parts.monitor, parts.learner
        parts.monitor.before_update = self._only_when_on(monitor.before_update, lambda _: None)
        parts.monitor.measure = self._only_when_on(monitor.measure, _no_vectors)
        parts.learner.describe = self._only_when_on(learner.describe, lambda _: {})
        sink.write = self._only_when_on(sink.write, _write_nothing)
        losses.measure = self._only_when_on(measure, _what_the_loss_needs)

    def _only_when_on(self, full: Callable[..., Any], off: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: (full if self.on else off)(*args, **kwargs)


def _no_vectors(_step: int) -> list[ModuleVector]:
    return []


def _write_nothing(_batch: Batch) -> None:
    pass


@torch.no_grad()
def _what_the_loss_needs(
    logp_NV: torch.Tensor, logq_NV: torch.Tensor, _token_N: torch.Tensor, _k: int, **_how: bool
) -> TokenMeasures:
    """The full-vocabulary loss is itself the reverse KL."""
    kl_N = reverse_kl(logp_NV, logq_NV)
    return TokenMeasures(kl_N, *[kl_N] * 9)


def main() -> None:
    """Train, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=256, help="steps after the warm-up")
    parser.add_argument("--threads", type=int, default=2, help="torch's threads")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    steps = WARM_UP + arguments.steps + 2
    cadence = Monitoring()
    config = DEMO_OPD.model_copy(
        update={
            "device": "cpu",
            "budget": DEMO_OPD.budget.model_copy(update={"steps": steps, "checkpoint_every": NEVER}),
            "monitoring": cadence.model_copy(update={"evaluate_every": NEVER}),
        }
    )
    switch: Switch | None = None
    began: dict[int, tuple[float, float]] = {}

    def at_step(step: int) -> None:
        # From here to the next call is a period: what follows step's update, then the next step up to its own update.
        began[step] = time.perf_counter(), time.process_time()
        if switch is not None:
            switch.on = step % 2 == 0
        if step % 64 == 0:
            print(f"{time.strftime('%H:%M:%S')} step {step}/{steps}", file=sys.stderr, flush=True)

    with live_training(config, at_step) as training:
        switch = Switch(training)
        training.run()
    wall, cpu = ({step: began[step + 1][kind] - began[step][kind] for step in range(1, steps)} for kind in (0, 1))
    shares, cpu_shares = (_by_kind(took, WARM_UP + arguments.steps, cadence) for took in (wall, cpu))
    plain, with_spectra = shares[False], shares[True]
    drawn = Random(0)
    resampled = sorted(
        _share(drawn.choices(plain, k=len(plain)), drawn.choices(with_spectra, k=len(with_spectra)), cadence)
        for _ in range(2000)
    )
    settings = {
        "model": "demo, 42 modules",
        "batch_size": config.budget.batch_size,
        "max_response_tokens": config.budget.max_response_tokens,
        "modules_every": cadence.modules_every,
        "spectral_every": cadence.spectral_every,
        "subspace_rank": cadence.subspace_rank,
        "steps": arguments.steps,
        "step_seconds_without": round(statistics.median(wall[step] for step in wall if step % 2), 4),
        "share_of_plain_steps": round(statistics.median(plain), 4),
        "share_of_steps_with_spectra": round(statistics.median(with_spectra), 4),
        "share_of_cpu_time": round(_share(cpu_shares[False], cpu_shares[True], cadence), 4),
    }
    value, interval = _share(plain, with_spectra, cadence), [resampled[49], resampled[1949]]
    print(last_line("monitoring_overhead", {"share": value}, {"share": interval}, settings))


def _by_kind(took: dict[int, float], last: int, cadence: Monitoring) -> dict[bool, list[float]]:
    """What each monitored step took beyond its neighbours, as a share; by whether it took spectra."""
    shares: dict[bool, list[float]] = {False: [], True: []}
    for step in range(WARM_UP + 2, last + 1, 2):
        without = (took[step - 1] + took[step + 1]) / 2
        shares[step % cadence.spectral_every == 0].append(took[step] / without - 1)
    return shares


def _share(plain: list[float], with_spectra: list[float], cadence: Monitoring) -> float:
    rare = 1 / cadence.spectral_every
    return (1 - rare) * statistics.median(plain) + rare * statistics.median(with_spectra)


if __name__ == "__main__":
    main()
