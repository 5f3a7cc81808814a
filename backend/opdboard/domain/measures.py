"""Every scalar and per-module statistic: name, what it is called, unit, and which direction is better."""

from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower"] | None


@dataclass(frozen=True)
class Measure:
    """A measured quantity; better is None where neither direction is good in itself."""

    name: str
    title: str
    unit: str = ""
    better: Better = None
    group: str = "training"
    log: bool = False


def _table(*measures: Measure) -> dict[str, Measure]:
    return {measure.name: measure for measure in measures}


SCALARS = _table(
    Measure(
        "eval/reverse_kl",
        "Held-out reverse KL to the teacher, at the run's temperature",
        "nats/token",
        "lower",
        "evaluation",
    ),
    Measure(
        "eval/reverse_kl_k3",
        "Held-out reverse KL to a remote teacher, k3 estimate",
        "nats/token",
        "lower",
        "evaluation",
    ),
    Measure("eval/accuracy", "Held-out accuracy", "share", "higher", "evaluation"),
    Measure("eval/gap_recovery", "Held-out accuracy gap to the teacher recovered", "share", "higher", "evaluation"),
    Measure("eval/teacher_accuracy", "Held-out accuracy of the teacher", "share", "higher", "evaluation"),
    Measure("reverse_kl", "Reverse KL on the batch, full vocabulary", "nats/token", "lower"),
    Measure("reverse_kl_k1", "Reverse KL on the batch, k1 estimate (signed)", "nats/token", "lower"),
    Measure("reverse_kl_k3", "Reverse KL on the batch, k3 estimate", "nats/token", "lower"),
    Measure("loss", "Loss", "nats/token", "lower"),
    Measure("accuracy", "Accuracy of the batch's responses", "share", "higher"),
    Measure("reward_mean", "Reward of the batch, mean", "", "higher", "reinforcement"),
    Measure("reward_std", "Reward of the batch, standard deviation", "", None, "reinforcement"),
    Measure("advantage_size", "Size of the advantage, mean |A|", "", None, "reinforcement"),
    Measure("clip_fraction", "Tokens whose gradient the clip takes away", "share", None, "reinforcement"),
    Measure("reference_kl", "KL to the initial student, k3 estimate", "nats/token", None, "reinforcement"),
    Measure("mixed_groups", "Groups with right and wrong answers", "share", None, "reinforcement"),
    Measure("resampled_groups", "Groups drawn beyond the batch", "groups", "lower", "reinforcement"),
    Measure("learning_rate", "Learning rate"),
    Measure("grad_norm", "Gradient norm, before clipping", log=True),
    Measure("skipped_updates", "Updates skipped so far: loss or gradient not finite", "updates", "lower", "health"),
    Measure("overlap_ratio", "Overlap of student's and teacher's top 16", "share", "higher", "health"),
    Measure("overlap_mass", "Student's mass on the overlap", "share", "higher", "health"),
    Measure("overlap_advantage", "Advantage on the overlap", "nats/token", None, "health"),
    Measure("entropy_student", "Entropy of the student", "nats/token", None, "health"),
    Measure("entropy_teacher", "Entropy of the teacher", "nats/token", None, "health"),
    Measure("entropy_gap", "Entropy gap, student - teacher", "nats/token", None, "health"),
    Measure("teacher_logprob", "Teacher's log-probability of the responses", "nats/token", "higher", "health"),
    Measure("response_length", "Response length, mean", "tokens", None, "health"),
    Measure("response_length_p95", "Response length, 95th percentile", "tokens", None, "health"),
    Measure("truncated_share", "Responses cut at the limit", "share", "lower", "health"),
    Measure("repetition_rate", "Repetitive responses", "share", "lower", "health"),
    Measure(
        "tokens",
        "Response tokens for training so far, those of discarded groups included; the search's are apart",
        "tokens",
        None,
        "cost",
    ),
    Measure("search_tokens", "Tokens spent on the search so far", "tokens", "lower", "cost"),
    Measure(
        "seconds", "Seconds so far: training, monitoring and search, without evaluation and pauses", "s", None, "cost"
    ),
    Measure("gpu_seconds", "GPU-seconds so far: seconds times the number of GPUs", "GPU s", None, "cost"),
    Measure("search_seconds", "Seconds spent on the search so far", "s", "lower", "cost"),
    Measure("checkpoint_seconds", "Seconds spent on writing checkpoints so far", "s", "lower", "cost"),
    Measure("step_seconds", "Seconds of the step", "s", "lower", "cost"),
    Measure("rollout_seconds", "Seconds of the rollout", "s", "lower", "cost"),
    Measure("monitor_seconds", "Seconds of weight monitoring", "s", "lower", "cost"),
    Measure("tokens_per_second", "Response tokens per second", "tokens/s", "higher", "cost"),
    Measure("memory_bytes", "Peak memory of the run's process", "bytes", "lower", "cost"),
    Measure("matrices_share", "Parameters that are in the modules watched", "share", None, "analysis"),
    Measure(
        "matrices_share_of_blocks", "Parameters in blocks that are in the modules watched", "share", None, "analysis"
    ),
    Measure("share_done", "Checkpoints measured", "share", None, "analysis"),
    Measure(
        "rounding_norm", "Norm that a change of the floating-point type alone gives ΔW", group="analysis", log=True
    ),
    Measure("beyond_rounding", "Weights that moved by more than a rounding", "share", None, "analysis"),
    Measure(
        "spectral_error_bound",
        "Largest error bound of a module's effective rank",
        "share",
        "lower",
        "analysis",
        log=True,
    ),
)

# Put together from the modules' when drawn; see panels.curves.
WHOLE_MODEL = _table(Measure("update_norm", "Update norm ‖ΔW‖F over all modules", group="norm"))

MODULE_NORMS = _table(
    Measure("update_norm", "Update norm ‖ΔW‖F", log=True, group="norm"),
    Measure("relative_update_norm", "Relative update norm ‖ΔW‖F / ‖W₀‖F", log=True, group="norm"),
    Measure("step_norm", "Step norm ‖Wt − Wt₋₁‖F", log=True, group="norm"),
    Measure("norm_share", "Share of the squared update norm", "share", log=True, group="norm"),
    Measure("grad_norm", "Gradient norm", log=True, group="norm"),
)

MODULE_SPECTRA = _table(
    Measure("spectral_norm", "Spectral norm σ₁ of ΔW", log=True, group="spectrum"),
    Measure("spectral_frobenius_ratio", "Spectral / Frobenius norm of ΔW", "share", group="spectrum"),
    Measure("stable_rank", "Stable rank of ΔW", group="spectrum"),
    Measure("effective_rank", "Effective rank of ΔW", group="spectrum"),
    Measure("effective_rank_error", "Effective rank, relative error at most", "share", "lower", "spectrum", log=True),
    Measure("top1pct_norm_ratio", "Norm in the top 1% of the rank", "share", group="spectrum"),
    Measure(
        "subspace_residual", "Leading subspace, residual ‖ΔW V − U S‖ / ‖S‖", "share", "lower", "spectrum", log=True
    ),
    Measure(
        "numerical_rank", "Numerical rank of ΔW, counted up to the directions kept", "directions", None, "spectrum"
    ),
    Measure("captured_norm_ratio", "Norm of ΔW in the directions kept", "share", None, "spectrum"),
    Measure("visible_sparsity", "Entries whose bf16 value did not change", "share", group="spectrum"),
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
    Measure("subspace_affinity", "Subspace affinity", "", "higher", "alignment"),
    Measure("paired_cosine", "Paired cosine", "", "higher", "alignment"),
    Measure("direction_cosine", "Direction cosine of ΔW (of its leading directions)", "", "higher", "alignment"),
)

# A vector over bins of the position in the response instead of over modules.
POSITION_STATISTIC = "reverse_kl_by_position"
POSITION_BINS = 32
