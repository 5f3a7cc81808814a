"""avg@n, pass@k and maj@n against sums by hand, all subsets, and scipy."""

from itertools import combinations

import pytest
import torch
from scipy.stats import hypergeom

from opdboard_worker.core.attempts import avg_at_n, majority, pass_at_k


def right(*counts: int) -> torch.Tensor:
    return torch.tensor(counts)


def test_avg_at_n_is_the_share_of_right_answers():
    assert avg_at_n(right(0, 1, 3, 4), 4).tolist() == [0.0, 0.25, 0.75, 1.0]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7])
def test_pass_at_k_is_the_share_of_all_subsets_that_hold_a_right_answer(n):
    for c in range(n + 1):
        answers = [place < c for place in range(n)]
        for k in range(1, n + 1):
            subsets = [any(one) for one in combinations(answers, k)]
            assert float(pass_at_k(right(c), n, k)) == pytest.approx(sum(subsets) / len(subsets), abs=1e-15)


def test_pass_at_k_is_a_hypergeometric_chance_for_many_answers():
    for n, c, k in [(64, 3, 16), (1024, 1, 512), (1024, 5, 1000), (1024, 1000, 2)]:
        assert float(pass_at_k(right(c), n, k)) == pytest.approx(hypergeom(n, c, k).sf(0), rel=1e-9)


def test_one_answer_all_right_and_none_right():
    assert pass_at_k(right(0, 1), 1, 1).tolist() == [0.0, 1.0]
    for k in (1, 2, 8):
        assert pass_at_k(right(0, 8), 8, k).tolist() == [0.0, 1.0]
    assert pass_at_k(right(1, 3), 4, 1).tolist() == avg_at_n(right(1, 3), 4).tolist()
    assert pass_at_k(right(), 4, 2).tolist() == []


def test_the_estimator_is_unbiased():
    """Averaged over the number of right answers of n draws at p it is 1 - (1 - p)^k."""
    n, p = 6, 0.3
    chances = torch.distributions.Binomial(n, torch.tensor(p, dtype=torch.float64)).log_prob(
        torch.arange(n + 1).double()
    )
    for k in range(1, n + 1):
        mean = (chances.exp() * pass_at_k(torch.arange(n + 1), n, k)).sum()
        assert float(mean) == pytest.approx(1 - (1 - p) ** k)


@pytest.mark.parametrize("k", [0, 5])
def test_more_draws_than_answers_are_refused(k):
    with pytest.raises(ValueError, match=f"pass@{k} cannot be told from 4 answers per prompt: k must be 1 to 4"):
        pass_at_k(right(1), 4, k)


def test_counts_beyond_the_answers_are_refused():
    with pytest.raises(ValueError, match=r"\[5\] are no numbers of right answers out of 4"):
        avg_at_n(right(5), 4)


@pytest.mark.parametrize(
    ("votes", "verdict"),
    [
        (["18"], 1.0),
        (["17"], 0.0),
        (["18", "17", "18", "16"], 1.0),
        (["18", "17", "17", None, None, None], 0.0),
        (["18", "17"], 0.5),
        (["18", "18", "17", "17", "16", "16", "15"], 1 / 3),
        (["18", None, None], 1.0),
        (["17", "17", "16", "16"], 0.0),
        ([None, None], 0.0),
        ([], 0.0),
    ],
)
def test_the_majority_of_those_who_vote_decides_and_ties_are_shared(votes, verdict):
    assert majority(votes, "18") == pytest.approx(verdict)
