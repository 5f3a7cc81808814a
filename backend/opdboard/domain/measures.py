"""Every scalar and per-module statistic: name, what it is called, unit, which direction is better, and where its curve is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

Better = Literal["higher", "lower"] | None


@dataclass(frozen=True)
class Measure:
    """A measured quantity; better is None where neither direction is good in itself.

    short: what tables and tiles call it, empty where the title is as good. group: of a scalar, a key of GROUPS. card: the title of the picture that draws it, with all of its group whose card is the
    same (they have one unit); empty where it is drawn alone, under its own title.
    """

    name: str
    title: str
    unit: str = ""
    better: Better = None
    log: bool = False
    card: str = ""
    short: str = ""
    group: str = ""


def _table(*measures: Measure, group: str = "") -> dict[str, Measure]:
    return {measure.name: replace(measure, group=group) for measure in measures}


GROUPS = {
    "evaluation": "Evaluation on held-out prompts",
    "sets": "Evaluation sets",
    "forgetting": "Not trained for: is it forgotten?",
    "training": "On the training batch",
    "reinforcement": "Rewards",
    "health": "Is the distillation healthy?",
    "cost": "Optimizer and cost",
    "analysis": "What was measured of the weights",
    "reported": "Also reported",
}
"""Of scalars, with their titles, in the order of a run's page; a reported scalar may have one more, see scalar."""

# In the order of a run's page.
SCALARS = (
    _table(
        Measure(
            "eval/reverse_kl",
            "Held-out reverse KL to the teacher, at the run's temperature",
            "nats/token",
            "lower",
            card="Reverse KL to the teacher",
            short="Held-out KL",
        ),
        Measure(
            "eval/reverse_kl_k3",
            "Held-out reverse KL to a remote teacher, k3 estimate",
            "nats/token",
            "lower",
            card="Reverse KL to the remote teacher, k3 estimate",
            short="Held-out KL, k3",
        ),
        Measure(
            "eval/accuracy",
            "Held-out accuracy",
            "share",
            "higher",
            card="Accuracy, student and teacher",
            short="Accuracy",
        ),
        Measure("eval/judged", "Held-out responses with a known answer, of which the accuracy is", "responses"),
        Measure(
            "eval/teacher_accuracy",
            "Held-out accuracy of the teacher",
            "share",
            "higher",
            card="Accuracy, student and teacher",
        ),
        Measure(
            "eval/gap_recovery",
            "Held-out accuracy gap to the teacher recovered",
            "share",
            "higher",
            card="Gap to the teacher recovered",
        ),
        group="evaluation",
    )
    | _table(
        Measure(
            "reverse_kl",
            "Reverse KL on the batch, full vocabulary",
            "nats/token",
            "lower",
            card="Reverse KL, full vocabulary",
            short="KL on the batch",
        ),
        Measure(
            "reverse_kl_k1",
            "Reverse KL on the batch, k1 estimate (signed)",
            "nats/token",
            "lower",
            card="Reverse KL, k1 estimate (signed)",
        ),
        Measure(
            "reverse_kl_k3",
            "Reverse KL on the batch, k3 estimate",
            "nats/token",
            "lower",
            card="Reverse KL, k3 estimate",
        ),
        Measure("loss", "Loss", "nats/token", "lower"),
        Measure("accuracy", "Accuracy of the batch's responses", "share", "higher", card="Accuracy"),
        group="training",
    )
    | _table(
        Measure(
            "reward_mean",
            "Reward of the batch, mean",
            better="higher",
            card="Reward, mean and standard deviation",
            short="Reward",
        ),
        Measure("reward_std", "Reward of the batch, standard deviation", card="Reward, mean and standard deviation"),
        Measure("mixed_groups", "Groups with right and wrong answers", "share"),
        Measure("resampled_groups", "Groups drawn beyond the batch", "groups", "lower"),
        Measure("advantage_size", "Size of the advantage, mean |A|", card="Size of the advantage"),
        Measure(
            "clip_fraction",
            "Tokens whose gradient the clip takes away",
            "share",
            card="Tokens that the clip leaves out",
        ),
        Measure(
            "reference_kl",
            "KL to the initial student, k3 estimate",
            "nats/token",
            card="KL to the initial student",
        ),
        group="reinforcement",
    )
    | _table(
        Measure(
            "overlap_ratio",
            "Overlap of student's and teacher's top 16",
            "share",
            "higher",
            card="Overlap of the top 16",
        ),
        Measure("overlap_mass", "Student's mass on the overlap", "share", "higher", card="Overlap of the top 16"),
        Measure("entropy_student", "Entropy of the student", "nats/token", card="Entropy"),
        Measure("entropy_teacher", "Entropy of the teacher", "nats/token", card="Entropy"),
        Measure("entropy_gap", "Entropy gap, student - teacher", "nats/token", card="Entropy"),
        Measure("overlap_advantage", "Advantage on the overlap", "nats/token"),
        Measure(
            "teacher_logprob",
            "Teacher's log-probability of the responses",
            "nats/token",
            "higher",
            card="Teacher's log-probability",
        ),
        Measure("response_length", "Response length, mean", "tokens", card="Response length"),
        Measure("response_length_p95", "Response length, 95th percentile", "tokens", card="Response length"),
        Measure("truncated_share", "Responses cut at the limit", "share", "lower", card="Cut and repetitive responses"),
        Measure("repetition_rate", "Repetitive responses", "share", "lower", card="Cut and repetitive responses"),
        Measure("skipped_updates", "Updates skipped so far: loss or gradient not finite", "updates", "lower"),
        group="health",
    )
    | _table(
        Measure("grad_norm", "Gradient norm, before clipping", log=True, card="Gradient norm before clipping"),
        Measure("learning_rate", "Learning rate"),
        Measure("step_seconds", "Seconds of the step", "s", "lower", card="Seconds per step"),
        Measure("rollout_seconds", "Seconds of the rollout", "s", "lower", card="Seconds per step"),
        Measure("monitor_seconds", "Seconds of weight monitoring", "s", "lower", card="Seconds per step"),
        Measure(
            "seconds",
            "Seconds so far: training, monitoring and search, without evaluation and pauses",
            "s",
            card="Seconds so far, of which search",
            short="Time",
        ),
        Measure(
            "search_seconds",
            "Seconds spent on the search so far",
            "s",
            "lower",
            card="Seconds so far, of which search",
        ),
        Measure("tokens_per_second", "Response tokens per second", "tokens/s", "higher"),
        Measure("memory_bytes", "Peak memory of the run's process", "bytes", "lower", card="Peak memory"),
        Measure(
            "tokens",
            "Response tokens for training so far, those of discarded groups included; the search's are apart",
            "tokens",
            card="Tokens so far, for training and for the search",
        ),
        Measure(
            "search_tokens",
            "Tokens spent on the search so far",
            "tokens",
            "lower",
            card="Tokens so far, for training and for the search",
        ),
        Measure(
            "gpu_seconds",
            "GPU-seconds so far: seconds times the number of GPUs",
            "GPU s",
            card="GPU-seconds so far",
        ),
        Measure("checkpoint_seconds", "Seconds spent on writing checkpoints so far", "s", "lower"),
        group="cost",
    )
    | _table(
        Measure(
            "matrices_share",
            "Parameters that are in the modules watched",
            "share",
            card="Parameters in the modules watched: of all, of those in blocks",
        ),
        Measure(
            "matrices_share_of_blocks",
            "Parameters in blocks that are in the modules watched",
            "share",
            card="Parameters in the modules watched: of all, of those in blocks",
        ),
        Measure("share_done", "Checkpoints measured", "share"),
        Measure("rounding_norm", "Norm that a change of the floating-point type alone gives ΔW", log=True),
        Measure("beyond_rounding", "Weights that moved by more than a rounding", "share"),
        Measure("spectral_error_bound", "Largest error bound of a module's effective rank", "share", "lower", log=True),
        group="analysis",
    )
)

# Put together from the modules' when drawn; see panels.curves.
WHOLE_MODEL = _table(Measure("update_norm", "Update norm ‖ΔW‖F over all modules"), group="analysis")

_GROUP_OF_PREFIX = {"eval": "evaluation", "train": "training"}


_OF_SETS = {
    "avg": Measure("", "Share of right answers", "share", "higher", card="Right answers"),
    "pass": Measure("", "Prompts with a right answer among so many", "share", "higher", card="Right answers"),
    "maj": Measure("", "Prompts that most answers get right", "share", "higher", card="Right answers"),
    "truncated": Measure("", "Answers cut at the limit", "share", "lower"),
    "length": Measure("", "Length of an answer, mean", "tokens"),
}
_OF_SET = re.compile(r"eval/(forgetting/)?([a-z0-9_-]+)/((?:(avg|pass|maj)@\d+)|truncated|length)")


def set_key(name: str, measure: str, *, forgetting: bool) -> str:
    """The scalar of a measure ('avg@4', 'pass@2', 'maj@4', 'truncated', 'length') on an evaluation set."""
    return f"eval/{'forgetting/' * forgetting}{name}/{measure}"


def _on_set(key: str) -> Measure | None:
    found = _OF_SET.fullmatch(key)
    if found is None:
        return None
    forgetting, name, measure, counted = found.groups()
    kind = _OF_SETS[counted or measure]
    return replace(
        kind,
        name=key,
        title=f"{kind.title} on {name}{f', {measure}' if counted else ''}",
        card=f"{kind.card or kind.title}, {name}",
        short=f"{name} {measure}",
        group="forgetting" if forgetting else "sets",
    )


def scalar(key: str) -> Measure:
    """What is known of the scalar; one that another trainer names in its own way is in the group that its first part names.

    'train/loss' is in training, 'rewards/format' in rewards, a name of one part in reported; for sets see set_key.
    """
    known = SCALARS.get(key) or WHOLE_MODEL.get(key) or _on_set(key)
    if known is not None:
        return known
    prefix, slash, _ = key.partition("/")
    return Measure(key, key, group=_GROUP_OF_PREFIX.get(prefix, prefix) if prefix and slash else "reported")


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


MODULE_NORMS = _table(
    Measure("update_norm", "Update norm ‖ΔW‖F", log=True),
    Measure("relative_update_norm", "Relative update norm ‖ΔW‖F / ‖W₀‖F", log=True),
    Measure("step_norm", "Step norm ‖Wt − Wt₋₁‖F", log=True),
    Measure("norm_share", "Share of the squared update norm", "share", log=True),
    Measure("grad_norm", "Gradient norm", log=True),
)

MODULE_SPECTRA = _table(
    Measure("spectral_norm", "Spectral norm σ₁ of ΔW", log=True),
    Measure("spectral_frobenius_ratio", "Spectral / Frobenius norm of ΔW", "share"),
    Measure("stable_rank", "Stable rank of ΔW"),
    Measure("effective_rank", "Effective rank of ΔW"),
    Measure("effective_rank_error", "Effective rank, relative error at most", "share", "lower", log=True),
    Measure("top1pct_norm_ratio", "Norm in the top 1% of the rank", "share"),
    Measure("subspace_residual", "Leading subspace, residual ‖ΔW V − U S‖ / ‖S‖", "share", "lower", log=True),
    Measure("numerical_rank", "Numerical rank of ΔW, counted up to the directions kept", "directions"),
    Measure("captured_norm_ratio", "Norm of ΔW in the directions kept", "share"),
    Measure("visible_sparsity", "Entries whose bf16 value did not change", "share"),
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
ALIGNMENTS = _table(
    Measure("subspace_affinity", "Subspace affinity", "", "higher"),
    Measure("paired_cosine", "Paired cosine", "", "higher"),
    Measure("direction_cosine", "Direction cosine of ΔW (of its leading directions)", "", "higher"),
)

# A vector over bins of the position in the response instead of over modules.
POSITION_STATISTIC = "reverse_kl_by_position"
POSITION_BINS = 32
