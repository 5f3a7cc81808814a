"""Line-searched OPD, our strategy, against EffOPD on the demo task at the same small rate.

    python benchmarks/strategy_speedup.py --seeds 5

Target of a seed: the held-out teacher KL that plain OPD ends with after 128 steps at 1e-5, reached and held. Both have the
same D_v of 64 prompts; searches count. Ratios above 1 are our gain: of medians over seeds, with Student's interval of log
ratios. Progress goes to stderr, the last line of stdout is one JSON object.
"""

from training_runs import Races, last_line, ratios, read_seeds, steps_to_target

from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.strategies.linesearch import LineSearch

LEARNING_RATE, STEPS = 1e-5, 128
EFFOPD = EffOPD(score="negative_reverse_kl", validation_size=64)
OURS = LineSearch(validation_size=64)


def main() -> None:
    """Run and print."""
    seeds = read_seeds(__doc__, 5)
    races = Races(seeds=seeds, steps=STEPS, learning_rate=LEARNING_RATE)
    effopd, ours = races.run(EFFOPD, LEARNING_RATE), races.run(OURS, LEARNING_RATE)
    measured = {what: ratios(effopd, ours, what) for what in ("steps", "tokens", "seconds")}
    settings = {
        "seeds": seeds,
        "learning_rate": LEARNING_RATE,
        "reference_steps": STEPS,
        "targets": races.targets,
        "steps_to_target": {
            name: steps_to_target(runs)
            for name, runs in {"opd": races.reference, "effopd": effopd, "ours": ours}.items()
        },
        "validation_size": OURS.validation_size,
    }
    print(last_line("strategy_speedup", measured, settings))


if __name__ == "__main__":
    main()
