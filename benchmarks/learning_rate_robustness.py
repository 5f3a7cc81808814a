"""How much the configured learning rate matters: OPD, EffOPD and line-searched OPD from each rate of a 100-fold range.

    python benchmarks/learning_rate_robustness.py --seeds 3

Target of a seed: the held-out teacher KL that plain OPD ends with after 128 steps at 1e-5, reached and held. worst_ratio and best_ratio
are the steps of line-searched OPD from its worst and best rate over those of plain OPD at its best rate (the rate with
the fewest steps by the median over seeds): 1 means that the choice of rate no longer matters, below 1 is better than
the best constant rate. Progress goes to stderr, the last line of stdout is one JSON object.
"""

from training_runs import Costs, Races, best_rate, last_line, median_steps, ratios, read_seeds, steps_to_target

from opdboard.domain.strategies import Strategy
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.strategies.linesearch import LineSearch
from opdboard.domain.strategies.none import NoStrategy

LEARNING_RATE, STEPS = 1e-5, 128
RATES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3)
STRATEGIES: dict[str, Strategy] = {
    "opd": NoStrategy(),
    "effopd": EffOPD(score="negative_reverse_kl", validation_size=64),
    "ours": LineSearch(validation_size=64),
}


def main() -> None:
    """Run and print."""
    seeds = read_seeds(__doc__, 3)
    races = Races(seeds=seeds, steps=STEPS, learning_rate=LEARNING_RATE)
    reached: dict[str, dict[float, list[Costs]]] = {}
    for name, strategy in STRATEGIES.items():
        reached[name] = {
            rate: races.reference if name == "opd" and rate == LEARNING_RATE else races.run(strategy, rate)
            for rate in RATES
        }
    best = reached["opd"][best_rate(reached["opd"])]
    ours = reached["ours"]
    order = sorted(RATES, key=lambda rate: median_steps(ours[rate]))
    settings = {
        "seeds": seeds,
        "rates": RATES,
        "reference_steps": STEPS,
        "best_rate": {name: best_rate(found) for name, found in reached.items()},
        "worst_rate_of_ours": order[-1],
        "targets": races.targets,
        "steps_to_target": {
            name: {f"{rate:g}": steps_to_target(runs) for rate, runs in found.items()}
            for name, found in reached.items()
        },
    }
    measured = {
        name: ratios(ours[rate], best, "steps")
        for name, rate in {"worst_ratio": order[-1], "best_ratio": order[0]}.items()
    }
    print(last_line("learning_rate_robustness", measured, settings))


if __name__ == "__main__":
    main()
