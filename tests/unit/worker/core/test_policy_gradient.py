"""Policy gradients: closed forms by hand, chunked against the plain formula, gradients against autograd."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from opdboard_worker.core.policy_gradient import (
    PolicyMeasures,
    clipped_surrogate,
    group_advantages,
    mixed_groups,
    overlong_penalty,
    policy_gradient_loss,
    response_weights,
)
from opdboard_worker.core.token_loss import token_logp, token_loss
from opdboard_worker.core.token_measures import k3

N, H, V = 23, 6, 11


@pytest.fixture
def tokens():
    """hidden, head weight, tokens, weights, advantages, old and reference log-probabilities; some ratios outside the clip."""
    torch.manual_seed(3)
    hidden_NH = torch.randn(N, H, dtype=torch.float64, requires_grad=True)
    weight_VH = torch.randn(V, H, dtype=torch.float64, requires_grad=True)
    token_N = torch.randint(V, (N,))
    logp_N, _ = token_logp(hidden_NH, lambda h: h @ weight_VH.T, token_N)
    return {
        "hidden": hidden_NH,
        "head": weight_VH,
        "token": token_N,
        "weight": torch.rand(N, dtype=torch.float64),
        "advantage": torch.randn(N, dtype=torch.float64),
        "old": logp_N + 0.4 * torch.randn(N, dtype=torch.float64),
        "reference": logp_N + 0.5 * torch.randn(N, dtype=torch.float64),
    }


def chunked(tokens, chunk_tokens, kl_coefficient=0.1):
    return policy_gradient_loss(
        tokens["hidden"],
        lambda hidden: hidden @ tokens["head"].T,
        tokens["token"],
        tokens["weight"],
        advantage_N=tokens["advantage"],
        old_logp_N=tokens["old"],
        clip_low=0.2,
        clip_high=0.28,
        reference_logp_N=tokens["reference"],
        kl_coefficient=kl_coefficient,
        chunk_tokens=chunk_tokens,
    )


def plain(tokens, kl_coefficient=0.1):
    logp_N = (tokens["hidden"] @ tokens["head"].T).log_softmax(-1)[torch.arange(N), tokens["token"]]
    surrogate_N = clipped_surrogate(logp_N, tokens["old"], tokens["advantage"], 0.2, 0.28)
    return (tokens["weight"] * (surrogate_N + kl_coefficient * k3(logp_N, tokens["reference"]))).sum()


def gradients(loss, tokens):
    return torch.autograd.grad(loss, [tokens["hidden"], tokens["head"]])


@pytest.mark.parametrize("chunk_tokens", [1, 7, 1000])
def test_chunked_equals_the_plain_formula_in_value_and_gradient(tokens, chunk_tokens):
    loss, measures = chunked(tokens, chunk_tokens)
    expected = plain(tokens)
    assert 0 < float(measures.clipped.mean()) < 1, "the case must have tokens on both sides of the clip"
    torch.testing.assert_close(loss, expected)
    for ours, theirs in zip(gradients(loss, tokens), gradients(expected, tokens), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_clipped_tokens_have_no_gradient(tokens):
    loss, measures = chunked(tokens, 8, kl_coefficient=0.0)
    gradient_NH, _ = gradients(loss, tokens)
    assert torch.equal(gradient_NH.abs().sum(1) == 0, measures.clipped.bool())


def test_on_policy_it_is_the_plain_policy_gradient(tokens):
    """Ratio 1 and no KL: the gradient of -A log pi."""
    logp_N = (tokens["hidden"] @ tokens["head"].T).log_softmax(-1)[torch.arange(N), tokens["token"]]
    loss, measures = chunked(tokens | {"old": logp_N.detach()}, 5, kl_coefficient=0.0)
    expected = -(tokens["weight"] * tokens["advantage"] * logp_N).sum()
    assert float(measures.clipped.sum()) == 0
    for ours, theirs in zip(gradients(loss, tokens), gradients(expected, tokens), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_cross_entropy_is_that_of_torch(tokens):
    loss, logp_N, entropy_N = token_loss(
        tokens["hidden"], lambda h: h @ tokens["head"].T, tokens["token"], torch.full((N,), 1 / N),
        lambda logp, _: (-logp, -torch.ones_like(logp)), chunk_tokens=4,
    )  # fmt: skip
    logits_NV = tokens["hidden"] @ tokens["head"].T
    expected = torch.nn.functional.cross_entropy(logits_NV, tokens["token"])
    torch.testing.assert_close(loss, expected, check_dtype=False)
    for ours, theirs in zip(gradients(loss, tokens), gradients(expected, tokens), strict=True):
        torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(-logp_N.mean(), expected.detach())
    torch.testing.assert_close(entropy_N, torch.distributions.Categorical(logits=logits_NV.detach()).entropy())


def test_lengths_must_agree(tokens):
    with pytest.raises(ValueError, match="23 states, 22 tokens"):
        token_loss(tokens["hidden"], lambda h: h, tokens["token"][1:], tokens["weight"], lambda logp, _: (logp, logp))


def test_advantages_of_a_group_by_hand():
    """One right of four: mean 1/4, standard deviation sqrt(3)/4; equal rewards teach nothing."""
    advantage_QG = group_advantages(torch.tensor([[1.0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]))
    torch.testing.assert_close(advantage_QG[0], torch.tensor([3.0, -1, -1, -1]) / 3**0.5)
    assert torch.equal(advantage_QG[1:], torch.zeros(2, 4))


@settings(max_examples=50)
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=8), st.floats(0.1, 10), st.floats(-5, 5))
def test_advantages_ignore_scale_and_offset_of_the_reward(rewards, scale, offset):
    reward_QG = (torch.tensor([rewards], dtype=torch.float64) * 100).round() / 100
    ours, theirs = group_advantages(reward_QG), group_advantages(reward_QG * scale + offset)
    if bool((reward_QG == reward_QG[:, :1]).all()):
        assert torch.equal(ours, torch.zeros_like(ours))
        return
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(ours.mean(), torch.zeros((), dtype=torch.float64), atol=1e-9, rtol=0)
    torch.testing.assert_close(ours.square().mean(), torch.ones((), dtype=torch.float64))


def test_mixed_groups_have_both():
    correct_QG = torch.tensor([[True, False], [True, True], [False, False]])
    assert mixed_groups(correct_QG).tolist() == [True, False, False]


def test_overlong_penalty_by_hand():
    """Limit 10, buffer 4: free to 6, -1/4 a token beyond, -1 at the limit."""
    lengths = torch.tensor([1, 6, 7, 8, 9, 10])
    assert overlong_penalty(lengths, 10, 4).tolist() == [0.0, 0.0, -0.25, -0.5, -0.75, -1.0]
    assert overlong_penalty(lengths, 10, 0).tolist() == [0.0] * 6


def test_weights_sum_to_one_over_all_tokens():
    length_B = torch.tensor([1, 3, 6])
    for per_token, expected in ((False, [1 / 3, 1 / 9, 1 / 18]), (True, [0.1, 0.1, 0.1])):
        weight_B = response_weights(length_B, per_token=per_token)
        torch.testing.assert_close(weight_B, torch.tensor(expected))
        torch.testing.assert_close((weight_B * length_B).sum(), torch.tensor(1.0))
        parts = [response_weights(part, per_token=per_token, of_batch=(3, 10)) for part in (length_B[:1], length_B[1:])]
        torch.testing.assert_close(torch.cat(parts), weight_B)


def test_totals_of_parts_give_the_means_of_all():
    columns = torch.randn(4, 10)
    whole, parts = PolicyMeasures(*columns), [PolicyMeasures(*part) for part in columns.split([3, 0, 7], 1)]
    means = PolicyMeasures.means_of(sum((part.totals() for part in parts), torch.zeros(4, 2, dtype=torch.float64)))
    assert means == pytest.approx(PolicyMeasures.means_of(whole.totals()))
    assert means["entropy"] == pytest.approx(float(columns[1].double().mean()))
