"""Every scalar and per-module statistic by its key: what it is called, symbol, unit, which direction is better, where its curve is."""

import re
from collections.abc import Iterable

from opdboard.domain.measure import ANY, Measure, table
from opdboard.domain.scalar_measures import GROUPS, SCALARS, WHOLE_MODEL, on_set

_GROUP_OF_PREFIX = {"eval": "evaluation", "train": "training"}


def scalar(key: str) -> Measure:
    """What is known of the scalar; one that another trainer names in its own way is in the group that its first part names.

    'train/loss' is in training, 'rewards/format' in rewards, a name of one part in reported; for sets see set_key.
    """
    known = SCALARS.get(key) or WHOLE_MODEL.get(key) or on_set(key)
    if known is not None:
        return known
    prefix, slash, _ = key.partition("/")
    group = _GROUP_OF_PREFIX.get(prefix, prefix) if prefix and slash else "reported"
    return Measure(key, key, within=ANY, group=group)


def by_number(key: str) -> list[str]:
    """A key to sort names by, in which 'pass@2' comes before 'pass@16'."""
    return [part.zfill(12) if part.isdigit() else part for part in re.split(r"(\d+)", key)]


def cards(keys: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Group -> title of a picture -> the scalars that it draws, in the order of a run's page; reported ones last, by name."""
    stored = set(keys)
    ordered = [key for key in SCALARS if key in stored] + sorted(stored - SCALARS.keys(), key=by_number)
    found: dict[str, dict[str, list[str]]] = {group: {} for group in GROUPS}
    for measure in map(scalar, ordered):
        found.setdefault(measure.group, {}).setdefault(measure.card or measure.title, []).append(measure.name)
    return {group: pictures for group, pictures in found.items() if pictures}


MODULE_NORMS = table(
    Measure("update_norm", "Update norm", log=True, symbol="‖ΔW‖F"),
    Measure("relative_update_norm", "Relative update norm", log=True, symbol="‖ΔW‖F / ‖W₀‖F"),
    Measure("step_norm", "Step norm", log=True, symbol="‖Wt − Wt₋₁‖F"),
    Measure("norm_share", "Share of the squared update norm", "share", log=True, short="Norm share"),
    Measure("grad_norm", "Gradient norm", log=True, symbol="‖g‖F"),
)

MODULE_SPECTRA = table(
    Measure("spectral_norm", "Spectral norm of ΔW", log=True, short="Spectral norm", symbol="σ₁"),
    Measure(
        "spectral_frobenius_ratio",
        "Spectral / Frobenius norm of ΔW",
        "share",
        short="Spectral / Frobenius",
        symbol="σ₁ / ‖ΔW‖F",
    ),
    Measure("stable_rank", "Stable rank of ΔW", short="Stable rank", symbol="‖ΔW‖²F / σ₁²"),
    Measure("effective_rank", "Effective rank of ΔW", short="Effective rank"),
    Measure(
        "effective_rank_error",
        "Effective rank, relative error at most",
        "share",
        "lower",
        log=True,
        short="Effective rank, error",
        within=(0.0, None),
    ),
    Measure("top1pct_norm_ratio", "Norm in the top 1% of the rank", "share", short="Norm in the top 1%"),
    Measure(
        "subspace_residual",
        "Leading subspace, residual",
        "share",
        "lower",
        log=True,
        short="Subspace residual",
        symbol="‖ΔW V − U S‖ / ‖S‖",
        within=(0.0, None),
    ),
    Measure(
        "numerical_rank",
        "Numerical rank of ΔW, counted up to the directions kept",
        "directions",
        short="Numerical rank",
    ),
    Measure("captured_norm_ratio", "Norm of ΔW in the directions kept", "share", short="Norm kept"),
    Measure("visible_sparsity", "Entries whose bf16 value did not change", "share", short="Visible sparsity"),
)

# A vector over modules that names, by its place here, what made a snapshot's spectral measures; see core.spectral.
ESTIMATOR_STATISTIC = "spectral_estimator"
ESTIMATORS = ("gram_float64", "gram_float32", "lanczos_quadrature")
NOT_ESTIMATED = (
    "effective_rank_error",
    "subspace_residual",
    "numerical_rank",
    "captured_norm_ratio",
    "visible_sparsity",
)


def estimator_of(statistic: str, code: float) -> str:
    """What made a module's value of that statistic, its snapshot's code given; empty where that is not known or not asked.

    Where the quadrature made the effective rank, the other measures come from the leading triplets.
    """
    if statistic not in MODULE_SPECTRA or statistic in NOT_ESTIMATED or code != code:
        return ""
    name = ESTIMATORS[int(code)]
    return "block_krylov" if name == "lanczos_quadrature" and statistic != "effective_rank" else name


MODULE_STATISTICS = MODULE_NORMS | MODULE_SPECTRA

# Alignment of an earlier snapshot to a reference snapshot; '@k' names the number of directions.
ALIGNMENT_DEPTHS = (1, 5, 10, 20)
ALIGNMENTS = table(
    Measure("subspace_affinity", "Subspace affinity", better="higher", within=(0.0, 1.0)),
    Measure("paired_cosine", "Paired cosine", better="higher", within=(0.0, 1.0)),
    Measure(
        "direction_cosine",
        "Direction cosine of ΔW (of its leading directions)",
        better="higher",
        short="Direction cosine",
        within=(-1.0, 1.0),
    ),
)

# What sets of weights are scored by, in searches and in analyses.
SCORES = table(
    Measure("accuracy", "Accuracy", "share", "higher"),
    Measure("reverse_kl", "Reverse KL to the teacher", "nats/token", "lower", short="Reverse KL", symbol="KL(p‖q)"),
    Measure(
        "negative_reverse_kl",
        "Negative reverse KL to the teacher",
        "nats/token",
        "higher",
        short="Negative reverse KL",
        symbol="−KL(p‖q)",
        within=(None, 0.0),
    ),
    Measure("recovery", "Recovery of the accuracy", "share", "higher", within=ANY),
    Measure("kl_recovery", "Recovery of the KL", "share", "higher", within=ANY),
)


def score(name: str) -> Measure:
    """What is known of a score, also of one that only another trainer knows."""
    return SCORES.get(name) or Measure(name, name, within=ANY)


# A vector over bins of the position in the response instead of over modules.
POSITION_STATISTIC = "reverse_kl_by_position"
POSITION_BINS = 32
BY_POSITION = Measure(
    POSITION_STATISTIC,
    "Reverse KL by position in the response",
    "nats/token",
    "lower",
    short="Reverse KL",
    symbol="KL(p‖q)",
)
