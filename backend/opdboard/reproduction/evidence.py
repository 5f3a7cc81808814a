"""What the runs and analyses came to, as the numbers that claims are judged by: one per seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from opdboard.answers import AnalysisDetail, RunDetail, VariantOut
from opdboard.api.arrays import decode
from opdboard.client import Client
from opdboard.domain.modules import depth_third
from opdboard.panels.locking import LOCKED_IN, lock_in
from opdboard.panels.spectrum import ratio_of_sums

SCORE = "reverse_kl"
"""What interventions are judged by: it is far less noisy than the accuracy of a few hundred answers."""


@dataclass(frozen=True)
class Evidence:
    """Runs by role, one per seed, and the analyses of each by kind."""

    client: Client
    runs: Mapping[str, Sequence[RunDetail]]
    analyses: Mapping[str, Mapping[str, AnalysisDetail]]
    """Run id -> kind -> the analysis with its variants."""

    def of_kind(self, role: str, kind: str) -> list[AnalysisDetail]:
        """Finished analyses of the role's runs, by seed."""
        found = (self.analyses.get(run.id, {}).get(kind) for run in self.runs[role])
        return [one for one in found if one is not None and one.variants]

    def spectral(self, role: str, statistic: str) -> list[float]:
        """Mean of a module statistic over all modules at the last snapshot, by seed."""
        return [float(np.nanmean(values_M)) for (values_M,) in self._last(role, statistic)]

    def spectral_of_sums(self, role: str, statistic: str) -> list[float]:
        """Sum of the top norms over the sum of the norms, of a share of the norm, by seed (the paper's table)."""
        needed = self._last(role, statistic, "spectral_norm", "spectral_frobenius_ratio")
        return [ratio_of_sums(*values) for values in needed]

    def _last(self, role: str, *statistics: str) -> list[list[np.ndarray]]:
        """The modules' values of each statistic at the last snapshot, of each run that has one."""
        stored = [[self.client.statistic(run.id, name) for name in statistics] for run in self.runs[role]]
        return [[decode(one.values)[-1] for one in of_run] for of_run in stored if all(one.steps for one in of_run)]

    def norm_shares(self, role: str) -> list[float]:
        """Share of the squared update norm that the MLPs of the middle third of the layers have at the end, by seed."""
        shares = []
        for run in self.runs[role]:
            modules = self.client.modules(run.id).modules
            stored = self.client.statistic(run.id, "norm_share")
            if stored.steps:
                last = decode(stored.values)[-1]
                layers = 1 + max(one.layer for one in modules)
                middle = [one.group == "mlp" and depth_third(one.layer, layers) == "middle" for one in modules]
                shares.append(float(last[middle].sum()))
        return shares

    def lock_in_shares(self, role: str) -> list[float]:
        """Where the mean affinity to the last snapshot locks in, as a share of the steps; 1 where it never does, or no second snapshot says so."""
        shares = []
        for run in self.runs[role]:
            stored = self.client.statistic(run.id, "subspace_affinity@20")
            if not stored.steps:
                continue
            last = max(step for step in stored.reference_steps if step is not None)
            rows = [row for row, reference in enumerate(stored.reference_steps) if reference == last]
            steps = np.array([stored.steps[row] for row in rows])
            means = np.nanmean(decode(stored.values)[rows], axis=1)
            found = lock_in(steps, means, np.full(len(steps), last), LOCKED_IN)
            shares.append(found.step / last if found and found.confirmed else 1.0)
        return shares

    def first_last_cosines(self, role: str) -> list[float]:
        """Mean |cos(u_1 at the first snapshot, u_1 at the last)| over the modules, by seed."""
        means = []
        for run in self.runs[role]:
            stored = self.client.statistic(run.id, "paired_cosine@1")
            if not stored.steps:
                continue
            last = max(step for step in stored.reference_steps if step is not None)
            row = min(
                (row for row, reference in enumerate(stored.reference_steps) if reference == last),
                key=lambda row: stored.steps[row],
            )
            means.append(float(np.nanmean(decode(stored.values)[row])))
        return means


def score(variant: VariantOut, measure: str = SCORE, what: str = "score") -> float:
    """A variant's value; NaN where it was not scored."""
    for one in variant.scores:
        if one.measure == measure:
            value = getattr(one, what).value
            return np.nan if value is None else value
    return np.nan


def variant(analysis: AnalysisDetail, family: str, x: float | None = None) -> VariantOut | None:
    """The variant of a family at that place."""
    matching = [one for one in analysis.variants if one.family == family and x in (None, one.x)]
    return matching[0] if matching else None


def gain(analysis: AnalysisDetail, found: VariantOut | None, measure: str = SCORE) -> float:
    """How much better than the base it scores: nearer to the teacher [nats/token], or accurate; NaN without the variant."""
    base = variant(analysis, "base")
    if found is None or base is None:
        return np.nan
    better = 1.0 if measure == "accuracy" else -1.0
    return better * (score(found, measure) - score(base, measure))


def gain_at_norm(analysis: AnalysisDetail, norm: float, measure: str = SCORE) -> float:
    """The gain on the scaled line at a norm of the update, linear between the factors that were scored."""
    line = sorted((one.norm, gain(analysis, one, measure)) for one in analysis.variants if one.norm is not None)
    return float(np.interp(norm, [at for at, _ in line], [value for _, value in line]))
