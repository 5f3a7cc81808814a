"""Closed forms and limits of the divergences; their gradients in chunks are tested in test_losses.py."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from opdboard_worker.core import divergences
from opdboard_worker.core.divergences import Support, binned_log_ratio, extrapolated, support_mask
from opdboard_worker.core.objectives import advantage
from opdboard_worker.core.token_measures import expectation, reverse_kl

SUPPORTS: tuple[Support, ...] = ("student", "teacher", "union")


def pair(seed: int = 0, tokens: int = 5, vocabulary: int = 11, spread: float = 2.0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, tokens, vocabulary, generator=generator, dtype=torch.float64) * spread
    return tuple(logits.log_softmax(-1))  # pyright: ignore[reportReturnType]


def of(*probabilities: float) -> Tensor:
    return torch.tensor([probabilities], dtype=torch.float64).log()


def jensen_shannon(p: Tensor, q: Tensor, beta: float) -> Tensor:
    return divergences.jensen_shannon(p, q, beta)[0]


def top_k_reverse_kl(p: Tensor, q: Tensor, k: int, support: Support) -> Tensor:
    return expectation(p.exp(), binned_log_ratio(p, q, support_mask(p, q, k, support)))


def test_jensen_shannon_of_disjoint_distributions_is_the_entropy_of_beta():
    value = jensen_shannon(of(1.0, 0.0), of(0.0, 1.0), 0.3)
    assert value.item() == pytest.approx(-(0.3 * math.log(0.3) + 0.7 * math.log(0.7)))


def test_jensen_shannon_is_symmetric_at_one_half():
    p, q = pair()
    torch.testing.assert_close(jensen_shannon(p, q, 0.5), jensen_shannon(q, p, 0.5))


def test_jensen_shannon_at_its_ends_and_next_to_them():
    """The ends are the two KLs; next to them the value vanishes like beta and 1 - beta times these."""
    p, q = pair()
    torch.testing.assert_close(jensen_shannon(p, q, 0.0), reverse_kl(q, p))
    torch.testing.assert_close(jensen_shannon(p, q, 1.0), reverse_kl(p, q))
    small = 1e-7
    torch.testing.assert_close(jensen_shannon(p, q, small) / small, reverse_kl(q, p), rtol=1e-4, atol=0)
    torch.testing.assert_close(jensen_shannon(p, q, 1 - small) / small, reverse_kl(p, q), rtol=1e-4, atol=0)


def test_a_token_that_only_the_student_gives_costs_no_more_than_the_mixture_allows():
    """The reverse KL is infinite there, the Jensen-Shannon divergence and its gradient are not."""
    p, q = of(0.5, 0.5, 0.0), of(1.0, 0.0, 0.0)
    assert reverse_kl(p, q).item() == math.inf
    assert jensen_shannon(p, q, 0.5).item() == pytest.approx(
        0.5 * math.log(1 / 0.75) + 0.25 * math.log(0.5 / 0.75) + 0.25 * math.log(2)
    )
    assert divergences.jensen_shannon(p, q, 0.5)[1].isfinite().all()


def test_top_one_with_tail_by_hand():
    p, q = of(0.7, 0.2, 0.1), of(0.5, 0.1, 0.4)
    expected = 0.7 * math.log(0.7 / 0.5) + 0.3 * math.log(0.3 / 0.5)
    for support in SUPPORTS:
        assert top_k_reverse_kl(p, q, 1, support).item() == pytest.approx(expected)


def test_union_is_both_supports_once_each():
    p, q = of(0.4, 0.3, 0.2, 0.1), of(0.1, 0.4, 0.2, 0.3)
    assert support_mask(p, q, 2, "student").tolist() == [[True, True, False, False]]
    assert support_mask(p, q, 2, "teacher").tolist() == [[False, True, False, True]]
    assert support_mask(p, q, 2, "union").tolist() == [[True, True, False, True]]


@pytest.mark.parametrize("support", SUPPORTS)
@pytest.mark.parametrize("k", [11, 500])
def test_top_k_of_everything_is_the_full_vocabulary(support: Support, k: int):
    p, q = pair()
    torch.testing.assert_close(top_k_reverse_kl(p, q, k, support), reverse_kl(p, q))


@given(seed=st.integers(0, 10_000), k=st.integers(1, 10), support=st.sampled_from(SUPPORTS))
@settings(max_examples=40)
def test_bins_lose_some_of_the_divergence_and_never_gain(seed: int, k: int, support: Support):
    p, q = pair(seed)
    value, finer = (top_k_reverse_kl(p, q, size, support) for size in (k, k + 1))
    assert (value >= -1e-12).all()
    assert (value <= finer + 1e-12).all()
    assert (finer <= reverse_kl(p, q) + 1e-12).all()


def test_tail_of_a_confident_pair_is_not_lost_in_rounding():
    """In float32 one minus the top token's probability would be 0 for both."""
    logits = torch.tensor([[30.0, 0.0, 1.0]]), torch.tensor([[30.0, 1.0, 2.0]])
    p, q = (one.log_softmax(-1) for one in logits)
    mask = support_mask(p, q, 1, "student")
    assert binned_log_ratio(p, q, mask)[0, 1].item() == pytest.approx(-1.0, abs=1e-5)


def test_a_masked_tail_is_no_bin():
    p, q = (torch.cat([one, torch.full((5, 3), -math.inf, dtype=torch.float64)], 1) for one in pair())
    torch.testing.assert_close(top_k_reverse_kl(p, q, 11, "student"), reverse_kl(p, q))
    assert binned_log_ratio(p, q, support_mask(p, q, 11, "student")).isfinite().all()


def test_extrapolated_teacher_is_exopd_up_to_a_constant():
    """sum p (log p - log r - lambda (log q - log r)) - KL(p || q_lambda) is the same for every student p."""
    q, r = pair(1)
    differences = []
    for seed in (2, 3):
        p, _ = pair(seed)
        reward = (p.exp() * -advantage(p, q, r, 1.25)).sum(-1)
        differences.append(reward - reverse_kl(p, extrapolated(q, r, 1.25)))
    torch.testing.assert_close(differences[0], differences[1])


def test_reward_scale_one_is_plain_distillation_whatever_the_reference():
    p, q = pair(1)
    r, _ = pair(2)
    torch.testing.assert_close(extrapolated(q, r, 1.0), q)
    torch.testing.assert_close(advantage(p, q, r, 1.0), advantage(p, q))
    torch.testing.assert_close(advantage(p, q, r, 1 + 1e-9), advantage(p, q), rtol=0, atol=1e-7)


def test_extrapolation_by_hand():
    """lambda = 2 squares the teacher's odds against a uniform reference."""
    torch.testing.assert_close(extrapolated(of(0.8, 0.2), of(0.5, 0.5), 2.0).exp(), of(16 / 17, 1 / 17).exp())
    assert advantage(of(0.25)[0], of(0.5)[0], of(0.125)[0], 1.25).item() == pytest.approx(
        1.25 * math.log(4) - math.log(2)
    )
