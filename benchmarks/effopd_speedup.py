"""EffOPD against plain OPD on the demo task, at one small rate and each at its best rate of a grid.

    python benchmarks/effopd_speedup.py --seeds 5

Target of a seed: the held-out teacher KL that plain OPD ends with after 128 steps at 1e-5, reached and held. EffOPD has
the paper's switches, scored by negative reverse KL on 64 prompts; its search counts. Ratios above 1 are EffOPD's gain: of
medians over seeds, with Student's interval of log ratios. Progress goes to stderr, the last line of stdout is one JSON object.
"""

from training_runs import Races, best_rate, last_line, ratios, read_seeds, steps_to_target

from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.strategies.none import NoStrategy

LEARNING_RATE, STEPS = 1e-5, 128
GRID = (1e-4, 3e-4, 1e-3)
EFFOPD = EffOPD(score="negative_reverse_kl", validation_size=64)


def main() -> None:
    """Run and print."""
    seeds = read_seeds(__doc__, 5)
    races = Races(seeds=seeds, steps=STEPS, learning_rate=LEARNING_RATE)
    effopd = {LEARNING_RATE: races.run(EFFOPD, LEARNING_RATE)}
    opd = {LEARNING_RATE: races.reference}
    for rate in GRID:
        opd[rate], effopd[rate] = races.run(NoStrategy(), rate), races.run(EFFOPD, rate)
    best = {"opd": best_rate(opd), "effopd": best_rate(effopd)}
    measured = {}
    for what in ("steps", "tokens", "seconds"):
        measured[what] = ratios(races.reference, effopd[LEARNING_RATE], what)
        measured[f"{what}_best_lr"] = ratios(opd[best["opd"]], effopd[best["effopd"]], what)
    steps = {
        name: {f"{rate:g}": steps_to_target(runs) for rate, runs in by_rate.items()}
        for name, by_rate in {"opd": opd, "effopd": effopd}.items()
    }
    settings = {
        "seeds": seeds,
        "learning_rate": LEARNING_RATE,
        "reference_steps": STEPS,
        "grid": [LEARNING_RATE, *GRID],
        "best_rate": best,
        "targets": races.targets,
        "steps_to_target": steps,
        "validation_size": EFFOPD.validation_size,
    }
    print(last_line("effopd_speedup", measured, settings))


if __name__ == "__main__":
    main()
