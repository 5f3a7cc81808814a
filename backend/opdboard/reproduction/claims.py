"""The paper's claims, each with the rule by which the measured numbers agree with it or not. No verdict is written by hand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from opdboard.answers import SpeedupOut
from opdboard.domain.entries import entry_of_group
from opdboard.panels.intervals import mean_and_half_width
from opdboard.panels.spectrum import SHARES_OF_NORM
from opdboard.reproduction.evidence import Evidence, gain, gain_at_norm, score, variant
from opdboard.reproduction.plan import EFFOPD, OPD, RL

AGREES, DIFFERS, OPEN = "agrees", "does not agree", "undecided"
ONE_SEED = ", by one seed"
GEOMETRY = (
    ("spectral_norm", "Spectral norm of the update", "larger", "0.094 / 0.113, 0.007 / 0.009, 0.004 / 0.005, 0.056 / 0.063"),
    ("spectral_frobenius_ratio", "Spectral / Frobenius norm", "larger", "33.2 / 39.6%, 19.7 / 25.7%, 32.7 / 36.8%, 24.4 / 28.1%"),
    ("effective_rank", "Effective rank", "smaller", "964 / 778, 1908 / 1587, 2754 / 2341, 3174 / 2937"),
    ("top1pct_norm_ratio", "Norm in the top 1% of the rank", "larger", "78.1 / 92.3%, 79.2 / 93.4%, 88.5 / 94.7%, 81.2 / 94.5%"),
)  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """What the paper says, the rule, and what was measured by it.

    values: one per seed, at or above `threshold` where the claim holds.
    """

    topic: str
    paper: str
    rule: str
    values: Sequence[float]
    threshold: float
    told: str = ""
    whole: bool = False
    """The value is of all seeds together."""

    @property
    def verdict(self) -> str:
        """By the mean; undecided where its 95% interval over the seeds holds the threshold, or nothing was measured.

        One seed has no interval, which is said.
        """
        known = np.array([value for value in self.values if math.isfinite(value)])
        if not len(known):
            return OPEN
        mean, half = mean_and_half_width(known)
        if len(known) > 1 and abs(float(mean) - self.threshold) < float(half):
            return OPEN
        side = AGREES if mean >= self.threshold else DIFFERS
        return side if len(known) > 1 or self.whole else side + ONE_SEED

    @property
    def measured(self) -> str:
        """The mean with its interval."""
        if self.told:
            return self.told
        return in_words(self.values)


def in_words(values: Sequence[float]) -> str:
    """Mean and half of the 95% interval over seeds, of what is known."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return "not measured"
    mean, half = mean_and_half_width(np.array(known))
    spread = f" ± {float(half):.2g}" if len(known) > 1 else ""
    return f"{float(mean):.3g}{spread} (n = {len(known)})"


def claims(evidence: Evidence, speedup: SpeedupOut) -> list[Claim]:
    """All of them, in the report's order. speedup: of EffOPD over OPD at the same rate, as the API tells it."""
    return [
        _speedup(speedup),
        *_geometry(evidence),
        _allocation(evidence),
        _equal_norm(evidence),
        _embeddings(evidence),
        _shift(evidence),
        _windows(evidence),
        _early(evidence),
        _rank(evidence),
        _lock_in(evidence),
        _turn(evidence),
    ]


def _speedup(speedup: SpeedupOut) -> Claim:
    ratios = next((row.ratios for row in speedup.rows if row.key == entry_of_group(EFFOPD)), None)
    ratio = ratios and ratios.steps
    told = "EffOPD did not reach the KL that OPD ends with"
    if ratios and ratio and ratios.seconds:
        spent = f"{ratios.tokens.value:.2g}x in tokens and " if ratios.tokens else ""
        told = f"{ratio.value:.2g}x in steps, {spent}{ratios.seconds.value:.2g}x in seconds with the search counted"
    return Claim(
        "Speed-up of EffOPD",
        "3x on average over OPD at the same learning rate",
        "at least 2x fewer steps to the KL to the teacher that OPD ends with",
        [] if ratio is None else [ratio.value],
        2.0,
        told,
        whole=bool(speedup.rows) and speedup.rows[0].members > 1,
    )


def _geometry(evidence: Evidence) -> list[Claim]:
    """Shares of the norm are judged as the paper's table averages them, and told in both ways."""
    found = []
    for statistic, title, direction, paper in GEOMETRY:
        share = statistic in SHARES_OF_NORM
        average = evidence.spectral_of_sums if share else evidence.spectral
        opd, rl = average(OPD, statistic), average(RL, statistic)
        told = f"RL {in_words(rl)}, OPD {in_words(opd)}"
        if share:
            means = [in_words(evidence.spectral(role, statistic)) for role in (RL, OPD)]
            told = f"of sums, as in the paper's table: {told}; means of ratios: RL {means[0]}, OPD {means[1]}"
        # Below a rank of 101 the top 1% is the first direction alone.
        if statistic == "top1pct_norm_ratio" and opd == average(OPD, "spectral_frobenius_ratio"):
            told += "; one direction at this rank, so the spectral / Frobenius norm again"
        sign = 1.0 if direction == "larger" else -1.0
        what = "sum of the top norms over the sum of the norms" if share else "mean"
        found.append(
            Claim(
                title,
                f"{direction} for OPD: RL / OPD {paper} (1.5B, 4B, 8B, 14B)",
                f"{what} over all matrices, OPD minus RL by seed, has the paper's sign",
                [sign * (a - b) for a, b in zip(opd, rl, strict=False)],
                0.0,
                told,
            )
        )
    return found


def _allocation(evidence: Evidence) -> Claim:
    opd, rl = evidence.norm_shares(OPD), evidence.norm_shares(RL)
    return Claim(
        "Module allocation",
        "OPD spends its update on middle-layer MLPs, RL spreads it",
        "share of the squared update norm in the middle third's MLPs is larger for OPD, by seed",
        [a - b for a, b in zip(opd, rl, strict=False)],
        0.0,
        f"RL {in_words(rl)}, OPD {in_words(opd)}",
    )


def _equal_norm(evidence: Evidence) -> Claim:
    pairs = list(zip(evidence.of_kind(OPD, "scale_final"), evidence.of_kind(RL, "scale_final"), strict=False))
    gains = []
    for opd, rl in pairs:
        norms = [final.norm for one in (opd, rl) if (final := variant(one, "final")) and final.norm is not None]
        gains.append((gain_at_norm(opd, min(norms), "accuracy"), gain_at_norm(rl, min(norms), "accuracy")))
    return Claim(
        "OPD against RL at equal norm",
        "RL spends much norm for little gain",
        "at the smaller of the two final norms, on the scaled final updates, OPD has gained more accuracy, by seed",
        [a - b for a, b in gains],
        0.0,
        f"gain of RL {in_words([b for _, b in gains])}, of OPD {in_words([a for a, _ in gains])}",
    )


def _embeddings(evidence: Evidence) -> Claim:
    lost = []
    for analysis in evidence.of_kind(OPD, "reset_embeddings"):
        resets = [one for one in analysis.variants if one.family == "reset"]
        whole = gain(analysis, variant(analysis, "final"))
        lost.append((whole - gain(analysis, resets[-1])) / whole if resets else math.nan)
    return Claim(
        "Embeddings put back",
        "OPD suppresses updates of low marginal utility, the embeddings among them",
        "putting all embeddings back to the base costs at most 10% of the gain",
        [-one for one in lost],
        -0.1,
        f"share of the gain lost: {in_words(lost)}",
    )


def _shift(evidence: Evidence) -> Claim:
    def means(role: str) -> list[float]:
        found = [variant(one, "input") for one in evidence.of_kind(role, "embedding_shift")]
        shifts = [one.details["one_minus_cosine"] for one in found if one is not None]
        return [float(np.mean([value for value in of_run if value is not None])) for of_run in shifts]

    opd, rl = means(OPD), means(RL)
    return Claim(
        "Shift of the embeddings",
        "OPD moves the embeddings of used tokens less than RL",
        "mean 1 - cos(base, trained) over the tokens of sampled responses is smaller for OPD, by seed",
        [b - a for a, b in zip(opd, rl, strict=False)],
        0.0,
        f"RL {in_words(rl)}, OPD {in_words(opd)}",
    )


def _windows(evidence: Evidence) -> Claim:
    found, told = [], []
    for analysis in evidence.of_kind(OPD, "sliding_window"):
        gains = {
            (one.family, one.x): gain(analysis, one)
            for one in analysis.variants
            if one.family in ("mlp", "attention") and one.x is not None
        }
        family, centre = max(gains, key=lambda key: gains[key])
        layers = 1 + max(x for _, x in gains)
        in_the_middle = layers / 3 - 1 < centre < layers * 2 / 3
        found.append(1.0 if family == "mlp" and in_the_middle else 0.0)
        told.append(f"{family}, l = {centre:g} of {layers:g}")
    return Claim(
        "Layers that carry the gain",
        "middle-layer MLPs",
        "the window that comes nearest to the teacher injects MLPs around a layer of the middle third, for most seeds",
        [float(np.mean(found))] if found else [],
        0.5,
        "best windows: " + "; ".join(told) if told else "",
        whole=len(found) > 1,
    )


def _early(evidence: Evidence) -> Claim:
    found = [one for each in evidence.of_kind(OPD, "rescale_early") if (one := variant(each, "beta", 1.0))]
    by_kl, by_accuracy = ([score(one, by, "recovery") for one in found] for by in ("reverse_kl", "accuracy"))
    return Claim(
        "Early update at the final norm",
        "the checkpoint at 10% of training, rescaled per module, recovers about 80%",
        "recovery of the KL to the teacher is at least 70%",
        by_kl,
        0.7,
        f"{in_words(by_kl)}; by accuracy {in_words(by_accuracy)}",
    )


def _rank(evidence: Evidence) -> Claim:
    def kept(measure: str) -> list[float]:
        found = evidence.of_kind(OPD, "rank")
        pairs = [[gain(one, variant(one, "top", percent), measure) for percent in (10.0, 100.0)] for one in found]
        return [part / whole if whole else math.nan for part, whole in pairs]

    by_kl, by_accuracy = kept("reverse_kl"), kept("accuracy")
    return Claim(
        "Top 10% of the rank",
        "keeps over 95% of the full gain",
        "gain (in KL to the teacher) with the leading 10% of the directions over that with all is at least 0.95",
        by_kl,
        0.95,
        f"{in_words(by_kl)}; by accuracy {in_words(by_accuracy)}",
    )


def _lock_in(evidence: Evidence) -> Claim:
    opd, rl = evidence.lock_in_shares(OPD), evidence.lock_in_shares(RL)
    return Claim(
        "Lock-in",
        "OPD's dominant subspaces align with the final ones early in training",
        "affinity@20 to the last snapshot stays at or above 0.8, at two snapshots at least, from an earlier share of the steps "
        "than RL's, by seed",
        [b - a for a, b in zip(opd, rl, strict=False)],
        0.0,
        f"RL from {in_words(rl)}, OPD from {in_words(opd)} of the steps",
    )


def _turn(evidence: Evidence) -> Claim:
    opd, rl = evidence.first_last_cosines(OPD), evidence.first_last_cosines(RL)
    return Claim(
        "Leading direction, first to last",
        "OPD's leading directions align with the final ones from early on",
        "mean |cos| of u_1 at the first and the last snapshot is larger for OPD, by seed",
        [a - b for a, b in zip(opd, rl, strict=False)],
        0.0,
        f"RL {in_words(rl)}, OPD {in_words(opd)}",
    )
