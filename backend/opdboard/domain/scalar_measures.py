"""The scalars that trainers of opdboard report, in the order of a run's page: groups, their pictures, what each draws."""

import re
from dataclasses import replace

from opdboard.domain.measure import ANY, Measure, card, group

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
"""Of scalars, with their titles, in the order of a run's page; a reported scalar may have one more, see measures.scalar."""

_KL = "KL(p‖q)"  # p: student, q: teacher
_AT_MOST_0 = (None, 0.0)

_EVALUATION = group(
    "evaluation",
    card(
        "Reverse KL to the teacher",
        Measure(
            "eval/reverse_kl",
            "Held-out reverse KL to the teacher",
            "nats/token",
            "lower",
            short="Held-out KL",
            symbol=_KL,
        ),
    ),
    card(
        "Reverse KL to the remote teacher, k3 estimate",
        Measure(
            "eval/reverse_kl_k3",
            "Held-out reverse KL to a remote teacher, k3 estimate",
            "nats/token",
            "lower",
            short="Held-out KL, k3",
            symbol=f"{_KL}, k₃",
        ),
    ),
    card(
        "Accuracy, student and teacher",
        Measure("eval/accuracy", "Held-out accuracy", "share", "higher", short="Accuracy"),
        Measure(
            "eval/teacher_accuracy", "Held-out accuracy of the teacher", "share", "higher", short="Teacher's accuracy"
        ),
    ),
    Measure(
        "eval/judged",
        "Held-out responses with a known answer, of which the accuracy is",
        "responses",
        short="Judged responses",
    ),
    card(
        "Gap to the teacher recovered",
        Measure(
            "eval/gap_recovery",
            "Held-out accuracy gap to the teacher recovered",
            "share",
            "higher",
            short="Gap recovered",
            within=ANY,
        ),
    ),
)

_TRAINING = group(
    "training",
    card(
        "Reverse KL, full vocabulary",
        Measure(
            "reverse_kl",
            "Reverse KL on the batch, full vocabulary",
            "nats/token",
            "lower",
            short="KL on the batch",
            symbol=_KL,
        ),
    ),
    card(
        "Reverse KL, k1 estimate (signed)",
        Measure(
            "reverse_kl_k1",
            "Reverse KL on the batch, k1 estimate (signed)",
            "nats/token",
            "lower",
            short="KL on the batch, k1",
            symbol="log p − log q",
            within=ANY,
        ),
    ),
    card(
        "Reverse KL, k3 estimate",
        Measure(
            "reverse_kl_k3",
            "Reverse KL on the batch, k3 estimate",
            "nats/token",
            "lower",
            short="KL on the batch, k3",
            symbol=f"{_KL}, k₃",
        ),
    ),
    Measure("loss", "Loss", "nats/token", "lower", within=ANY),
    card(
        "Accuracy",
        Measure("accuracy", "Accuracy of the batch's responses", "share", "higher", short="Accuracy on the batch"),
    ),
)

_REINFORCEMENT = group(
    "reinforcement",
    card(
        "Reward, mean and standard deviation",
        Measure("reward_mean", "Reward of the batch, mean", better="higher", short="Reward", within=ANY),
        Measure("reward_std", "Reward of the batch, standard deviation", short="Reward, std. dev."),
    ),
    Measure("mixed_groups", "Groups with right and wrong answers", "share", short="Mixed groups"),
    Measure("resampled_groups", "Groups drawn beyond the batch", "groups", "lower", short="Resampled groups"),
    card(
        "Size of the advantage",
        Measure("advantage_size", "Size of the advantage, mean |A|", short="Advantage, size", symbol="mean |A|"),
    ),
    card(
        "Tokens that the clip leaves out",
        Measure("clip_fraction", "Tokens whose gradient the clip takes away", "share", short="Clipped tokens"),
    ),
    card(
        "KL to the initial student",
        Measure("reference_kl", "KL to the initial student, k3 estimate", "nats/token", short="KL to the start"),
    ),
)

_HEALTH = group(
    "health",
    card(
        "Overlap of the top 16",
        Measure(
            "overlap_ratio",
            "Overlap of student's and teacher's top 16",
            "share",
            "higher",
            short="Overlap of the top 16",
        ),
        Measure("overlap_mass", "Student's mass on the overlap", "share", "higher", short="Mass on the overlap"),
    ),
    card(
        "Entropy",
        Measure("entropy_student", "Entropy of the student", "nats/token", symbol="H(p)"),
        Measure("entropy_teacher", "Entropy of the teacher", "nats/token", symbol="H(q)"),
        Measure(
            "entropy_gap",
            "Entropy gap, student - teacher",
            "nats/token",
            short="Entropy gap",
            symbol="H(p) − H(q)",
            within=ANY,
        ),
    ),
    Measure("overlap_advantage", "Advantage on the overlap", "nats/token", within=_AT_MOST_0),
    card(
        "Teacher's log-probability",
        Measure(
            "teacher_logprob",
            "Teacher's log-probability of the responses",
            "nats/token",
            "higher",
            short="Teacher's log-prob.",
            symbol="log q",
            within=_AT_MOST_0,
        ),
    ),
    card(
        "Response length",
        Measure("response_length", "Response length, mean", "tokens", short="Response length"),
        Measure("response_length_p95", "Response length, 95th percentile", "tokens", short="Length, 95th percentile"),
    ),
    card(
        "Cut and repetitive responses",
        Measure("truncated_share", "Responses cut at the limit", "share", "lower", short="Cut responses"),
        Measure("repetition_rate", "Repetitive responses", "share", "lower"),
    ),
    Measure(
        "skipped_updates",
        "Updates skipped so far: loss or gradient not finite",
        "updates",
        "lower",
        short="Skipped updates",
    ),
)

_COST = group(
    "cost",
    card(
        "Gradient norm before clipping",
        Measure("grad_norm", "Gradient norm, before clipping", log=True, short="Gradient norm", symbol="‖g‖"),
    ),
    Measure("learning_rate", "Learning rate", symbol="η"),
    card(
        "Seconds per step",
        Measure("step_seconds", "Seconds of the step", "s", "lower", short="Step"),
        Measure("rollout_seconds", "Seconds of the rollout", "s", "lower", short="Rollout"),
        Measure("monitor_seconds", "Seconds of weight monitoring", "s", "lower", short="Monitoring"),
    ),
    card(
        "Seconds so far, of which search",
        Measure(
            "seconds",
            "Seconds so far: training, monitoring and search, without evaluation and pauses",
            "s",
            short="Time",
        ),
        Measure("search_seconds", "Seconds spent on the search so far", "s", "lower", short="Time of the search"),
    ),
    Measure("tokens_per_second", "Response tokens per second", "tokens/s", "higher", short="Tokens per second"),
    card(
        "Peak memory",
        Measure("memory_bytes", "Peak memory of the run's process", "bytes", "lower", short="Peak memory"),
    ),
    card(
        "Tokens so far, for training and for the search",
        Measure(
            "tokens",
            "Response tokens for training so far, those of discarded groups included; the search's are apart",
            "tokens",
            short="Tokens",
        ),
        Measure("search_tokens", "Tokens spent on the search so far", "tokens", "lower", short="Tokens of the search"),
    ),
    card(
        "GPU-seconds so far",
        Measure("gpu_seconds", "GPU-seconds so far: seconds times the number of GPUs", "GPU s", short="GPU-seconds"),
    ),
    Measure(
        "checkpoint_seconds", "Seconds spent on writing checkpoints so far", "s", "lower", short="Time of checkpoints"
    ),
)

_ANALYSIS = group(
    "analysis",
    card(
        "Parameters in the modules watched: of all, of those in blocks",
        Measure("matrices_share", "Parameters that are in the modules watched", "share", short="Parameters watched"),
        Measure(
            "matrices_share_of_blocks",
            "Parameters in blocks that are in the modules watched",
            "share",
            short="Watched in blocks",
        ),
    ),
    Measure("share_done", "Checkpoints measured", "share"),
    Measure(
        "rounding_norm",
        "Norm that a change of the floating-point type alone gives ΔW",
        log=True,
        short="Norm of rounding",
    ),
    Measure("beyond_rounding", "Weights that moved by more than a rounding", "share", short="Beyond rounding"),
    Measure(
        "spectral_error_bound",
        "Largest error bound of a module's effective rank",
        "share",
        "lower",
        log=True,
        short="Effective rank, error",
        within=(0.0, None),
    ),
)

SCALARS = _EVALUATION | _TRAINING | _REINFORCEMENT | _HEALTH | _COST | _ANALYSIS

# Put together from the modules' when drawn; see panels.curves.
WHOLE_MODEL = group(
    "analysis", Measure("update_norm", "Update norm over all modules", short="Update norm", symbol="‖ΔW‖F")
)

OF_SETS = {
    "avg": Measure("avg", "Share of right answers", "share", "higher", short="avg@n", card="Right answers"),
    "pass": Measure(
        "pass", "Prompts with a right answer among so many", "share", "higher", short="pass@n", card="Right answers"
    ),
    "maj": Measure(
        "maj", "Prompts that most answers get right", "share", "higher", short="maj@n", card="Right answers"
    ),
    "truncated": Measure("truncated", "Answers cut at the limit", "share", "lower", short="Cut answers"),
    "length": Measure("length", "Length of an answer, mean", "tokens", short="Length of answers"),
}
"""What is measured on an evaluation set, in the order in which it is offered."""

_OF_SET = re.compile(r"eval/(forgetting/)?([a-z0-9_-]+)/((?:(avg|pass|maj)@\d+)|truncated|length)")


def set_key(name: str, measure: str, *, forgetting: bool) -> str:
    """The scalar of a measure ('avg@4', 'pass@2', 'maj@4', 'truncated', 'length') on an evaluation set."""
    return f"eval/{'forgetting/' * forgetting}{name}/{measure}"


def on_set(key: str) -> Measure | None:
    """What set_key names; None for any other key."""
    found = _OF_SET.fullmatch(key)
    if found is None:
        return None
    forgetting, name, measure, counted = found.groups()
    kind = OF_SETS[counted or measure]
    return replace(
        kind,
        name=key,
        title=f"{kind.title} on {name}{f', {measure}' if counted else ''}",
        card=f"{kind.card or kind.title}, {name}",
        short=f"{name} {measure}",
        group="forgetting" if forgetting else "sets",
    )
