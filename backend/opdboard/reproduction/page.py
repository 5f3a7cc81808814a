"""The report of a reproduction: the paper's claims beside what was measured, every picture, the spectral table."""

from collections.abc import Sequence

from opdboard.answers import RatioOut, SpeedupOut
from opdboard.domain.entries import entry_of_group
from opdboard.domain.measures import scalar
from opdboard.export.html import document, note, picture, section, spectral_table, table
from opdboard.reproduction.claims import AGREES, DIFFERS, ONE_SEED, OPEN, Claim, claims
from opdboard.reproduction.evidence import Evidence
from opdboard.reproduction.plan import ANALYSED, EFFOPD, OPD, RL, SLOW_OPD, STUDENTS, TEACHER, Scale

METRIC = "eval/reverse_kl"
_PAPER_COLUMNS = ("model", "spectral norm", "spectral / Frobenius", "effective rank", "norm in the top 1% of the rank")
_PAPER = (
    ("1.5B RL", 0.094, "33.2%", 964, "78.1%"),
    ("1.5B OPD", 0.113, "39.6%", 778, "92.3%"),
    ("4B RL", 0.007, "19.7%", 1908, "79.2%"),
    ("4B OPD", 0.009, "25.7%", 1587, "93.4%"),
    ("8B RL", 0.004, "32.7%", 2754, "88.5%"),
    ("8B OPD", 0.005, "36.8%", 2341, "94.7%"),
    ("14B RL", 0.056, "24.4%", 3174, "81.2%"),
    ("14B OPD", 0.063, "28.1%", 2937, "94.5%"),
)
_ANALYSES = (
    ("scale_final", {"measure": "accuracy"}),
    ("scale_final", {"measure": "reverse_kl"}),
    ("rescale_early", {"measure": "kl_recovery"}),
    ("rescale_early", {"measure": "reverse_kl"}),
    ("rank", {"measure": "kl_recovery"}),
    ("sliding_window", {"measure": "reverse_kl"}),
    ("reset_embeddings", {"measure": "reverse_kl"}),
    ("reset_embeddings", {"measure": "accuracy"}),
    ("embedding_shift", {}),
    ("rank_one_trajectory", {"projection": "pca"}),
    ("rank_one_trajectory", {"projection": "tsne"}),
)

_WHAT = {
    "accuracy": "accuracy",
    "reverse_kl": "KL to the teacher",
    "kl_recovery": "share of the gain in KL",
    "pca": "principal components",
    "tsne": "t-SNE",
}
_CURVES = (METRIC, "eval/accuracy")


def page(evidence: Evidence, scale: Scale) -> str:
    """One self-contained HTML page."""
    client = evidence.client
    speedup = client.speedup(_entries((SLOW_OPD, EFFOPD, OPD)), entry_of_group(SLOW_OPD), metric=METRIC)
    judged = claims(evidence, speedup)
    pair = _entries(ANALYSED)
    analysed = pair if len(scale.analysed_seeds) > 1 else _analysed(evidence)
    parts = [
        _introduction(judged, scale),
        section("What the paper says, and what was measured", _claims(judged)),
        section("The runs", _runs(evidence)),
        section(
            "Curves",
            "".join(
                f"<h3>{scalar(key).title}</h3>"
                + picture(client, "scalars", _entries(STUDENTS), {"keys": key}, titled=False)
                for key in _CURVES
            ),
        ),
        section("Speed-up of EffOPD", _speedup(speedup) + picture(client, "decisions", [evidence.runs[EFFOPD][0].id])),
        section(
            "Where the update goes",
            picture(client, "module_allocation", pair, {"statistic": "norm_share"})
            + picture(client, "difference", list(reversed(pair)), {"statistic": "norm_share"}),
        ),
        section("Geometry of the update", _geometry(evidence, pair)),
        section(
            "Direction",
            "".join(picture(client, name, pair) for name in ("alignment", "lock_in", "first_last_cosine")),
        ),
        section(
            "Changed weights",
            "".join(
                picture(
                    client, name, _drawn(analysed, params), params, what=_WHAT.get(next(iter(params.values()), ""), "")
                )
                for name, params in _ANALYSES
            ),
        ),
    ]
    return "".join(document("The paper's phenomena on the demo task", parts))


def _entries(roles: Sequence[str]) -> list[str]:
    return [entry_of_group(role) for role in roles]


def _analysed(evidence: Evidence) -> list[str]:
    """The runs that have analyses, where there is one of each kind: a run has an interval over its prompts."""
    return [run.id for role in ANALYSED for run in evidence.runs[role] if run.id in evidence.analyses]


def _drawn(analysed: Sequence[str], params: dict[str, str]) -> Sequence[str]:
    """GRPO does not follow the teacher: there is no gain in KL of which it could recover a share."""
    return analysed[:1] if params.get("measure") == "kl_recovery" else analysed


def _introduction(judged: Sequence[Claim], scale: Scale) -> str:
    counts = {
        verdict: [one for one in judged if one.verdict.removesuffix(ONE_SEED) == verdict]
        for verdict in (AGREES, DIFFERS, OPEN)
    }
    seeds = "one seed" if len(scale.seeds) == 1 else f"{len(scale.seeds)} seeds"
    sentences = [
        f"A Llama of 0.3M parameters learns sums of three digits; {seeds}. A GRPO run of {scale.teacher_steps} steps makes "
        f"the teacher, from which OPD learns in {scale.steps} steps; GRPO with the same {scale.steps} steps and responses is "
        "what OPD is compared with.",
        f"Of {len(judged)} claims {len(counts[AGREES])} agree with the paper and {len(counts[DIFFERS])} do not"
        + (f"; {len(counts[OPEN])} cannot be decided by {seeds}." if counts[OPEN] else "."),
    ]
    if counts[DIFFERS]:
        named = ", ".join(one.topic for one in counts[DIFFERS])
        sentences.append(f"Not shown by this model, 20,000 times smaller than a 7B one, on this task: {named}.")
    if len(scale.seeds) == 1:
        sentences.append("One seed settles none of this: without --quick there are three, and intervals over them.")
    return "".join(f"<p>{sentence}</p>" for sentence in sentences) + note(
        "Verdicts follow from the rule beside each claim: the mean over seeds against the rule's bound; undecided where its "
        "95% interval holds the bound. Interventions are judged by the KL to the teacher, where not said otherwise, since it is far "
        "less noisy than the accuracy of a few hundred answers."
    )


def _claims(judged: Sequence[Claim]) -> str:
    rows = [(one.topic, one.paper, one.measured, one.verdict, one.rule) for one in judged]
    return table(("claim", "the paper", "measured", "verdict", "agrees when"), rows)


def _runs(evidence: Evidence) -> str:
    rows = [
        (
            run.name, run.id, run.learning_rate, f"{run.step} of {run.total_steps}",
            run.latest.get(METRIC), run.latest.get("eval/accuracy"), run.latest.get("seconds"),
        )
        for role in (TEACHER, *STUDENTS)
        for run in evidence.runs[role]
    ]  # fmt: skip
    columns = ("run", "id", "learning rate", "step", "held-out KL to the teacher", "held-out accuracy", "seconds")
    return table(columns, rows)


def _speedup(speedup: SpeedupOut) -> str:
    costs = ("steps", "tokens", "search_tokens", "seconds", "search_seconds")
    names = {entry_of_group(role): role for role in (SLOW_OPD, EFFOPD, OPD)}
    rows = [
        (
            names[row.key],
            f"{row.reached} of {row.members}",
            *(getattr(row.costs, cost) for cost in costs),
            *(_ratio(getattr(row.ratios, cost)) for cost in ("steps", "tokens", "seconds")),
        )
        for row in speedup.rows
    ]
    told = note(
        f"Cost until {speedup.metric} reached the final value of '{SLOW_OPD}' and held it, medians over seeds, search included. "
        f"'{OPD}' is the check that every speed-up needs: plain OPD at ten times the rate."
    )
    return told + table(("runs", "reached", *costs, "speed-up in steps", "in tokens", "in seconds"), rows)


def _ratio(ratio: RatioOut | None) -> str | None:
    if ratio is None:
        return None
    interval = f" ({ratio.low:.2g} to {ratio.high:.2g})" if ratio.low is not None else ""
    return f"{ratio.value:.2g}x{interval}"


def _geometry(evidence: Evidence, pair: Sequence[str]) -> str:
    drawn = picture(evidence.client, "spectrum", pair, {"grouping": "all"}) + spectral_table(evidence.client, pair)
    told = note(
        f"'{OPD}' and '{RL}' above; the paper's values below: other models, other scales, one seed, no interval. "
        "Their two shares of the norm are sums of top norms over sums of norms, as the paper's code averages: the columns '(of sums)' above; "
        "the curves are means of ratios."
    )
    return drawn + told + table(_PAPER_COLUMNS, _PAPER)
