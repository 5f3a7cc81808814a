"""Claims against numbers: the verdict follows from the rule, and only from it."""

import math

import pytest
from support.stored_runs import record, start

from opdboard.answers import AnalysisDetail, RatioOut, RunDetail, SpeedupOut, SpeedupRowOut, VariantOut
from opdboard.api.analyses.schemas import EstimateOut, ScoreOut
from opdboard.api.compare.schemas import RatiosOut
from opdboard.client import Client
from opdboard.db.database import Database
from opdboard.domain.entries import entry_of_group
from opdboard.domain.records import ModuleVector
from opdboard.reproduction import claims
from opdboard.reproduction.claims import AGREES, DIFFERS, ONE_SEED, OPEN, Claim
from opdboard.reproduction.evidence import Evidence, gain, gain_at_norm, variant
from opdboard.reproduction.plan import EFFOPD, FULL, OPD, QUICK, RL, STUDENTS, analyses, student, teacher


def claim(*values: float, threshold: float = 0.7) -> Claim:
    return Claim("topic", "paper", "rule", values, threshold)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((0.9,), AGREES + ONE_SEED),
        ((0.5,), DIFFERS + ONE_SEED),
        ((0.9, 0.91, 0.89), AGREES),
        ((0.5, 0.51, 0.49), DIFFERS),
        ((0.9, 0.5, 0.8), OPEN),
        ((math.nan, 0.9), AGREES + ONE_SEED),
        ((math.nan,), OPEN),
        ((), OPEN),
    ],
)
def test_the_verdict_is_the_means_side_of_the_bound_unless_its_interval_holds_it(values, verdict):
    assert claim(*values).verdict == verdict


def test_numbers_are_told_with_their_interval_and_how_many_they_are():
    assert claim(1.0, 2.0).measured == "1.5 ± 6.4 (n = 2)"
    assert claim(1.0).measured == "1 (n = 1)"
    assert claim(math.nan).measured == "not measured"


def estimate(value: float | None) -> EstimateOut:
    return EstimateOut(value=value, low=None, high=None)


def scored(
    family: str,
    x: float | None,
    kl: float,
    accuracy: float,
    norm: float = 0.0,
    *,
    recovery: tuple[float, float] | None = None,
) -> VariantOut:
    """recovery: of the KL and of the accuracy."""
    none = estimate(None)
    scores = [
        ScoreOut(
            measure=name,
            score=estimate(value),
            over_base=none,
            over_final=none,
            recovery=estimate(found),
            per_prompt=[],
        )
        for name, value, found in zip(("reverse_kl", "accuracy"), (kl, accuracy), recovery or (None, None), strict=True)
    ]
    return VariantOut(index=0, family=family, x=x, label=family, norm=norm, scores=scores, details={})


def analysis(*variants: VariantOut, final: VariantOut | None = None) -> AnalysisDetail:
    ends = [scored("base", 0.0, 1.0, 0.1), final or scored("final", 1.0, 0.2, 0.5, 2.0)]
    return AnalysisDetail.model_construct(variants=[*ends, *variants])


def evidence(kind: str, opd: AnalysisDetail, rl: AnalysisDetail | None = None) -> Evidence:
    runs = {role: [RunDetail.model_construct(id=name)] for role, name in ((OPD, "o"), (RL, "r"))}
    found = {"o": {kind: opd}, "r": {kind: rl} if rl else {}}
    return Evidence(Client(), runs, found)


def test_a_gain_is_better_whichever_way_the_measure_goes():
    found = analysis(scored("scaled", 0.5, 0.6, 0.3, 1.0))
    assert gain(found, variant(found, "final")) == pytest.approx(0.8)
    assert gain(found, variant(found, "final"), "accuracy") == pytest.approx(0.4)
    assert math.isnan(gain(found, variant(found, "nothing")))
    assert gain_at_norm(found, 1.5, "accuracy") == pytest.approx(0.3)


def test_at_equal_norm_the_shorter_update_sets_the_norm():
    short = analysis(final=scored("final", 1.0, 0.2, 0.3, 1.0))
    found = claims._equal_norm(evidence("scale_final", analysis(), short))
    assert found.values == [pytest.approx(0.2 - 0.2)]
    assert found.measured == "gain of RL 0.2 (n = 1), of OPD 0.2 (n = 1)"


def test_the_early_update_is_judged_by_its_recovery():
    early = scored("beta", 1.0, 0.4, 0.4, recovery=(0.75, 0.9))
    found = claims._early(evidence("rescale_early", analysis(early)))
    assert (found.values, found.verdict) == ([0.75], AGREES + ONE_SEED)
    assert found.measured == "0.75 (n = 1); by accuracy 0.9 (n = 1)"


def test_the_rank_is_judged_against_the_matrices_alone():
    found = claims._rank(
        evidence(
            "rank",
            analysis(scored("top", 10.0, 0.5, 0.4), scored("top", 100.0, 0.5, 0.4), scored("bottom", 10.0, 1, 0.1)),
        )
    )
    assert (found.values, found.verdict) == ([1.0], AGREES + ONE_SEED)


def test_shares_of_the_norm_are_judged_as_the_papers_table_averages_them_and_told_both_ways(
    server: Client, sqlite_database: Database
):
    """Matrices of norms 1 and 10: OPD has the larger ratios of sums, RL the larger mean of ratios."""
    runs: dict[str, list[RunDetail]] = {}
    for role, share in ((OPD, [0.2, 0.5]), (RL, [0.9, 0.3])):
        run_id, attempt = start(sqlite_database)
        values = {
            "spectral_norm": [share[0] * 1.0, share[1] * 10.0],
            "spectral_frobenius_ratio": share,
            "effective_rank": [8.0, 16.0],
            "top1pct_norm_ratio": [one + 0.05 for one in share],
        }
        vectors = [ModuleVector(name, 8, each * 6) for name, each in values.items()]  # of twelve modules
        record(sqlite_database, run_id, attempt, 8, vectors=vectors)
        runs[role] = [server.run(run_id)]
    norm, ratio, _, top = claims._geometry(Evidence(server, runs, {}))
    of_sums = {OPD: (0.2 + 5.0) / 11, RL: (0.9 + 3.0) / 11}
    assert list(ratio.values) == [pytest.approx(of_sums[OPD] - of_sums[RL])]
    assert list(top.values) == [pytest.approx(of_sums[OPD] - of_sums[RL])]
    assert ratio.measured == (
        "of sums, as in the paper's table: RL 0.355 (n = 1), OPD 0.473 (n = 1); "
        "means of ratios: RL 0.6 (n = 1), OPD 0.35 (n = 1)"
    )
    assert "sum of the top norms over the sum of the norms" in ratio.rule and "of sums" not in norm.measured
    assert list(norm.values) == [pytest.approx((0.2 + 5.0) / 2 - (0.9 + 3.0) / 2)]
    assert "one direction at this rank" not in top.measured


@pytest.mark.parametrize(
    ("family", "centre", "verdict"), [("mlp", 3, AGREES), ("mlp", 5, DIFFERS), ("attention", 3, DIFFERS)]
)
def test_the_best_window_must_be_mlps_of_the_middle(family: str, centre: int, verdict: str):
    windows = [scored(each, float(layer), 0.9, 0.1) for each in ("mlp", "attention") for layer in range(6)]
    best = scored(family, float(centre), 0.3, 0.4)
    found = claims._windows(evidence("sliding_window", analysis(*windows, best)))
    assert found.verdict == verdict + ONE_SEED
    assert found.measured == f"best windows: {family}, l = {centre} of 6"


def test_putting_embeddings_back_may_cost_a_tenth_of_the_gain():
    for kl, verdict in ((0.25, AGREES), (0.4, DIFFERS)):
        both = scored("reset", 2.0, kl, 0.4)
        assert claims._embeddings(evidence("reset_embeddings", analysis(both))).verdict == verdict + ONE_SEED


def test_a_target_that_was_not_reached_is_said():
    def judged(steps: float | None, seconds: float | None) -> Claim:
        ratios = {
            name: None
            if value is None
            else RatioOut(value=value, low=None, high=None, paired=False, at_least=None, at_most=None)
            for name, value in (("steps", steps), ("seconds", seconds), ("tokens", None), ("gpu_seconds", None))
        }
        row = SpeedupRowOut.model_construct(key=entry_of_group(EFFOPD), ratios=RatiosOut(**ratios), members=3)
        return claims._speedup(SpeedupOut.model_construct(rows=[row]))

    reached, missed = judged(2.6, 2.1), judged(None, None)
    assert (reached.verdict, reached.measured[:13]) == (AGREES, "2.6x in steps")
    assert (missed.verdict, missed.measured[:22]) == (OPEN, "EffOPD did not reach t")


def test_every_run_of_the_plan_can_be_launched_and_keeps_an_early_checkpoint():
    for scale in (FULL, QUICK):
        first = teacher(scale, 0)
        assert type(first).model_validate(first.model_dump()) == first
        for role in STUDENTS:
            config = student(scale, role, 0, "abc")
            assert type(config).model_validate(config.model_dump()) == config
            assert abs(config.budget.checkpoint_every / config.budget.steps - 0.1) < 0.03
            assert config.budget.steps / config.budget.checkpoint_every < config.budget.keep_checkpoints
        assert len({kind for kind, _ in analyses(scale, OPD)}) == 8
        assert {"scale_final", "embedding_shift"} <= {kind for kind, _ in analyses(scale, RL)}
